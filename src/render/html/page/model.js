// What the letters of the grid mean, and what follows from them. Draws nothing.

/** Class and words of each letter of `cell.rs`. */
const CELLS = {
  h: ["hit", "from the cache"],
  p: ["pulled", "from the cache, pulled"],
  m: ["ran", "ran"],
  f: ["failed", "failed"],
  c: ["stopped", "stopped with the build"],
  "-": ["unreached", "not reached"],
  o: ["done", "done"],
  q: ["partly", "found in part"],
  n: ["nothing", "nothing found"],
  x: ["skipped", "exists already"],
  s: ["skipped", "skipped"],
  e: ["failed", "failed"],
  d: ["same", "same digest as before"],
  D: ["moved", "another digest than before"],
};
const STEP = "hpmfc-";

const BECAUSE = {
  "first-run": "first run",
  "instruction-changed": "its instruction changed",
  "base-changed": "its base image changed",
  "inputs-changed": "its files changed",
  "not-stored": "the cache does not store this stage",
  "record-lost": "its record is gone from the cache",
  "not-imported": "no cache was imported",
  "import-failed": "no cache could be imported",
  "cache-disabled": "the cache is turned off",
  unknown: "the log does not say why",
};
/** The cache could have answered. */
const LOST = new Set(["not-stored", "record-lost", "not-imported", "import-failed", "cache-disabled"]);

const KINDS = {
  restore: "CI cache restored",
  import: "cache imported",
  export: "cache exported",
  save: "CI cache saved",
};

/** A series with what is asked of it often. */
class Series {
  constructor(wire, index) {
    Object.assign(this, wire);
    this.index = index;
    this.name = text(wire.key);
    this.length = wire.builds.length;
    this.breakAt = new Map(wire.breaks.map(([row, column, why, sure]) => [`${row},${column}`, { why, sure }]));
    this.errorAt = new Map(wire.errors.map(([row, column, at]) => [`${row},${column}`, text(at)]));
    this.startAt = new Map(wire.starts.map(([row, column, tenths]) => [`${row},${column}`, tenths]));
    this.shares = null;
  }

  /** Steps from the cache, and steps that count, of each build. */
  counts() {
    this.shares ??= this.builds.map((_, column) => {
      let hits = 0;
      let total = 0;
      for (const row of this.rows) {
        if (row.kind !== "step") continue;
        const mark = row.cells[column];
        if (mark === "h" || mark === "p") hits += 1;
        if (mark === "h" || mark === "p" || mark === "m") total += 1;
      }
      return { hits, total, failed: this.builds[column][2] === "f" };
    });
    return this.shares;
  }

  label(column) {
    return text(data.runs[this.builds[column][0]][0]);
  }

  place(row, column) {
    return `${text(data.runs[this.builds[column][0]][1])}:${row.lines[column]}`;
  }

  /** Why a step ran: its stage broke at or before it, or a stage it copies from did. */
  why(at, column, depth = 0) {
    const row = this.rows[at];
    for (let i = 0; i < this.rows.length; i += 1) {
      if (i > at || !sameStage(this.rows[i], row)) continue;
      const found = this.breakAt.get(`${i},${column}`);
      if (found) return { ...found, row: i };
    }
    return depth < 8 ? this.whyOfSource(at, column, depth) : null;
  }

  whyOfSource(at, column, depth) {
    const row = this.rows[at];
    const before = this.rows.filter((r, i) => i <= at && r.kind === "step" && sameStage(r, row));
    const first = before.find((r) => r.cells[column] === "m");
    for (const source of first?.copies ?? []) {
      const last = this.rows.findLastIndex((r) => isOf(r, source, row.platform) && r.cells[column] === "m");
      const why = last < 0 ? null : this.why(last, column, depth + 1);
      if (why) return why;
    }
    return null;
  }

  /** How long a step takes when it runs: in the nearest earlier build where it did, else a later one. */
  usual(row, column) {
    const ran = (c) => row.cells[c] === "m" && row.tenths[c] >= 0;
    for (let c = column - 1; c >= 0; c -= 1) if (ran(c)) return row.tenths[c];
    for (let c = column + 1; c < this.length; c += 1) if (ran(c)) return row.tenths[c];
    return -1;
  }
}

const sameStage = (a, b) => a.stage === b.stage && a.platform === b.platform;
const isOf = (row, stage, platform) => row.kind === "step" && row.stage === stage && row.platform === platform;

/** Heading of a group of rows: the stage, or what is done with a cache. */
function groupOf(row) {
  if (KINDS[row.kind]) return KINDS[row.kind];
  return [text(row.platform), text(row.stage)].filter(Boolean).join(" ") || "steps";
}

const rowName = (row) => (row.kind === "from" ? `FROM ${text(row.name)}` : text(row.name));

/** Class of a cell: where the chain broke has a sign of its own. */
function cellClass(series, at, column) {
  const mark = series.rows[at].cells[column];
  if (mark === "m" && series.breakAt.has(`${at},${column}`)) return "broke";
  return CELLS[mark]?.[0] ?? "absent";
}

/** `rebuilt, 41 s; the chain broke here: its files changed (likely)`. */
function cellWords(series, at, column) {
  const row = series.rows[at];
  const mark = row.cells[column];
  if (mark === " ") return row.kind === "step" ? "no such step in this run" : "not in this run";
  const time = row.tenths[column] > 0 ? `, ${duration(row.tenths[column])}` : "";
  const error = series.errorAt.get(`${at},${column}`);
  const broke = mark === "m" ? series.breakAt.get(`${at},${column}`) : null;
  const why = broke ? `; the chain broke here: ${BECAUSE[broke.why]} (${broke.sure})` : "";
  const word = mark === "m" && hadBefore(row, column) ? "rebuilt" : CELLS[mark][1];
  return `${word}${time}${error ? `: ${error}` : ""}${why}`;
}

/** An earlier build had made it. */
const hadBefore = (row, column) => /[hpm]/.test(row.cells.slice(0, column));

const allSeries = data.series.map((wire, index) => new Series(wire, index));

/** Cells and columns that a finding marks in a series. */
function marksOf(finding, series) {
  const found = data.findings[finding].filter((mark) => mark !== null && mark[0] === series.index);
  return {
    cells: new Set(found.filter((m) => m[1] !== null).map((m) => `${m[1]},${m[2]}`)),
    rows: new Set(found.filter((m) => m[1] !== null).map((m) => m[1])),
    columns: new Set(found.map((m) => m[2])),
  };
}

