//! Which files beside a log prove what, and how to get them.

use serde::Serialize;

use super::page::{BOLD, TextPage};
use super::{Screen, json};
use crate::evidence::{self, pages};

/// Each kind of file with the line that gets it.
#[must_use]
pub fn explain_evidence(screen: Screen) -> String {
    let page = TextPage::new(screen);
    let mut lines = page.wrap("", "", INTRODUCTION);
    for evidence::Page { name, proves, get } in pages() {
        lines.extend([String::new(), page.paint(BOLD, name)]);
        lines.extend(page.wrap("  proves: ", "  ", proves));
        for (place, line) in get {
            // Commands are not wrapped: they would no longer work.
            lines.extend([format!("  {place}:"), format!("      {line}")]);
        }
    }
    page.print(&lines)
}

const INTRODUCTION: &str = "A log shows neither files nor all arguments. Files that BuildKit \
    leaves hold digests of both: give those of two runs, either alone or next to the logs with the \
    same name up to the first dot. With --history the digests of each run are remembered, so that \
    the files of the newest run are enough. Values of arguments are compared, but neither kept nor \
    printed.";

/// The same for machines.
#[must_use]
pub fn explain_evidence_json() -> String {
    let file = |page: evidence::Page| File {
        name: page.name,
        proves: page.proves,
        get: page.get.iter().map(|(place, line)| Get { place, line }).collect(),
    };
    json::to_string(&List { schema_version: 1, evidence: pages().map(file).collect() })
}

#[derive(Serialize)]
struct List {
    schema_version: u32,
    evidence: Vec<File>,
}

#[derive(Serialize)]
struct File {
    name: &'static str,
    proves: &'static str,
    get: Vec<Get>,
}

#[derive(Serialize)]
struct Get {
    place: &'static str,
    line: &'static str,
}
