//! The quoted lines of a finding: where, what stands there, what it shows.

use std::sync::LazyLock;

use regex::Regex;
use unicode_width::UnicodeWidthStr;

use super::{InputFacts, excerpt, place};
use crate::finding::{Evidence, Finding};
use crate::render::page::{CYAN, DIM, INDENT, TextPage, blanks};
use crate::render::{escape, units};

/// Blanks between columns.
const GAP: usize = 3;

/// A line, safe to print.
struct EvidenceLine {
    place: String,
    text: String,
    shows: String,
    /// Words of the text that it is quoted for.
    words: Vec<String>,
}

pub(super) fn lines(
    page: &TextPage,
    finding: &Finding,
    evidence: &[&Evidence],
    most: usize,
    input: &InputFacts,
) -> Vec<String> {
    let subjects = excerpt::subjects(finding);
    let hidden = evidence.len().saturating_sub(most);
    let evidence = evidence.get(..most).unwrap_or(evidence);
    let long = evidence.iter().any(|e| named(&e.source, e.line).width() > page.width / 3);
    let name = |e: &Evidence| {
        if long { place::shortest(&e.source, &input.sources) } else { &e.source }.to_owned()
    };
    let rows: Vec<EvidenceLine> =
        evidence.iter().map(|e| row(page, e, &name(e), input, &subjects)).collect();
    let rows = rows.as_slice();
    let columns = EvidenceColumns::of(page, rows);
    let side_by_side =
        !columns.stacked && rows.iter().all(|r| r.shows.is_empty() || columns.takes(r));
    let mut lines = Vec::new();
    for (index, r) in rows.iter().enumerate() {
        // What several lines in a row show is said once, after the last of them.
        let repeats = rows.get(index + 1).is_some_and(|next| next.shows == r.shows);
        lines.extend(if side_by_side && !r.shows.is_empty() {
            vec![one_line(page, r, &columns)]
        } else {
            quoted(page, r, &columns)
        });
        if !side_by_side && !repeats {
            lines.extend(shown(page, r, &columns));
        }
    }
    if hidden > 0 {
        lines.push(format!("{}… and {}", blanks(INDENT), units::count(hidden, "more line")));
    }
    page.with_label("evidence", lines)
}

fn named(source: &str, line: u64) -> String {
    format!("{}:{line}", escape::path(source))
}

fn row(
    page: &TextPage,
    evidence: &Evidence,
    source: &str,
    input: &InputFacts,
    subjects: &[String],
) -> EvidenceLine {
    let mut words = excerpt::code(&evidence.shows);
    words.extend_from_slice(subjects);
    EvidenceLine {
        words,
        place: escape::cut_start(&named(source, evidence.line), page.width * 2 / 5),
        text: short_digests(&escape::line(evidence.text.trim())),
        shows: escape::line(&with_step(evidence, input.seen.step(evidence))),
    }
}

/// `#8 CACHED` says nothing alone: its step is named, where neither the line nor what it shows does
/// so.
fn with_step(evidence: &Evidence, step: Option<&str>) -> String {
    let Some(step) = step else { return evidence.shows.clone() };
    let text = without_number(step);
    let named = evidence.text.contains(text) || evidence.shows.contains(text);
    match (named, evidence.shows.is_empty()) {
        (true, _) => evidence.shows.clone(),
        (false, true) => step.to_owned(),
        (false, false) => format!("{step}: {}", evidence.shows),
    }
}

/// `RUN make` of `[build 2/3] RUN make`, `2/3 : RUN make` and `2/3: RUN make`.
fn without_number(step: &str) -> &str {
    let counts = |c: char| c.is_ascii_digit() || matches!(c, '/' | ':' | ' ');
    step.split_once("] ").map_or_else(|| step.trim_start_matches(counts), |(_, text)| text)
}

/// Nobody reads 64 digits, and they push out what comes after them.
fn short_digests(text: &str) -> String {
    static DIGEST: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?-u:\b)([0-9a-f]{12})[0-9a-f]{52}(?-u:\b)").ok());
    DIGEST
        .as_ref()
        .map_or_else(|| text.to_owned(), |digest| digest.replace_all(text, "$1…").into_owned())
}

fn widest(rows: &[EvidenceLine], column: impl Fn(&EvidenceLine) -> &String) -> usize {
    rows.iter().map(|r| column(r).width()).max().unwrap_or(0)
}

/// Where places and texts stand.
struct EvidenceColumns {
    place: usize,
    text: usize,
    /// What is left for text, and what it shows.
    room: usize,
    /// Beside the places there is no room for texts: they stand below them.
    stacked: bool,
}

/// The least that a quoted line is cut to.
const READABLE: usize = 40;

impl EvidenceColumns {
    fn of(page: &TextPage, rows: &[EvidenceLine]) -> Self {
        let place = widest(rows, |r| &r.place);
        let room = page.width.saturating_sub(INDENT + place + GAP);
        let stacked = room < READABLE;
        let room = if stacked { page.width.saturating_sub(INDENT + GAP) } else { room };
        Self { place, text: widest(rows, |r| &r.text), room, stacked }
    }

    /// Whether what a row shows fits beside its text.
    fn takes(&self, row: &EvidenceLine) -> bool {
        self.text + GAP + row.shows.width() <= self.room
    }

    /// What stands in front of texts.
    fn margin(&self) -> String {
        blanks(if self.stacked { INDENT + GAP } else { INDENT + self.place + GAP })
    }
}

/// What it shows stands beside the text.
fn one_line(page: &TextPage, row: &EvidenceLine, columns: &EvidenceColumns) -> String {
    let start = start(page, row, columns);
    let gap = blanks(columns.text.saturating_sub(row.text.width()) + GAP);
    format!("{start}{}{gap}{}", row.text, page.paint(CYAN, &row.shows))
}

fn quoted(page: &TextPage, row: &EvidenceLine, columns: &EvidenceColumns) -> Vec<String> {
    if row.text.width() > columns.room && is_error(&row.text) {
        return wrapped(page, row, columns);
    }
    let text = excerpt::around(&row.text, &row.words, columns.room);
    if columns.stacked {
        vec![format!("{}{}", blanks(INDENT), page.paint(DIM, &row.place)), columns.margin() + &text]
    } else {
        vec![start(page, row, columns) + &text]
    }
}

/// Of an error every word may be the reason: it gets a second line before something is cut out of
/// its middle.
fn wrapped(page: &TextPage, row: &EvidenceLine, columns: &EvidenceColumns) -> Vec<String> {
    let margin = columns.margin();
    let mut lines = page.wrap(&margin, &margin, &escape::cut_middle(&row.text, columns.room * 2));
    if columns.stacked {
        lines.insert(0, format!("{}{}", blanks(INDENT), page.paint(DIM, &row.place)));
    } else if let Some(first) = lines.first_mut() {
        *first = start(page, row, columns) + first.trim_start();
    }
    lines
}

fn is_error(text: &str) -> bool {
    let text = text.to_lowercase().replace("ignore-error", "");
    ["error", "failed", "denied", "refused", "warning", "expired"]
        .iter()
        .any(|word| text.contains(word))
}

/// What it shows stands below the text, as compilers do it.
fn shown(page: &TextPage, row: &EvidenceLine, columns: &EvidenceColumns) -> Vec<String> {
    let margin = columns.margin();
    let lines = page.wrap(&format!("{margin}^ "), &format!("{margin}  "), &row.shows);
    lines.iter().map(|line| page.paint(CYAN, line)).collect()
}

fn start(page: &TextPage, row: &EvidenceLine, columns: &EvidenceColumns) -> String {
    let gap = blanks(columns.place.saturating_sub(row.place.width()) + GAP);
    format!("{}{}{gap}", blanks(INDENT), page.paint(DIM, &row.place))
}
