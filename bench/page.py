"""The page of a large run in Chromium: how soon it answers, and what holds it up while one scrolls and filters.

Interactive is the moment, since the navigation began, at which the page has drawn and a click on a task has opened its
panel's first frame. A long task is what the browser itself reports as one: the page could not answer for so long.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from typing import Any

import sides

sys.path.insert(0, os.path.join(sides.ROOT, "tests"))

import reported
from browser import Browser
from parallel_dispatch.page import render_page

WANTED_INTERACTIVE, WANTED_LONGEST = 1500, 100
WHEELED = 10_000
"""So many pixels of the timeline are scrolled past, and all of the page."""
WATCH = """(() => {
  window.long = [];
  new PerformanceObserver((list) => window.long.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask", buffered: true });
})()"""
INTERACTIVE = """(async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await frame();
  const drawn = performance.now();
  document.querySelector(".tasks tbody button").click();
  await frame();
  return [drawn, performance.now(), document.querySelectorAll("*").length];
})()"""
FILTER = """(async () => {
  const input = document.getElementById("task-text"), before = performance.now();
  input.value = "file-4"; input.dispatchEvent(new Event("input"));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - before;
})()"""
SORT = """(async () => {
  const before = performance.now();
  document.querySelector("th[data-sort=seconds] button").click();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - before;
})()"""


def measured(browser: Any, path: str) -> dict[str, float]:
    """One visit: milliseconds, and how many elements there are."""
    browser.open(path, width=1440)
    browser.js(WATCH)
    drawn, interactive, elements = browser.js(INTERACTIVE)
    loading = max(browser.js("new Promise((done) => setTimeout(() => done(long.splice(0)), 100))"), default=0)
    browser.press("Escape")
    browser.js("long.splice(0)")
    browser.do("wheel", at="#tasks tbody", by=400, times=45)
    browser.do("wheel", at="", by=-400, times=20)
    browser.do("wheel", at="", by=200, times=60)
    far = browser.js("[byId('tasks').scrollTop, scrollY, document.documentElement.scrollHeight - innerHeight]")
    if far[0] < WHEELED or far[1] < far[2] - 10:
        sys.exit(f"the page did not scroll: {far}")
    scrolling = max(browser.js("new Promise((done) => setTimeout(() => done(long.splice(0)), 100))"), default=0)
    browser.js("scrollTo({ top: 0, behavior: 'instant' })")
    return {
        "drawn": drawn,
        "interactive": interactive,
        "elements": elements,
        "longest loading": loading,
        "longest scrolling": scrolling,
        "filter": browser.js(FILTER),
        "sort": browser.js(SORT),
    }


def main() -> int:
    """Print the table; 1 where the page is slower than it may be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    values = reported.crowd(options.tasks)
    html = render_page(values, reported.texts_of_crowd(values))
    browser = Browser()
    with tempfile.TemporaryDirectory(prefix="pd-bench-") as folder:
        path = os.path.join(folder, "report.html")
        with open(path, "w", encoding="utf-8") as file:
            file.write(html)
        visits = [measured(browser, path) for _ in range(options.times)]
    browser.end()
    print(f"{options.tasks} tasks, {options.tasks} findings, {len(html.encode()):,} bytes, {options.times} visits\n")
    print("| | median | worst |\n|---|---:|---:|")
    for name in visits[0]:
        every = [visit[name] for visit in visits]
        unit = "" if name == "elements" else " ms"
        print(f"| {name} | {statistics.median(every):,.0f}{unit} | {max(every):,.0f}{unit} |")
    worst = max(visit["interactive"] for visit in visits), max(visit["longest scrolling"] for visit in visits)
    return int(worst[0] > WANTED_INTERACTIVE or worst[1] > WANTED_LONGEST)


if __name__ == "__main__":
    sys.exit(main())
