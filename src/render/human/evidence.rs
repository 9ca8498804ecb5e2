//! The quoted lines of a finding: where, what stands there, what it shows.

use unicode_width::UnicodeWidthStr;

use super::place;
use crate::finding::Evidence;
use crate::render::page::{CYAN, DIM, INDENT, Page, blanks};
use crate::render::{escape, units};

/// More lines prove nothing more to a reader.
const MOST: usize = 6;
/// Blanks between columns.
const GAP: usize = 3;

/// A line, safe to print.
struct Row {
    place: String,
    text: String,
    shows: String,
}

pub(super) fn lines<'a>(page: &Page, evidence: impl Iterator<Item = &'a Evidence>, sources: &[&str]) -> Vec<String> {
    let evidence: Vec<&Evidence> = evidence.collect();
    let long = evidence.iter().any(|e| named(&e.source, e.line).width() > page.width / 3);
    let rows: Vec<Row> = evidence
        .iter()
        .map(|e| row(page, e, if long { place::shortest(&e.source, sources) } else { &e.source }))
        .collect();
    let hidden = rows.len().saturating_sub(MOST);
    let rows = rows.get(..MOST).unwrap_or(&rows);
    let columns = Columns::of(page, rows);
    let beside = !columns.stacked && rows.iter().all(|r| r.shows.is_empty() || columns.takes(r));
    let mut lines = Vec::new();
    for (index, r) in rows.iter().enumerate() {
        // What several lines in a row show is said once, after the last of them.
        let repeats = rows.get(index + 1).is_some_and(|next| next.shows == r.shows);
        lines.extend(if beside { vec![one_line(page, r, &columns)] } else { quoted(page, r, &columns) });
        if !beside && !repeats {
            lines.extend(shown(page, r, &columns));
        }
    }
    if hidden > 0 {
        lines.push(format!("{}… and {}", blanks(INDENT), units::count(hidden, "more line")));
    }
    page.with_label("seen", lines)
}

fn named(source: &str, line: u64) -> String {
    format!("{}:{line}", escape::line(source))
}

fn row(page: &Page, evidence: &Evidence, source: &str) -> Row {
    Row {
        place: escape::cut_start(&named(source, evidence.line), page.width * 2 / 5),
        text: escape::line(evidence.text.trim()),
        shows: escape::line(&evidence.shows),
    }
}

fn widest(rows: &[Row], column: impl Fn(&Row) -> &String) -> usize {
    rows.iter().map(|r| column(r).width()).max().unwrap_or(0)
}

/// Where places and texts stand.
struct Columns {
    place: usize,
    text: usize,
    /// What is left for text, and what it shows.
    room: usize,
    /// Beside the places there is no room for texts: they stand below them.
    stacked: bool,
}

/// The least that a quoted line is cut to.
const READABLE: usize = 40;

impl Columns {
    fn of(page: &Page, rows: &[Row]) -> Self {
        let place = widest(rows, |r| &r.place);
        let room = page.width.saturating_sub(INDENT + place + GAP);
        let stacked = room < READABLE;
        let room = if stacked { page.width.saturating_sub(INDENT + GAP) } else { room };
        Self { place, text: widest(rows, |r| &r.text), room, stacked }
    }

    /// Whether what a row shows fits beside its text.
    fn takes(&self, row: &Row) -> bool {
        self.text + GAP + row.shows.width() <= self.room
    }

    /// What stands in front of texts.
    fn margin(&self) -> String {
        blanks(if self.stacked { INDENT + GAP } else { INDENT + self.place + GAP })
    }
}

/// What it shows stands beside the text.
fn one_line(page: &Page, row: &Row, columns: &Columns) -> String {
    let start = start(page, row, columns);
    if row.shows.is_empty() {
        return start + &escape::cut(&row.text, columns.room);
    }
    let gap = blanks(columns.text.saturating_sub(row.text.width()) + GAP);
    format!("{start}{}{gap}{}", row.text, page.paint(CYAN, &row.shows))
}

fn quoted(page: &Page, row: &Row, columns: &Columns) -> Vec<String> {
    let text = escape::cut(&row.text, columns.room);
    if columns.stacked {
        vec![format!("{}{}", blanks(INDENT), page.paint(DIM, &row.place)), columns.margin() + &text]
    } else {
        vec![start(page, row, columns) + &text]
    }
}

/// What it shows stands below the text, as compilers do it.
fn shown(page: &Page, row: &Row, columns: &Columns) -> Vec<String> {
    let margin = columns.margin();
    let lines = page.wrap(&format!("{margin}^ "), &format!("{margin}  "), &row.shows);
    lines.iter().map(|line| page.paint(CYAN, line)).collect()
}

fn start(page: &Page, row: &Row, columns: &Columns) -> String {
    let gap = blanks(columns.place.saturating_sub(row.place.width()) + GAP);
    format!("{}{}{gap}", blanks(INDENT), page.paint(DIM, &row.place))
}
