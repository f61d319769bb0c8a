"""The page in a real Chromium: no error, no request, every control by keyboard, both themes, hostile text as text."""

import re

import pytest
import reported
from browser import Browser
from builders import write
from parallel_dispatch.page import render_page
from parallel_dispatch.page_texts import Excerpt
from test_page import HOSTILE, of_tasks


@pytest.fixture(scope="module")
def browser():
    one = Browser()
    yield one
    one.end()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages under test, by name."""
    folder = tmp_path_factory.mktemp("seiten – 日本")
    crowd = reported.crowd()
    shared = reported.review() | {"aggregate": None}
    shared["run"] |= {"name": "", "shared": True}
    texts = reported.texts_of_review()
    long = Excerpt("x" * 1_000_000, 1_000_000)
    texts["style"] = {"output": long, "answer": long}
    made = {
        "review": render_page(reported.review(), texts),
        "crowd": render_page(crowd, reported.texts_of_crowd(crowd)),
        "dozens": render_page(reported.crowd(90), {}),
        "shared": render_page(shared, {}),
        "empty": render_page(shared | {"tasks": [], "waves": [], "problems": []}, {}),
    }
    made |= {f"hostile-{at}": render_page(*of_tasks(text)) for at, text in enumerate(HOSTILE)}
    for name, html in made.items():
        write(str(folder / f"{name}.html"), html)
    return {name: str(folder / f"{name}.html") for name in made}


@pytest.fixture
def page(browser, pages):
    """The review, open."""
    browser.open(pages["review"])
    yield browser
    assert browser.do("seen")["errors"] == []


@pytest.mark.parametrize("name", ["review", "crowd", "shared", "empty", *(f"hostile-{n}" for n in range(len(HOSTILE)))])
def test_a_page_loads_without_an_error_and_asks_for_nothing(browser, pages, name):
    browser.open(pages[name])
    tasks = browser.count("tbody .id")
    if tasks:
        browser.js("open(0, idOf(rowsOf[0]))")
        browser.js("dispatchEvent(new Event('beforeprint'))")
    seen = browser.do("seen")
    assert seen["errors"] == []
    assert len(seen["requests"]) == 1  # the file itself
    assert tasks == {"crowd": 500, "empty": 0}.get(name, 10)


def test_a_script_that_got_in_could_not_reach_anything(browser, pages):
    browser.open(pages["review"])
    blocked = browser.js("""(async () => {
      const blocked = [];
      document.addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
      await fetch("http://127.0.0.1:9/").catch(() => {});
      document.body.append(Object.assign(document.createElement("img"), { src: "http://127.0.0.1:9/x.png" }));
      document.body.append(Object.assign(document.createElement("script"), { textContent: "window.got = 1" }));
      await new Promise((done) => setTimeout(done, 200));
      return [...new Set(blocked), window.got ?? "nothing"];
    })()""")
    assert sorted(blocked) == ["connect-src", "img-src", "nothing", "script-src-elem"]


@pytest.mark.parametrize("at", range(len(HOSTILE)))
def test_hostile_text_is_text_in_the_panel_too(browser, pages, at):
    browser.open(pages[f"hostile-{at}"])
    before = browser.js("document.querySelectorAll('*').length")
    browser.js("open(2, idOf(rowsOf[2]))")
    assert browser.js("document.querySelectorAll('#panel img, #panel script, #panel a, #panel style').length") == 0
    assert browser.js("document.querySelectorAll('#panel pre').length") == 1
    assert browser.text("#panel pre").strip() == browser.js("texts()[2].output.text.trim()")
    browser.js("close()")
    assert browser.js("document.querySelectorAll('main *, head *').length") < before
    assert browser.js("window.alerted ?? 0") == 0
    assert browser.do("seen")["errors"] == []


# --- tables ----------------------------------------------------------------------------------------------------------


def test_the_timeline_is_filtered_by_words_outcome_and_critical_path(page):
    assert page.text("#task-count") == "10 tasks"
    page.do("type", at="#task-text", text="reviewer per")
    assert (page.count("tbody .id"), page.text("#task-count")) == (2, "2 of 10 tasks")  # one was skipped for it
    page.do("type", at="#task-text", text="")
    page.do("choose", at="#task-outcome", value="failed")
    assert page.js("rowsOf.filter(row => !row.hidden).map(row => idOf(row).textContent)") == ["performance"]
    page.do("choose", at="#task-outcome", value="")
    page.do("click", at="#task-critical")
    assert page.js("rowsOf.filter(row => !row.hidden).map(row => idOf(row).textContent)") == [
        *("map-the-code", "security", "merge")
    ]


def test_the_timeline_is_sorted_by_its_heads(page):
    order = "[...table.tBodies[0].rows].map(row => idOf(row).textContent)"
    page.do("click", at="th[data-sort=seconds] button")
    assert page.js(order)[:2] == ["performance", "security"]
    assert page.js("document.querySelector('th[data-sort=seconds]').getAttribute('aria-sort')") == "descending"
    page.do("click", at="th[data-sort=seconds] button")
    assert page.js(order)[-2:] == ["security", "performance"]
    page.do("click", at="th[data-sort=id] button")
    assert page.js(order) == sorted(page.js(order))
    page.do("click", at="th[data-sort=plan] button")
    assert page.js(order)[0] == "map-the-code"


def test_findings_are_filtered_and_sorted(page):
    page.do("type", at="#finding-text", text="src/cart")
    assert page.text("#finding-count") == "2 of 9 findings"
    page.do("type", at="#finding-text", text="")
    page.do("choose", at="#finding-severity", value="high")
    assert page.text("#finding-count") == "3 of 9 findings"
    page.do("click", at="#finding-agreed")
    assert page.js("[...found.tBodies[0].rows].filter(r => !r.hidden).map(r => r.cells[0].textContent)") == ["F2"]
    page.do("click", at="#finding-agreed")
    page.do("choose", at="#finding-severity", value="")
    page.do("click", at=".found th[data-sort=severity] button")
    assert page.js("found.tBodies[0].rows[0].dataset.severity") == "critical"
    assert page.js("found.tBodies[0].rows[8].dataset.severity") == "info"


def test_the_time_scale_is_zoomed_by_buttons_keys_and_the_mouse(page):
    zoom = "table.style.getPropertyValue('--zoom')"
    page.do("click", at="[data-zoom=in]")
    assert page.js(zoom) == "2"
    assert page.js("document.querySelector('td.track svg').clientWidth") > page.js("head.clientWidth * 1.9")
    page.do("click", at="[data-zoom=all]")
    assert page.js(zoom) == "1"
    page.do("drag", at="th.track", **{"from": 0.25, "to": 0.5})
    assert page.js("Math.max(Math.abs(view.from - 0.25), Math.abs(view.share - 0.25))") < 0.02
    page.js("idOf(rowsOf[0]).focus()")
    page.press("0", "+", "+", "ArrowRight")
    assert page.js("view.share") == 0.25
    assert page.js("view.from") > 0
    assert "0:1" in page.text(".axis .ticks")


# --- keyboard --------------------------------------------------------------------------------------------------------


def test_the_panel_opens_by_enter_follows_the_arrows_and_gives_the_focus_back(page):
    page.js("idOf(rowsOf[0]).focus({focusVisible: true})")
    page.press("ArrowDown", "ArrowDown", "Enter")
    assert page.focused == "panel-title"
    panel = page.text("#panel")
    for said in ("performance", "Failed after 68.9 s", "sent back 2 times", "I ran the profiler", "Contract", "Brief"):
        assert said in panel
    assert "Needed byfollow-up merge" in panel
    page.press("Tab", "Tab", "Enter")
    assert page.text("#panel-title") == "style"
    assert page.focused == "Next task"
    page.press("Shift+Tab", "Enter")
    assert page.text("#panel-title") == "performance"
    page.press("Escape")
    assert page.count("#panel") == 0
    assert page.focused == "performance"
    page.press("End")
    assert page.focused == "merge"
    page.press("Home")
    assert page.focused == "map-the-code"


def test_the_graph_is_walked_by_arrows_and_opens_the_panel(page):
    page.js("nodes[0].focus()")
    page.press("ArrowRight", "ArrowDown")
    at = page.js("document.activeElement.dataset.node")
    assert page.js(f"facts()[{at}].wave") == 2
    page.press("ArrowLeft")
    assert page.focused == "0"
    assert page.count(".node.related") == 10
    page.press("ArrowRight", "Enter")
    assert page.focused == "panel-title"
    page.press("Escape")
    assert page.js("document.activeElement.dataset.node") == page.js("String(nodes.indexOf(document.activeElement))")


def test_every_control_is_reached_by_tab_and_shows_that_it_has_the_focus(page):
    """One stop each for the rows of the timeline and the tasks of the graph, which arrows walk."""
    wanted = page.js("""(() => {
      const all = [...document.querySelectorAll("a, button, input, select, summary, [tabindex='0']")];
      return all.filter((e) => e.tabIndex >= 0 && e.getClientRects().length).length;
    })()""")
    seen, unseen = set(), []
    for _ in range(wanted + 5):
        page.press("Tab")
        stop = page.js("""((e) => {
          if (e === document.body) return null;
          e.dataset.stop ??= String(++window.stops || (window.stops = 1));
          const style = getComputedStyle(e), box = e.closest(".node")?.querySelector("rect");
          const framed = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
          const drawn = box && parseFloat(getComputedStyle(box).strokeWidth) >= 3;
          return [e.dataset.stop, Boolean(framed || drawn), e.outerHTML.slice(0, 80)];
        })(document.activeElement)""")
        if stop is None or stop[0] in seen:
            break
        seen.add(stop[0])
        unseen += [] if stop[1] else [stop[2]]
    assert unseen == []
    assert len(seen) == wanted > 40
    assert page.count(".id[tabindex='0'], .node[tabindex='0']") == 2


def test_a_filter_that_hides_the_row_of_the_tab_key_moves_it(page):
    page.do("type", at="#task-text", text="merge")
    assert page.js("document.querySelector('.id[tabindex=\"0\"]').textContent") == "merge"


# --- looks -----------------------------------------------------------------------------------------------------------


def brightness(browser):
    colour = browser.js("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3


def test_the_theme_follows_the_system_until_it_is_chosen(browser, pages):
    browser.open(pages["review"], scheme="dark")
    assert brightness(browser) < 60
    browser.do("click", at="#theme")
    assert (browser.text("#theme"), brightness(browser)) == ("Theme: light", 255)
    browser.do("click", at="#theme")
    assert browser.text("#theme") == "Theme: dark"
    assert brightness(browser) < 60
    browser.open(pages["review"], scheme="light")
    assert brightness(browser) == 255


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("name", ["review", "crowd", "hostile-11"])
def test_no_width_makes_the_page_scroll_sideways(browser, pages, name, width):
    browser.open(pages[name], width=width)
    assert browser.js("document.documentElement.scrollWidth") <= width
    if width < 500:
        browser.js("open(0, idOf(rowsOf[0]))")
        assert browser.js("panel.scrollWidth") <= width


def test_nothing_moves_where_motion_is_unwanted(browser, pages):
    browser.open(pages["review"], motion="reduce")
    browser.js("open(0, idOf(rowsOf[0]))")
    assert browser.js("document.getAnimations().length") == 0
    assert browser.js("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_without_scripts_the_tables_are_there_and_no_control_that_does_nothing(browser, pages):
    browser.open(pages["review"], script=False)
    assert browser.do("seen")["errors"] == []
    browser.open(pages["review"])  # an evaluation needs scripts: what they would show is asked of the style sheet
    browser.js("document.documentElement.classList.remove('scripts')")
    assert browser.count("tbody .id") == 10
    assert browser.count(".found tbody tr") == 9
    assert browser.count(".tools, #theme") == 0


def test_paper_has_everything_unfolded(page, tmp_path):
    page.js(
        "addEventListener('beforeprint', () => { window.printed = document.querySelector('.printed').textContent; "
        "window.folded = document.querySelectorAll('main details:not([open])').length; })"
    )
    page.do("pdf", path=str(tmp_path / "report.pdf"))
    printed = page.js("window.printed")
    assert printed.index("performance") < printed.index("map-the-code")
    assert "I ran the profiler and found nothing." in printed
    assert "The first 3,000 characters." in printed
    assert page.js("window.folded") == 0
    assert page.count(".printed") == 0
    assert page.js("document.querySelectorAll('main details[open]').length") == 0
    assert (tmp_path / "report.pdf").stat().st_size > 20_000


def test_a_page_of_500_tasks_reads_its_data_late_and_keeps_few_elements(browser, pages):
    browser.open(pages["crowd"])
    assert browser.js("document.querySelectorAll('*').length") < 30_000
    assert browser.js("document.querySelectorAll('pre').length") == 0
    assert browser.js("getComputedStyle(document.querySelector('.tasks tbody tr')).contentVisibility") == "auto"
    browser.js("open(499, idOf(rowsOf[499]))")
    assert browser.text("#panel-title") == "file-500"
    assert browser.js("document.querySelectorAll('#panel pre').length") == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["review", "shared", "dozens"])
def test_axe_finds_nothing_serious(browser, pages, name, scheme):
    browser.open(pages[name], scheme=scheme, trusted=True, motion="reduce")  # axe itself is a script that got in
    found = browser.do("audit")
    if name == "review":
        browser.js("open(2, idOf(rowsOf[2]))")
        panel = browser.do("audit")
        found = {"passes": found["passes"], "violations": found["violations"] + panel["violations"]}
    assert {"color-contrast", "button-name", "aria-allowed-attr", "label"} <= set(found["passes"])
    assert [one for one in found["violations"] if one["impact"] in ("serious", "critical")] == []
