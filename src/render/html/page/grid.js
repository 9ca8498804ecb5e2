// Steps × runs. Only the cells in view are elements, so 2,000 runs cost what 60 do.
// Focus stays on the grid itself (aria-activedescendant): cells come and go while one scrolls.

const ROW = 26;
const HEAD = 58;
/** Columns and rows that are drawn beyond what is in view. */
const BEYOND = 12;

class Grid {
  /** `onpick(column)` is told which build was chosen. */
  constructor(onpick) {
    this.onpick = onpick;
    this.body = el("div", { role: "rowgroup", class: "cells" });
    this.head = el("div", { role: "row", class: "runs", "aria-rowindex": 1 });
    this.sheet = el("div", { class: "sheet", role: "presentation" },
      el("div", { role: "rowgroup", class: "runs-group" }, this.head), this.body);
    this.element = el("div", { role: "grid", id: "grid", class: "grid", tabindex: 0, "aria-readonly": "true",
      onkeydown: (e) => this.key(e), onfocus: () => this.approach(), onclick: (e) => this.click(e), onpointermove: (e) => this.hover(e),
      onpointerleave: () => this.tell(), onscroll: perFrame(() => this.draw()) }, this.sheet);
    this.readout = el("p", { class: "readout" });
    this.redraw = perFrame(() => { this.layout(); this.reveal(); this.draw(true); });
    new ResizeObserver(this.redraw).observe(this.element);
  }

  show(series, column) {
    Object.assign(this, { series, chosen: column, marks: null, moved: false });
    this.lines = linesOf(series);
    this.widest = 28 + 8 * Math.max(...series.rows.map((row) => rowName(row).length));
    this.at = { line: Math.max(this.lines.findIndex((l) => l.row !== null), 0), column };
    this.element.setAttribute("aria-label", `Steps and runs of ${series.name}`);
    this.element.setAttribute("aria-rowcount", this.lines.length + 1);
    this.element.setAttribute("aria-colcount", series.length + 1);
    this.layout();
    this.reveal();
    this.draw(true);
    this.tell();
  }

  mark(marks) {
    this.marks = marks && marks.columns.size > 0 ? marks : null;
    this.element.classList.toggle("marking", this.marks !== null);
    // The newest run that shows it: logs of old ones are gone.
    const newest = this.marks && Math.max(...this.marks.columns);
    const cells = this.marks ? [...this.marks.cells].map((cell) => cell.split(",").map(Number)) : [];
    const first = cells.find((cell) => cell[1] === newest);
    if (first) this.go(this.lines.findIndex((l) => l.row === first[0]), first[1]);
    else if (this.marks) this.go(this.at.line, newest);
    this.draw(true);
  }

  choose(column) {
    this.chosen = column;
    this.draw(true);
  }

  layout() {
    if (!this.series) return;
    const width = this.element.clientWidth;
    const least = width < 560 ? Math.round(width * 0.42) : Math.min(340, Math.round(width * 0.36));
    this.cell = clamp(Math.floor((width - least - 4) / this.series.length), 20, 44);
    // What the runs leave goes to the names, as far as these need it.
    this.names = clamp(width - 4 - this.series.length * this.cell, least, Math.max(least, this.widest));
    this.sheet.style.width = `${this.names + this.series.length * this.cell + 4}px`;
    this.sheet.style.height = `${HEAD + this.lines.length * ROW}px`;
    this.sheet.style.setProperty("--names", `${this.names}px`);
    this.sheet.style.setProperty("--cell", `${this.cell}px`);
    this.drawn = null;
  }

  /** What is in view, in columns and lines. */
  view() {
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.element;
    return {
      left: Math.floor(scrollLeft / this.cell), right: Math.ceil((scrollLeft + clientWidth - this.names) / this.cell),
      top: Math.floor(scrollTop / ROW), bottom: Math.ceil((scrollTop + clientHeight - HEAD) / ROW),
    };
  }

  draw(force = false) {
    if (!this.series) return;
    const view = this.view();
    const old = this.drawn;
    this.onview?.(view);
    if (!force && old && view.left >= old.left && view.right <= old.right && view.top >= old.top && view.bottom <= old.bottom) return;
    const area = {
      left: Math.max(0, view.left - BEYOND), right: Math.min(this.series.length, view.right + BEYOND),
      top: Math.max(0, view.top - BEYOND), bottom: Math.min(this.lines.length, view.bottom + BEYOND),
    };
    this.drawn = { left: view.left - BEYOND, right: view.right + BEYOND, top: view.top - BEYOND, bottom: view.bottom + BEYOND };
    this.head.replaceChildren(this.corner(), ...range(area.left, area.right, (c) => this.run(c)));
    this.body.replaceChildren(...range(area.top, area.bottom, (l) => this.line(l, area)));
    const here = this.idOf(this.at.line, this.at.column);
    if (byId(here)) this.element.setAttribute("aria-activedescendant", here);
    else this.element.removeAttribute("aria-activedescendant");
  }

  /** Brings the cursor into the window: who has read what stands below has the grid out of it. */
  approach() {
    this.reveal();
    this.draw(true);
    const cell = byId(this.idOf(this.at.line, this.at.column));
    const box = cell?.getBoundingClientRect();
    if (!box || (box.top >= 0 && box.bottom <= innerHeight)) return;
    // What sticks to the window does not move with it.
    const sticky = this.element.closest("#builds");
    sticky.style.position = "static";
    cell.scrollIntoView({ block: "center", inline: "nearest" });
    sticky.style.position = "";
  }

  corner() {
    return el("span", { role: "columnheader", class: "corner", "aria-colindex": 1, text: "oldest run first" });
  }

  run(column) {
    const { hits, total, failed } = this.series.counts()[column];
    const bar = el("i", { class: failed ? "bar broken" : "bar" });
    bar.style.height = `${total === 0 ? 0 : Math.max(2, Math.round((hits / total) * 24))}px`;
    const every = this.cell >= 26 ? 1 : 5;
    // Where there is no room for a number it is there for who hears the page.
    const shown = (column + 1) % every === 0 || column === 0;
    const run = el("span", { role: "columnheader", class: this.classes("run", column), "aria-colindex": column + 2, "data-column": column,
      "aria-label": `run ${column + 1}, ${this.series.label(column)}: ${share(hits, total)} from the cache${failed ? ", failed" : ""}` },
    el("span", { class: "gauge" }, bar), el("b", { text: String(column + 1), class: shown ? "" : "unseen" }));
    run.style.left = `${this.names + column * this.cell}px`;
    return run;
  }

  line(index, area) {
    const { row, group } = this.lines[index];
    const place = { role: "row", "aria-rowindex": index + 2 };
    if (row === null) {
      const line = el("div", { ...place, class: "group" }, el("span", { role: "rowheader", text: group, "aria-colindex": 1 }));
      line.style.top = `${index * ROW}px`;
      return line;
    }
    const wire = this.series.rows[row];
    const name = rowName(wire);
    const marked = this.marks?.rows.has(row);
    const header = el("span", { role: "rowheader", class: marked ? "name marked" : "name", title: name, "aria-colindex": 1 }, ...named(wire, name));
    const line = el("div", { ...place, class: "line" }, header, ...range(area.left, area.right, (c) => this.box(index, row, c)));
    line.style.top = `${index * ROW}px`;
    return line;
  }

  box(index, row, column) {
    const here = index === this.at.line && column === this.at.column;
    const marked = this.marks?.cells.has(`${row},${column}`);
    const kind = cellClass(this.series, row, column);
    const box = el("span", { role: "gridcell", id: this.idOf(index, column), "data-line": index, "data-column": column,
      class: `${this.classes("cell", column)} ${kind}${here ? " here" : ""}${marked ? " marked" : ""}`,
      "aria-colindex": column + 2, "aria-selected": column === this.chosen ? "true" : "false",
      "aria-label": this.words(row, column) }, el("i", { class: "sign" }));
    box.style.left = `${this.names + column * this.cell}px`;
    return box;
  }

  classes(base, column) {
    return `${base}${column === this.chosen ? " chosen" : ""}${this.marks?.columns.has(column) ? " in" : ""}`;
  }

  idOf(line, column) {
    return `cell-${line}-${column}`;
  }

  words(row, column) {
    const wire = this.series.rows[row];
    const kind = KINDS[wire.kind] ?? (wire.kind === "from" ? "base image" : "step");
    return `run ${column + 1}, ${kind} ${text(wire.name)}: ${cellWords(this.series, row, column)}`;
  }

  /** Says what stands under pointer or cursor. */
  tell(line = this.at.line, column = this.at.column) {
    const row = this.lines[line]?.row ?? null;
    if (row === null) return;
    const wire = this.series.rows[row];
    const lines = wire.lines[column] > 0 ? this.series.place(wire, column) : "";
    this.readout.replaceChildren(el("b", { text: this.series.label(column) }), el("code", { text: rowName(wire) }),
      el("span", { text: cellWords(this.series, row, column) }), el("span", { class: "place", text: lines }));
  }

  hover(event) {
    const box = event.target.closest("[data-line]");
    if (box) this.tell(Number(box.dataset.line), Number(box.dataset.column));
  }

  click(event) {
    const box = event.target.closest("[data-column]");
    if (!box) return;
    const column = Number(box.dataset.column);
    this.moved = true;
    this.go(box.dataset.line === undefined ? this.at.line : Number(box.dataset.line), column);
    this.onpick(column);
  }

  go(line, column) {
    this.at = { line: clamp(line, 0, this.lines.length - 1), column: clamp(column, 0, this.series.length - 1) };
    this.reveal();
    this.draw(true);
    this.tell();
  }

  /** Scrolls as little as shows the cursor. */
  reveal() {
    if (!this.series) return;
    // At first the newest runs: logs of old ones are gone.
    if (!this.moved) this.element.scrollLeft = this.element.scrollWidth;
    const left = this.at.column * this.cell;
    const top = this.at.line * ROW;
    const room = this.element.clientWidth - this.names - this.cell;
    const height = this.element.clientHeight - HEAD - ROW;
    this.element.scrollLeft = clamp(this.element.scrollLeft, left - room, left);
    this.element.scrollTop = clamp(this.element.scrollTop, top - height, top);
  }

  /** The next line that is a row, in a direction. */
  step(from, by) {
    let line = from + by;
    while (this.lines[line] && this.lines[line].row === null) line += Math.sign(by) || 1;
    return this.lines[line] ? line : from;
  }

  key(event) {
    this.moved = true;
    const { line, column } = this.at;
    const page = Math.max(1, this.view().right - this.view().left - 2);
    const moves = {
      ArrowRight: [line, column + 1], ArrowLeft: [line, column - 1], ArrowDown: [this.step(line, 1), column], ArrowUp: [this.step(line, -1), column],
      PageDown: [line, column + page], PageUp: [line, column - page],
      Home: [event.ctrlKey ? this.step(-1, 1) : line, 0], End: [event.ctrlKey ? this.step(this.lines.length, -1) : line, this.series.length - 1],
    };
    if (event.key === "Enter" || event.key === " ") this.onpick(column);
    else if (moves[event.key] && !event.altKey && !event.metaKey) this.go(...moves[event.key]);
    else return;
    this.approach();
    event.preventDefault();
  }
}

/** Rows under headings of their groups. */
function linesOf(series) {
  const lines = [];
  series.rows.forEach((row, index) => {
    const group = groupOf(row);
    if (lines.at(-1)?.group !== group) lines.push({ row: null, group });
    lines.push({ row: index, group });
  });
  return lines;
}

/** The instruction stands out from its arguments. */
function named(row, name) {
  const end = name.indexOf(" ");
  if ((row.kind !== "step" && row.kind !== "from") || end < 0) return [el("code", { text: name })];
  return [el("code", {}, el("b", { text: name.slice(0, end) }), name.slice(end))];
}

function range(from, to, make) {
  const made = [];
  for (let i = from; i < to; i += 1) made.push(make(i));
  return made;
}

