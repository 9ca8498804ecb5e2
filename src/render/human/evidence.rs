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
    let place = widest(rows, |r| &r.place);
    let room = page.width.saturating_sub(INDENT + place + GAP);
    let text = widest(rows, |r| &r.text);
    let beside = rows.iter().all(|r| r.shows.is_empty() || text + GAP + r.shows.width() <= room);
    let mut lines = Vec::new();
    for (index, r) in rows.iter().enumerate() {
        // What several lines in a row show is said once, after the last of them.
        let repeats = rows.get(index + 1).is_some_and(|next| next.shows == r.shows);
        lines.push(if beside { one_line(page, r, place, text, room) } else { quoted(page, r, place, room) });
        if !beside && !repeats {
            lines.extend(shown(page, r, place));
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

/// What it shows stands beside the text.
fn one_line(page: &Page, row: &Row, place: usize, text: usize, room: usize) -> String {
    if row.shows.is_empty() {
        return quoted(page, row, place, room);
    }
    let gap = blanks(text.saturating_sub(row.text.width()) + GAP);
    format!("{}{}{gap}{}", start(page, row, place), row.text, page.paint(CYAN, &row.shows))
}

fn quoted(page: &Page, row: &Row, place: usize, room: usize) -> String {
    start(page, row, place) + &escape::cut(&row.text, room)
}

/// What it shows stands below the text, as compilers do it.
fn shown(page: &Page, row: &Row, place: usize) -> Vec<String> {
    let margin = blanks(INDENT + place + GAP);
    let lines = page.wrap(&format!("{margin}^ "), &format!("{margin}  "), &row.shows);
    lines.iter().map(|line| page.paint(CYAN, line)).collect()
}

fn start(page: &Page, row: &Row, place: usize) -> String {
    let gap = blanks(place.saturating_sub(row.place.width()) + GAP);
    format!("{}{}{gap}", blanks(INDENT), page.paint(DIM, &row.place))
}
