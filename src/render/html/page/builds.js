// The list of builds where there are several, with a filter. Only the rows in view are elements.

const BUILD = 44;

class Builds {
  /** `onpick(series)` is told which one was chosen. */
  constructor(onpick) {
    this.onpick = onpick;
    this.items = allSeries.map((series) => summaryOf(series));
    this.search = el("input", { type: "search", id: "filter", placeholder: "Filter by name", "aria-label": "Filter builds by name", autocomplete: "off", spellcheck: "false", oninput: () => this.filter() });
    this.which = el("select", { "aria-label": "Which builds", onchange: () => this.filter() },
      ...[["all", "all builds"], ["found", "with findings"], ["ran", "where steps ran"], ["failed", "where a run failed"]].map(([value, words]) => el("option", { value, text: words })));
    this.number = el("span", { class: "number", role: "status" });
    this.sheet = el("div", { class: "sheet", role: "presentation" });
    this.list = el("div", { role: "listbox", class: "list", tabindex: 0, "aria-label": "Builds", onscroll: perFrame(() => this.draw()),
      onkeydown: (e) => this.key(e), onclick: (e) => this.click(e) }, this.sheet);
    this.element = el("div", { class: "builds" }, el("div", { class: "filters" }, this.search, this.which, this.number), this.list);
    this.filter();
  }

  filter() {
    const words = this.search.value.trim().toLowerCase();
    const kinds = { all: () => true, found: (i) => i.findings.length > 0, ran: (i) => i.hits < i.total, failed: (i) => i.failed };
    this.shown = this.items.filter((item) => kinds[this.which.value](item) && item.name.toLowerCase().includes(words));
    this.number.textContent = this.shown.length === this.items.length ? count(this.items.length, "build") : `${this.shown.length} of ${count(this.items.length, "build")}`;
    this.sheet.style.height = `${this.shown.length * BUILD}px`;
    this.list.style.height = `${clamp(this.shown.length, 1, 6) * BUILD + 2}px`;
    this.draw();
  }

  choose(series) {
    this.chosen = series;
    const at = this.shown.findIndex((item) => item.series === series);
    if (at >= 0) this.list.scrollTop = clamp(this.list.scrollTop, at * BUILD - this.list.clientHeight + BUILD, at * BUILD);
    this.draw();
  }

  draw() {
    const from = Math.max(0, Math.floor(this.list.scrollTop / BUILD) - 4);
    const to = Math.min(this.shown.length, from + Math.ceil((this.list.clientHeight || 300) / BUILD) + 8);
    this.sheet.replaceChildren(...range(from, to, (at) => this.option(at)));
    const drawn = this.shown.slice(from, to).some((item) => item.series === this.chosen);
    if (drawn) this.list.setAttribute("aria-activedescendant", `build-${this.chosen.index}`);
    else this.list.removeAttribute("aria-activedescendant");
  }

  option(at) {
    const item = this.shown[at];
    const chosen = item.series === this.chosen;
    const found = item.findings.length > 0 ? el("span", { class: "found", text: count(item.findings.length, "finding") }) : null;
    const option = el("div", { role: "option", id: `build-${item.series.index}`, class: "build", "data-at": at, "aria-selected": chosen ? "true" : "false",
      "aria-setsize": this.shown.length, "aria-posinset": at + 1 },
    el("span", { class: "build-name", text: item.name }), found ?? el("span", {}), strip(item.series),
    el("span", { class: "share", text: percent(item) }), el("span", { class: "said", text: ` from the cache in ${count(item.runs, "run")}` }));
    option.style.top = `${at * BUILD}px`;
    return option;
  }

  click(event) {
    const option = event.target.closest("[data-at]");
    if (option) this.onpick(this.shown[Number(option.dataset.at)].series);
  }

  key(event) {
    const at = this.shown.findIndex((item) => item.series === this.chosen);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.shown.length - 1, PageDown: at + 6, PageUp: at - 6 };
    if (moves[event.key] === undefined || this.shown.length === 0) return;
    event.preventDefault();
    this.onpick(this.shown[clamp(moves[event.key], 0, this.shown.length - 1)].series);
  }
}

const percent = ({ hits, total }) => (total === 0 ? "–" : `${Math.floor((hits * 100) / total)} %`);

function summaryOf(series) {
  const counts = series.counts();
  const sum = (field) => counts.reduce((all, c) => all + c[field], 0);
  const findings = data.findings.map((_, at) => at).filter((at) => data.findings[at].some((m) => m !== null && m[0] === series.index));
  return { series, name: series.name, runs: series.length, hits: sum("hits"), total: sum("total"), failed: counts.some((c) => c.failed), findings };
}

/** The newest runs as bars, drawn as one path. */
function strip(series) {
  const counts = series.counts().slice(-48);
  const bars = counts.map(({ hits, total }, at) => {
    const high = total === 0 ? 0 : Math.max((hits / total) * 20, 1);
    return `M${at * 4} 20h3v${-high.toFixed(1)}h-3z`;
  });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 192 20", class: "strip", "aria-hidden": "true", preserveAspectRatio: "xMinYMid" })) svg.setAttribute(name, value);
  const path = (className, d) => {
    const element = document.createElementNS(svg.namespaceURI, "path");
    element.setAttribute("class", className);
    element.setAttribute("d", d);
    return element;
  };
  svg.append(path("track", counts.map((_, at) => `M${at * 4} 20h3v-20h-3z`).join("")), path("full", bars.join("")));
  return svg;
}

