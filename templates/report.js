// What a browser adds to the report, which is whole without it: filters, sorting, zoom, panels, and the theme.
// Text from outside is only ever put in as text: nothing here makes markup of a string.
"use strict";

const byId = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const parsed = (id) => {
  let value = null;
  return () => (value ??= JSON.parse(byId(id).textContent));
};
const facts = parsed("facts"); // read when they are first needed: a page of many tasks is there at once
const texts = parsed("texts");

/** An element with attributes and children; a text stays a text. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") element.addEventListener("click", value);
    else if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function svg(name, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

const icon = (kind) => {
  const drawn = svg("svg", { class: `icon ${kind}`, viewBox: "0 0 16 16", "aria-hidden": "true" });
  drawn.append(svg("use", { href: `#${kind}` }));
  return drawn;
};
const count = (number) => (number === null || number === undefined ? null : number.toLocaleString("en-US"));
const seconds = (value) => {
  if (value === null || value === undefined) return "not measured";
  if (value < 99.95) return `${value.toFixed(1)} s`;
  const whole = Math.round(value), two = (n) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
};
const tokens = (used) => used && `${count(used.total)}: ${count(used.input)} input, ${count(used.cached)} from the cache, ${count(used.cache_written)} into it, ${count(used.output)} output`;
const bytes = (value) => (value === null || value === undefined ? null : `${count(value)} bytes`);
const kept = {
  read: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  write: (key, value) => { try { localStorage.setItem(key, value); } catch { /* a file may not keep anything */ } },
};

// --- theme ---------------------------------------------------------------------------------------------------------

const THEMES = ["system", "light", "dark"];
const theme = byId("theme");

function showTheme(name) {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  theme.textContent = `Theme: ${name}`;
}
theme.addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "system") + 1) % THEMES.length];
  showTheme(next);
  kept.write("parallel-dispatch-theme", next);
});
const chosenTheme = kept.read("parallel-dispatch-theme");
showTheme(THEMES.includes(chosenTheme) ? chosenTheme : "system");
document.documentElement.classList.add("scripts");

// --- tables: sorted by their heads, filtered by their tools ----------------------------------------------------------

const SEVERITIES = ["critical", "high", "medium", "low", "info", "none"];
const KEYS = {
  plan: (row) => Number(row.dataset.i),
  id: (row) => row.cells[0].textContent.trim(),
  agent: (row) => row.cells[1].textContent,
  outcome: (row) => row.dataset.outcome,
  seconds: (row) => Number(row.dataset.seconds ?? -1),
  tokens: (row) => Number(row.dataset.tokens ?? -1),
  start: (row) => Number(row.dataset.start ?? Infinity),
  number: (row) => Number(row.dataset.number),
  severity: (row) => SEVERITIES.indexOf(row.dataset.severity),
  title: (row) => row.cells[2].textContent.trim(),
  place: (row) => row.cells[3].textContent.trim(),
  agreement: (row) => Number(row.dataset.agreement),
};
const LARGEST_FIRST = ["seconds", "tokens", "agreement"];
const collator = new Intl.Collator("en", { numeric: true });

function sortable(table) {
  for (const head of all("th[data-sort]", table)) {
    const slot = head.querySelector(".start") ?? head; // the axis stands beside its word
    const button = make("button", { type: "button", class: "sort" }, slot.textContent.trim());
    slot.replaceChildren(button);
    button.addEventListener("click", () => sortBy(table, head));
  }
}

function sortBy(table, head) {
  const name = head.dataset.sort, key = KEYS[name];
  const before = head.getAttribute("aria-sort");
  const down = before ? before === "ascending" : LARGEST_FIRST.includes(name);
  for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row, at) => [key(row), at, row]);
  rows.sort(([a, i], [b, j]) => (typeof a === "string" ? collator.compare(a, b) : a - b) * (down ? -1 : 1) || i - j);
  body.append(...rows.map(([, , row]) => row));
}

function filtered(table, output, noun, tools, fits) {
  const rows = [...table.tBodies[0].rows];
  const words = [];
  const filter = () => {
    let shown = 0;
    rows.forEach((row, at) => {
      const fit = fits(row, (words[at] ??= row.textContent.toLowerCase()));
      if (row.hidden === fit) row.hidden = !fit;
      shown += fit;
    });
    output.textContent = shown === rows.length ? `${count(shown)} ${noun}` : `${count(shown)} of ${count(rows.length)} ${noun}`;
  };
  for (const tool of tools) tool.addEventListener("input", filter);
  output.textContent = `${count(rows.length)} ${noun}`;
}

/** Whether a text holds every word that was typed. */
const holds = (text, typed) => typed.toLowerCase().split(/\s+/).every((word) => text.includes(word));

/** One stop of the Tab key for many things, and arrows between them. */
function roving() {
  let current = null;
  return (next, focus = true) => {
    if (!next) return;
    if (current) current.tabIndex = -1;
    current = next;
    current.tabIndex = 0;
    if (focus) current.focus();
  };
}

// --- the timeline ----------------------------------------------------------------------------------------------------

const table = document.querySelector(".tasks");
const rowsOf = [...table.tBodies[0].rows]; // by the number of the task, however the table is sorted
const idOf = (row) => row.querySelector(".id");
const taskText = byId("task-text"), taskOutcome = byId("task-outcome"), taskCritical = byId("task-critical");
const goToRow = roving();
goToRow(rowsOf.length ? idOf(rowsOf[0]) : null, false);
sortable(table);
filtered(table, byId("task-count"), "tasks", [taskText, taskOutcome, taskCritical], (row, text) =>
  holds(text, taskText.value)
  && (!taskOutcome.value || row.dataset.outcome === taskOutcome.value)
  && (!taskCritical.checked || row.classList.contains("critical")));
for (const tool of [taskText, taskOutcome, taskCritical]) {
  tool.addEventListener("input", () => { // the one stop of the Tab key is never in a row that is hidden
    const shown = [...table.tBodies[0].rows].find((row) => !row.hidden);
    if (shown) goToRow(idOf(shown), false);
  });
}

table.tBodies[0].addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (row && !getSelection().toString()) open(Number(row.dataset.i), idOf(row));
});
table.tBodies[0].addEventListener("keydown", (event) => {
  const row = event.target.closest("tr");
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const shown = [...table.tBodies[0].rows].filter((one) => !one.hidden), at = shown.indexOf(row);
  const target = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 15, PageUp: at - 15, Home: 0, End: shown.length - 1 }[event.key];
  if (target !== undefined) {
    const next = shown[Math.max(0, Math.min(shown.length - 1, target))];
    goToRow(idOf(next));
    if (next.dataset.start !== undefined && !sees(next)) show(Number(next.dataset.start) - view.share / 10, view.share);
    if (!panel.hidden && chosen !== null) open(Number(next.dataset.i), idOf(next), false);
  } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") pan(event.key === "ArrowLeft" ? -0.2 : 0.2);
  else if (event.key === "+" || event.key === "=") zoomBy(2, row);
  else if (event.key === "-") zoomBy(0.5, row);
  else if (event.key === "0") show(0, 1);
  else return;
  event.preventDefault();
});

// --- zoom: which part of the run the timeline shows, as shares of its length ---------------------------------------------

const axis = table.querySelector(".axis");
const length = Number(document.querySelector("[data-length]").dataset.length);
const STEPS = [0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
const view = { from: 0, share: 1 };

function show(from, share) {
  view.share = Math.max(Math.min(1, 0.5 / length), Math.min(1, share));
  view.from = Math.max(0, Math.min(1 - view.share, from));
  table.style.setProperty("--zoom", 1 / view.share);
  table.style.setProperty("--from", view.from);
  drawTicks();
}
const sees = (row) => Number(row.dataset.start) < view.from + view.share && Number(row.dataset.end) > view.from;
const pan = (part) => show(view.from + part * view.share, view.share);

/** Zooms around the middle of a row where one is worked with, else of what is seen. */
function zoomBy(factor, row = null) {
  const within = row && row.dataset.start !== undefined;
  const middle = within ? (Number(row.dataset.start) + Number(row.dataset.end)) / 2 : view.from + view.share / 2;
  show(middle - view.share / factor / 2, view.share / factor);
  if (!row) bringRows();
}

/** Scrolls to the first task of the time that is shown, where no row in sight has anything to show. */
function bringRows() {
  const box = byId("tasks"), top = table.tHead.offsetHeight;
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
  const inSight = (row) => row.offsetTop + row.offsetHeight > box.scrollTop + top && row.offsetTop < box.scrollTop + box.clientHeight;
  if (rows.some((row) => sees(row) && inSight(row))) return;
  const first = rows.find(sees);
  if (first) box.scrollTop = first.offsetTop - top;
}

function drawTicks() {
  const wanted = Math.max(2, Math.min(10, axis.parentElement.clientWidth / 70));
  const step = STEPS.find((one) => (length * view.share) / one <= wanted) ?? 86400 * Math.ceil(length / 864000);
  const ticks = axis.querySelector(".ticks");
  const top = axis.querySelector(".profile") ? 38 : 0;
  const made = [];
  for (let at = Math.floor((view.from * length) / step); at * step <= (view.from + view.share) * length; at++) {
    const x = `${(100 * at * step) / length}%`;
    made.push(svg("line", { x1: x, x2: x, y1: top, y2: "100%" }), svg("text", { x, dx: 4, y: top + 15 - (top ? 0 : 2) }, moment(at * step, step)));
  }
  ticks.replaceChildren(...made);
}
function moment(value, step) {
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(value / 60 + 1e-9), rest = value - minutes * 60;
  const tail = step < 1 ? rest.toFixed(1).padStart(4, "0") : two(Math.round(rest));
  return minutes >= 60 ? `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${tail}` : `${minutes}:${tail}`;
}
for (const button of all("[data-zoom]")) {
  const change = { in: () => zoomBy(2), out: () => zoomBy(0.5), all: () => show(0, 1) }[button.dataset.zoom];
  button.addEventListener("click", change);
}
const head = axis.parentElement;
head.addEventListener("dblclick", () => show(0, 1));
head.addEventListener("pointerdown", (down) => {
  if (down.button !== 0 || down.target.closest("button")) return;
  const box = head.getBoundingClientRect(), brush = make("div", { class: "brush" });
  const share = (event) => Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  const first = share(down);
  let range = [first, first];
  const move = (event) => {
    range = [Math.min(first, share(event)), Math.max(first, share(event))];
    brush.style.left = `${100 * range[0]}%`;
    brush.style.width = `${100 * (range[1] - range[0])}%`;
  };
  const up = () => {
    brush.remove();
    head.removeEventListener("pointermove", move);
    if (range[1] - range[0] > 0.01) show(view.from + range[0] * view.share, (range[1] - range[0]) * view.share);
    bringRows();
  };
  head.append(brush);
  head.setPointerCapture(down.pointerId);
  head.addEventListener("pointermove", move);
  head.addEventListener("pointerup", up, { once: true });
});
drawTicks();
addEventListener("resize", drawTicks);

// --- findings ----------------------------------------------------------------------------------------------------------

const found = document.querySelector(".found");
if (found) {
  const text = byId("finding-text"), severity = byId("finding-severity"), agreed = byId("finding-agreed");
  sortable(found);
  filtered(found, byId("finding-count"), "findings", [text, severity, agreed], (row, words) =>
    holds(words, text.value)
    && (!severity.value || row.dataset.severity === severity.value)
    && (!agreed.checked || Number(row.dataset.agreement) > 1));
}

// --- the panel of a task -------------------------------------------------------------------------------------------------

const panel = byId("panel");
const numberOf = new Map(rowsOf.map((row) => [idOf(row).textContent, Number(row.dataset.i)]));
const opened = { Contract: true, Attempts: true, "Last words": true, Output: true };
let chosen = null, opener = null;

const stateOf = (at) => {
  const cell = rowsOf[at].cells[3];
  return make("span", { class: `state ${rowsOf[at].dataset.outcome}` }, icon(rowsOf[at].dataset.outcome), cell.textContent.trim().split(/\s+×/)[0]);
};
const chip = (name) => {
  const at = numberOf.get(name);
  if (at === undefined) return make("span", { class: "chip" }, name);
  return make("button", { type: "button", class: `chip ${rowsOf[at].dataset.outcome}`, onclick: () => open(at, opener ?? idOf(rowsOf[at])) }, name);
};
const chips = (names) => {
  const line = make("span", { class: "chips" });
  names.slice(0, 60).forEach((name) => line.append(chip(name), " "));
  if (names.length > 60) line.append(`and ${count(names.length - 60)} more`);
  return line;
};
const code = (text) => (text ? make("code", {}, text) : null);

function pairs(rows) {
  const filled = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return make("dl", { class: "pairs" }, ...filled.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

function part(title, ...content) {
  const fold = make("details", { class: "part" }, make("summary", {}, title), ...content);
  fold.open = Boolean(opened[title]);
  fold.addEventListener("toggle", () => { opened[title] = fold.open; });
  return fold;
}

/** A small table; texts wrap in the column `wide` only. */
function grid(heads, rows, wide) {
  const line = (cells, name) => make("tr", {}, ...cells.map((cell, at) =>
    make(name, { scope: name === "th" ? "col" : null, class: at === wide ? "words" : null }, cell ?? "")));
  return make("table", { class: "plain" }, make("thead", {}, line(heads, "th")), make("tbody", {}, ...rows.map((cells) => line(cells, "td"))));
}

function excerpt(title, told, most = Infinity) {
  if (!most) return null;
  const cut = told.text.length > most;
  const left = cut ? `The first ${count(most)} characters.` : told.left;
  return part(title,
    make("pre", {}, cut ? told.text.slice(0, most) : told.text),
    left ? make("p", { class: "quiet" }, `${left} The whole is `, code(told.path) ?? "in the run's folder", ".") : null);
}

/** Everything about a task, part by part; `most` bounds its texts. */
function* parts(at, most) {
  const task = facts()[at], said = texts()[at] ?? {};
  yield make("p", {}, stateOf(at), make("span", { class: "quiet" }, ` after ${seconds(task.seconds)}`));
  if (task.reason) yield make("p", { class: `reason ${rowsOf[at].dataset.outcome}` }, task.reason);
  const dependents = facts().filter((other) => other.dependencies.includes(task.id)).map((other) => other.id);
  yield pairs([
    ["Title", task.title], ["Description", task.description],
    ["Agent", `${task.agent}${task.subagent_type && task.subagent_type !== task.agent ? ` (${task.subagent_type})` : ""}`],
    ["Wave", `${task.wave}${task.critical ? ", on the critical path" : ""}`],
    ["Time", task.start === null ? null : `${seconds(task.start)} to ${task.end === null ? "its end, which was not measured" : seconds(task.end)} of the run`],
    ["Estimate", task.estimate === null ? null : seconds(task.estimate)],
    ["Tokens", tokens(task.tokens) ?? "not measured"], ["Tool uses", count(task.tool_uses) ?? "not measured"],
    ["Model", task.models.join(", ")],
    ["Needs", task.dependencies.length ? chips(task.dependencies) : "nothing"],
    ["Needed by", dependents.length ? chips(dependents) : "nothing"],
    ["Output", code(task.output)], ["Size", bytes(task.output_bytes)],
    ["Since then", task.changed ? "changed or removed since its agent ended" : null],
    ["Its call", task.rewritten ? "another plugin or setting changed it, so its agent got other words than its brief" : null],
    ["May write", task.writes.length ? make("code", {}, task.writes.join(" ")) : null],
  ]);
  if (task.contract.length) yield part("Contract", make("ul", {}, ...task.contract.map((term) => make("li", {}, term))));
  if (task.attempts.length) {
    yield part("Attempts", grid(["No.", "Outcome", "Began", "Time", "Waited", "Tokens"], task.attempts.map((one) => [
      one.number,
      [one.outcome || "did not end", one.sent_back ? `sent back ${one.sent_back === 1 ? "once" : `${one.sent_back} times`}` : "", one.reason].filter(Boolean).join("; "),
      seconds(one.start), seconds(one.seconds),
      one.queued === null || one.start === null ? "" : seconds(Math.max(0, one.start - one.queued)), count(one.tokens?.total) ?? "",
    ]), 1));
  }
  if (said.answer) yield excerpt("Last words", said.answer, most);
  if (said.output) yield excerpt("Output", said.output, most);
  if (said.brief) yield excerpt("Brief", said.brief, most);
  if (task.events.length) {
    yield part("Events", grid(["At", "What", ""], task.events.map((one) => [seconds(one.at), one.what, one.text]), 2));
  }
}

function open(at, from, focus = true) {
  if (!rowsOf[at]) return;
  choose(at);
  if (from) opener = from;
  const shown = () => [...table.tBodies[0].rows].filter((row) => !row.hidden);
  const step = (by) => {
    const rows = shown(), next = rows[rows.indexOf(rowsOf[at]) + by];
    if (!next) return;
    open(Number(next.dataset.i), idOf(next), false);
    goToRow(idOf(next), false);
    panel.querySelector(by < 0 ? ".previous" : ".next").focus();
  };
  const title = make("h2", { id: "panel-title", tabindex: "-1" }, idOf(rowsOf[at]).textContent);
  panel.replaceChildren(
    make("div", { class: "panel-head" }, title,
      make("button", { type: "button", class: "button previous", "aria-label": "Previous task", onclick: () => step(-1) }, "↑"),
      make("button", { type: "button", class: "button next", "aria-label": "Next task", onclick: () => step(1) }, "↓"),
      make("button", { type: "button", class: "button close", onclick: close, title: "Close (Escape)" }, "Close")),
    ...parts(at, Infinity));
  panel.hidden = false;
  panel.scrollTop = 0;
  document.documentElement.classList.add("panelled");
  if (focus) title.focus();
}

function close() {
  if (panel.hidden) return;
  panel.hidden = true;
  document.documentElement.classList.remove("panelled");
  choose(null);
  if (opener && opener.isConnected) opener.focus();
  opener = null;
}

function choose(at) {
  for (const one of all(".chosen")) one.classList.remove("chosen");
  chosen = at;
  if (at === null) return trace(null);
  rowsOf[at].classList.add("chosen");
  nodes[at]?.classList.add("chosen");
  trace(at);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !panel.hidden) { close(); event.preventDefault(); }
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("main button.chip[data-open]");
  if (button) open(Number(button.dataset.open), button);
});

// --- the graph -------------------------------------------------------------------------------------------------------------

const graph = document.querySelector(".graph"), near = byId("near");
const nodes = all(".node");
const goToNode = roving();
goToNode(nodes[0], false);
const nodeOf = (event) => nodes.indexOf(event.target.closest(".node"));
graph.addEventListener("click", (event) => {
  const at = nodeOf(event);
  if (at < 0) return;
  goToNode(nodes[at], false);
  open(at, nodes[at]);
});
graph.addEventListener("focusin", (event) => { if (nodeOf(event) >= 0) trace(nodeOf(event)); });
graph.addEventListener("focusout", () => trace(chosen));

const needsOf = (at) => facts()[at].dependencies.map((name) => numberOf.get(name)).filter((one) => one !== undefined);
let neededBy = null;
function dependentsOf(at) {
  if (!neededBy) {
    neededBy = rowsOf.map(() => []);
    facts().forEach((_, one) => needsOf(one).forEach((other) => neededBy[other].push(one)));
  }
  return neededBy[at];
}

/** A task with all that it needs and all that needs it, the direct ones joined by lines; null clears. */
function trace(at) {
  graph.classList.toggle("tracing", at !== null);
  for (const one of all(".related", graph)) one.classList.remove("related");
  near.replaceChildren();
  if (at === null) return;
  for (const beside of [needsOf, dependentsOf]) {
    const seen = new Set([at]), todo = [at];
    while (todo.length) for (const one of beside(todo.pop())) if (!seen.has(one)) { seen.add(one); todo.push(one); }
    seen.forEach((one) => nodes[one].classList.add("related"));
  }
  const side = (node, right) => [node.x.baseVal.value + (right ? node.width.baseVal.value : 0), node.y.baseVal.value + node.height.baseVal.value / 2];
  const join = (left, right) => {
    const [x1, y1] = side(nodes[left], true), [x2, y2] = side(nodes[right], false), bend = (x2 - x1) / 2;
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  };
  const lines = [...needsOf(at).map((one) => join(one, at)), ...dependentsOf(at).map((one) => join(at, one))];
  near.append(svg("path", { class: "near", d: lines.join("") }));
}

graph.addEventListener("keydown", (event) => {
  const at = nodeOf(event);
  if (at < 0) return;
  const level = nodes.filter((node) => node.getAttribute("x") === nodes[at].getAttribute("x"));
  level.sort((a, b) => a.y.baseVal.value - b.y.baseVal.value);
  const next = {
    ArrowDown: () => level[level.indexOf(nodes[at]) + 1],
    ArrowUp: () => level[level.indexOf(nodes[at]) - 1],
    ArrowLeft: () => nodes[needsOf(at)[0]],
    ArrowRight: () => nodes[dependentsOf(at)[0]],
    Home: () => nodes[0],
    End: () => nodes[nodes.length - 1],
  }[event.key];
  if (next) goToNode(next());
  else if (event.key === "Enter" || event.key === " ") open(at, nodes[at]);
  else return;
  event.preventDefault();
});

// --- paper: panels unfolded, the failed first, within reason ------------------------------------------------------------------

const MOST_PRINTED = 40, MOST_CHARACTERS = 3000, MOST_IN_ALL = 60000;
let unfolded = [];

addEventListener("beforeprint", () => {
  unfolded = all("main details:not([open])");
  for (const fold of unfolded) fold.open = true;
  const done = (at) => rowsOf[at].dataset.outcome === "success";
  const order = rowsOf.map((_, at) => at).sort((a, b) => done(a) - done(b) || a - b).slice(0, MOST_PRINTED);
  let left = MOST_IN_ALL;
  const articles = order.map((at) => {
    const article = make("article", {}, make("h3", {}, idOf(rowsOf[at]).textContent), ...parts(at, Math.min(left, MOST_CHARACTERS)));
    for (const fold of all("details", article)) fold.setAttribute("open", "");
    for (const text of all("pre", article)) left = Math.max(0, left - text.textContent.length);
    return article;
  });
  const rest = rowsOf.length - order.length;
  byId("main").append(make("section", { class: "printed" }, make("h2", {}, "Tasks"), ...articles,
    rest > 0 ? make("p", { class: "quiet" }, `The details of ${count(rest)} more tasks are in report.html.`) : null));
});
addEventListener("afterprint", () => {
  for (const printed of all(".printed")) printed.remove();
  for (const fold of unfolded) fold.open = false;
});
