// The course of one build: what came from the cache, what ran, what that cost.
//
// A plain log tells how long a step took, not when it began (the JSON status does). Where a step stands follows from what it
// needs: the step before it, and the stage it copies from. That is the earliest it can have been.

class Waterfall {
  /** `onpick(column)` is told which build was asked for. */
  constructor(onpick) {
    this.title = el("h3", { id: "course-title" });
    this.sum = el("p", { class: "sum" });
    const turn = (by, label, sign) => el("button", { type: "button", class: "turn", "aria-label": label, text: sign, onclick: () => onpick(this.column + by) });
    this.older = turn(-1, "Older run", "‹");
    this.newer = turn(1, "Newer run", "›");
    this.table = el("table", { class: "course", "aria-labelledby": "course-title" });
    this.element = el("section", { id: "course", "aria-labelledby": "course-title" },
      el("div", { class: "bar-head" }, this.title, el("span", { class: "turns" }, this.older, this.newer)), this.sum, this.table,
      el("p", { class: "hint", text: "A log tells how long a step took. Where bars begin follows from the order of steps: a step waits for the one before it and for the stage it copies from." }));
  }

  show(series, column, marks) {
    Object.assign(this, { series, column });
    this.older.disabled = column === 0;
    this.newer.disabled = column === series.length - 1;
    const label = series.label(column);
    this.title.textContent = `Run ${column + 1} of ${series.length}: ${label}`;
    const plan = planOf(series, column);
    this.sum.replaceChildren(...summary(series, column, plan));
    const end = Math.max(1, ...plan.map((p) => Math.max(p.end, p.start + p.ghost)));
    this.table.replaceChildren(
      el("thead", {}, el("tr", {}, ...["Step", "Outcome", "Time", "Course"].map((t) => el("th", { scope: "col", text: t })))),
      ...groups(plan, (p) => groupOf(series.rows[p.row])).map(([name, some]) => this.stage(name, some, end, marks)));
  }

  stage(name, plan, end, marks) {
    return el("tbody", {}, el("tr", { class: "stage" }, el("th", { scope: "rowgroup", colspan: 4, text: name })), ...plan.map((p) => this.row(p, end, marks)));
  }

  row(plan, end, marks) {
    const row = this.series.rows[plan.row];
    const kind = cellClass(this.series, plan.row, this.column);
    const marked = marks?.cells.has(`${plan.row},${this.column}`);
    const name = rowName(row);
    const outcome = el("td", {}, el("div", { class: `outcome ${kind}` }, el("i", { class: "sign" }), el("span", { text: plan.words })));
    const time = plan.tenths >= 0 ? duration(plan.tenths) : "";
    return el("tr", { class: `${marked ? "marked" : ""}${plan.lost ? " lost" : ""}` },
      el("th", { scope: "row", title: name }, ...named(row, name)),
      outcome, el("td", { class: "time", text: time }), el("td", { class: "track" }, ...bars(plan, end, kind)));
  }
}

/** Neighbours of one name together. */
function groups(items, nameOf) {
  const made = [];
  for (const item of items) {
    if (made.at(-1)?.[0] !== nameOf(item)) made.push([nameOf(item), []]);
    made.at(-1)[1].push(item);
  }
  return made;
}

function bars(plan, end, kind) {
  const bar = (className, tenths) => {
    const element = el("i", { class: `span ${className}` });
    element.style.left = `${(plan.start / end) * 100}%`;
    element.style.width = `${(tenths / end) * 100}%`;
    return element;
  };
  const ghost = plan.ghost > 0 ? [bar("ghost", plan.ghost)] : [];
  return [...ghost, bar(kind, Math.max(plan.end - plan.start, 0))];
}

/** What is drawn: each row of this build with start, end, and words. */
function planOf(series, column) {
  const times = schedule(series, column);
  const present = series.rows.map((_, at) => at).filter((at) => series.rows[at].cells[column] !== " " && series.rows[at].kind !== "from");
  return present.map((at) => {
    const row = series.rows[at];
    const mark = row.cells[column];
    const hit = mark === "h" || mark === "p";
    const why = mark === "m" ? series.why(at, column) : null;
    const ghost = hit ? Math.max(series.usual(row, column), 0) : 0;
    const lost = why !== null && LOST.has(why.why);
    return { row: at, ...times.get(at), tenths: row.tenths[column], ghost, lost, words: planWords(series, at, column, why, ghost) };
  });
}

function planWords(series, at, column, why, ghost) {
  const row = series.rows[at];
  const mark = row.cells[column];
  if (ghost > 0) return `${CELLS[mark][1]}; ${duration(ghost)} when it runs`;
  if (mark !== "m") {
    const error = series.errorAt.get(`${at},${column}`);
    return `${CELLS[mark][1]}${error ? `: ${error}` : ""}`;
  }
  const word = hadBefore(row, column) ? "rebuilt" : "ran";
  if (why === null) return word;
  return why.row === at ? `${word}: ${BECAUSE[why.why]} (${why.sure})` : `${word}: follows`;
}

function summary(series, column, plan) {
  const { hits, total } = series.counts()[column];
  const sum = (some) => some.reduce((all, p) => all + Math.max(p.tenths, 0), 0);
  const ran = plan.filter((p) => series.rows[p.row].cells[column] === "m");
  const lost = ran.filter((p) => p.lost);
  const saved = plan.reduce((all, p) => all + p.ghost, 0);
  const words = [`${share(hits, total)} from the cache${saved > 0 ? `, which saved about ${duration(saved)}` : ""}. `];
  if (ran.length > 0) words.push(`${count(ran.length, "step")} ran: ${duration(sum(ran))}. `);
  if (lost.length > 0) words.push(el("strong", { text: `Lost: up to ${duration(sum(lost))} in ${count(lost.length, "step")} that the cache could have answered.` }));
  return words;
}

/** Earliest start and end of each row, in tenths of a second. */
function schedule(series, column) {
  const times = new Map();
  const rowsOf = (...kinds) => series.rows.map((_, at) => at).filter((at) => kinds.includes(series.rows[at].kind) && series.rows[at].cells[column] !== " ");
  const took = (at) => Math.max(series.rows[at].tenths[column], 0);
  const sideBySide = (kinds, start) => {
    let end = start;
    for (const at of rowsOf(...kinds)) {
      times.set(at, { start, end: start + took(at) });
      end = Math.max(end, start + took(at));
    }
    return end;
  };
  const begin = sideBySide(["import"], sideBySide(["restore"], 0));
  const end = steps(series, column, rowsOf("step"), took, begin, times);
  sideBySide(["save"], sideBySide(["export"], end));
  return times;
}

/** Steps wait for the step before them, and for the stage they copy from. Returns when the last one ends. */
function steps(series, column, rows, took, begin, times) {
  const stages = new Map();
  for (const at of rows) {
    const { stage, platform } = series.rows[at];
    const key = series.in_order ? "" : `${stage},${platform}`;
    stages.set(key, [...(stages.get(key) ?? []), at]);
  }
  const ends = new Map();
  const finish = (key) => {
    if (ends.has(key)) return ends.get(key);
    // Until it is known: stages that wait for each other must not wait for ever.
    ends.set(key, begin);
    let now = begin;
    for (const at of stages.get(key) ?? []) {
      const { copies, platform } = series.rows[at];
      for (const stage of series.in_order ? [] : copies) now = Math.max(now, finish(`${stage},${platform}`));
      const told = series.startAt.get(`${at},${column}`);
      const start = told === undefined ? now : begin + told;
      times.set(at, { start, end: start + took(at) });
      now = Math.max(now, start + took(at));
    }
    ends.set(key, now);
    return now;
  };
  return Math.max(begin, ...[...stages.keys()].map((key) => finish(key)));
}

