//! Here-documents of RUN, COPY and ADD.
//!
//! Source: `BuildKit` `frontend/dockerfile/parser/parser.go`, `heredocsFromLine`, and
//! `dockerfile2llb/convert.go`, `summarizeHeredoc`.

use super::keyword_of;
use super::words::{arguments, words};

/// A here-document that an instruction begins: `<<EOF`, `3<<-"EOF"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HereDocument {
    name: String,
    /// Written `<<-`: tabs before the end word are no part of it.
    tabs: bool,
}

/// The text of a here-document.
pub(super) struct HereText {
    pub(super) text: String,
    /// Line of the end word.
    pub(super) end: u64,
}

impl HereDocument {
    /// Reads up to the end word; `None` where there is none.
    pub(super) fn body<'a>(
        &self,
        lines: &mut impl Iterator<Item = (&'a str, u64)>,
    ) -> Option<HereText> {
        let mut text = String::new();
        for (line, number) in lines {
            let word = if self.tabs { line.trim_start_matches('\t') } else { line };
            if word == self.name {
                return Some(HereText { text, end: number });
            }
            text.push_str(line);
            text.push('\n');
        }
        None
    }

    /// What is wrong with it.
    pub(super) fn unended(&self, line: u64) -> String {
        format!("the here-document {} of line {line} has no end", self.name)
    }
}

/// Here-documents of an instruction, in order.
pub(super) fn documents(text: &str) -> Vec<HereDocument> {
    let mut upper = text.split_ascii_whitespace().map(str::to_ascii_uppercase);
    let keyword = upper.find(|word| word != "ONBUILD").unwrap_or_default();
    if !matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") || !text.contains("<<") {
        return Vec::new();
    }
    words(text).into_iter().filter_map(|(_, word)| document(word)).collect()
}

/// `RUN <<EOF` is printed with the first line of what it runs: `RUN <<EOF (set -e...)`.
pub(super) fn summary(text: &str, body: &str) -> Option<String> {
    if keyword_of(text) != "RUN" {
        return None;
    }
    let mut words = arguments(text);
    let (_, word) = words.next()?;
    if document(word).is_none() || words.next().is_some() {
        return None;
    }
    let mut lines = body.trim().lines();
    let first = lines.next().unwrap_or_default();
    let more = if lines.next().is_some() { "..." } else { "" };
    Some(format!("({first}{more})"))
}

fn document(word: &str) -> Option<HereDocument> {
    let (tabs, rest) =
        match word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")? {
            rest if rest.starts_with('-') => (true, rest.trim_start_matches('-')),
            rest => (false, rest),
        };
    let name: String = rest.chars().filter(|c| !matches!(c, '"' | '\'')).collect();
    (!name.is_empty() && !rest.contains('<')).then_some(HereDocument { name, tabs })
}
