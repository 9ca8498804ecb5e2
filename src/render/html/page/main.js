// Puts the parts together: one series, one build and one finding are chosen at a time.

const state = { series: null, column: 0, finding: null };
const place = byId("builds");
document.body.append(el("div", { id: "said", class: "said", role: "status", "aria-live": "polite" }));

const drawn = allSeries.filter((series) => series.length > 0 && series.rows.length > 0);
const grid = new Grid(pickBuild);
const overview = new Overview(grid);
const waterfall = new Waterfall(pickBuild);
const builds = drawn.length > 1 ? new Builds(pickSeries) : null;
const findings = new Findings(pickFinding, goTo);
const title = el("h2", { id: "grid-title" });
const older = el("p", { class: "hint" });

function pickSeries(series, column = firstColumn(series)) {
  state.series = series;
  state.column = column;
  const has = series.length > 0 && series.rows.length > 0;
  title.textContent = series.name;
  older.textContent = !has ? "Not drawn: this report holds more builds than a page can." : series.older > 0 ? `${count(series.older, "older run")} not drawn.` : "";
  panel.hidden = waterfall.element.hidden = !has;
  builds?.choose(series);
  if (!has) return;
  grid.show(series, column);
  mark();
  waterfall.show(series, column, marks());
}

const marks = () => (state.finding === null ? null : marksOf(state.finding, state.series));

function mark() {
  grid.mark(marks());
}

function pickBuild(column) {
  state.column = clamp(column, 0, state.series.length - 1);
  grid.choose(state.column);
  if (grid.at.column !== state.column) grid.go(grid.at.line, state.column);
  waterfall.show(state.series, state.column, marks());
}

function pickFinding(finding) {
  state.finding = finding;
  const first = finding === null ? null : data.findings[finding].find((m) => m !== null);
  if (first && allSeries[first[0]] !== state.series) return pickSeries(allSeries[first[0]], columnOf(finding, allSeries[first[0]]));
  if (first) pickBuild(columnOf(finding, state.series));
  mark();
  waterfall.show(state.series, state.column, marks());
  if (finding !== null) announce(`${count(marksOf(finding, state.series).cells.size, "cell")} marked in the grid of ${state.series.name}`);
}

function goTo([series, row, column]) {
  if (allSeries[series] !== state.series) pickSeries(allSeries[series], column);
  pickBuild(column);
  const line = row === null ? grid.at.line : grid.lines.findIndex((l) => l.row === row);
  grid.go(line, column);
  grid.element.focus({ preventScroll: true });
  grid.approach();
}

/** The build that a finding shows best: the newest marked one in which a step ran. */
function columnOf(finding, series) {
  const found = data.findings[finding].filter((m) => m !== null && m[0] === series.index);
  const ran = found.filter((m) => m[1] !== null && /[mf]/.test(series.rows[m[1]].cells[m[2]]));
  const columns = (ran.length > 0 ? ran : found).map((m) => m[2]);
  return columns.length > 0 ? Math.max(...columns) : series.length - 1;
}

/** The newest build, unless a finding is chosen that shows another one. */
const firstColumn = (series) => (state.finding === null ? Math.max(series.length - 1, 0) : columnOf(state.finding, series));

/** Signs in use, each with its meaning. */
function legend() {
  const signs = [["hit", "from the cache"], ["pulled", "from the cache, pulled"], ["broke", "ran: the chain broke here"], ["ran", "ran"], ["failed", "failed"],
    ["unreached", "not reached"], ["done", "done"], ["nothing", "nothing found"], ["same", "same base"], ["moved", "base moved"]];
  const used = new Set();
  for (const series of drawn) {
    for (const row of series.rows) for (const mark of new Set(row.cells)) used.add(CELLS[mark]?.[0]);
    if (series.breaks.length > 0) used.add("broke");
  }
  return el("ul", { class: "legend", "aria-label": "Signs of the grid" },
    ...signs.filter(([kind]) => used.has(kind)).map(([kind, words]) => el("li", {}, el("span", { class: `cell ${kind}`, "aria-hidden": "true" }, el("i", { class: "sign" })), words)));
}

/** Follows the system until asked for the other one. */
function themeButton() {
  const root = document.documentElement;
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const button = el("button", { type: "button", class: "theme", "aria-label": "Dark", "aria-pressed": dark() ? "true" : "false" }, el("i"));
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    button.setAttribute("aria-pressed", dark() ? "true" : "false");
    overview.redraw();
  });
  return button;
}

/** Beside long findings the grid stays in view; where it is taller than the window, its end does. */
function stick() {
  const room = innerHeight - place.offsetHeight - 16;
  place.style.setProperty("--stick", `${Math.min(16, room)}px`);
}
new ResizeObserver(stick).observe(place);
addEventListener("resize", stick);

const panel = el("div", { class: "panel" }, overview.canvas, grid.element, grid.readout, drawn.length > 0 ? legend() : null);
document.querySelector(".top").append(themeButton());
document.documentElement.classList.add("live");
if (drawn.length === 0) {
  place.hidden = true;
} else {
  place.replaceChildren(title, ...(builds ? [builds.element] : []), older, panel, waterfall.element);
  place.setAttribute("aria-labelledby", "grid-title");
  const first = findings.cards.length > 0 ? 0 : null;
  findings.choose(first);
  state.finding = first;
  const found = first === null ? null : data.findings[first].find((m) => m !== null);
  pickSeries(found ? allSeries[found[0]] : drawn[0]);
}
