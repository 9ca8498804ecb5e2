//! From joined lines to stages.

use std::ops::Range;

use super::heredoc;
use super::lines::{Joined, instructions};
use super::words::{arguments, options};
use crate::config::{Content, Instruction, Stage};

/// Stages and what stands before them.
pub(super) fn read(text: &str) -> Result<Content, String> {
    let mut content = Content::default();
    for joined in instructions(text)? {
        let instruction = instruction(&joined);
        match (instruction.keyword.as_str(), content.stages.last_mut()) {
            ("FROM", _) => content.stages.push(stage(&instruction)),
            (_, Some(stage)) => stage.instructions.push(instruction),
            ("ARG", None) => content.arguments.push(instruction),
            (keyword, None) => {
                return Err(format!("line {}: {keyword} before FROM", instruction.line));
            }
        }
    }
    if content.stages.is_empty() {
        return Err("has no FROM".to_owned());
    }
    Ok(content)
}

/// First word in upper case.
#[must_use]
pub fn keyword_of(text: &str) -> String {
    text.split_ascii_whitespace().next().unwrap_or_default().to_ascii_uppercase()
}

/// It is one of the instructions there are, and a FROM has the form it must have.
pub(super) fn is_instruction(text: &str) -> bool {
    const KEYWORDS: [&str; 17] = [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ];
    let keyword = keyword_of(text);
    let words: Vec<&str> = arguments(text).map(|(_, word)| word).collect();
    let from = match words.as_slice() {
        [_] => true,
        [_, word, _] => word.eq_ignore_ascii_case("AS"),
        _ => false,
    };
    (keyword == "FROM" && from) || KEYWORDS.contains(&keyword.as_str())
}

/// Where the base image stands in the text of a FROM, behind its options.
#[must_use]
pub fn base_span(text: &str) -> Option<Range<usize>> {
    let (start, base) = arguments(text).next()?;
    Some(start..start + base.len())
}

/// The stage that a FROM begins. `BuildKit` lowers the case of stage names (`parseFrom`).
fn stage(from: &Instruction) -> Stage {
    let base = base_span(&from.text).and_then(|span| from.text.get(span)).unwrap_or_default();
    let words: Vec<&str> = from.text.split_ascii_whitespace().collect();
    let name = words
        .windows(2)
        .find(|pair| pair.first().is_some_and(|word| word.eq_ignore_ascii_case("AS")));
    let name =
        name.and_then(|pair| pair.get(1)).map(|name| name.to_lowercase()).unwrap_or_default();
    let (text, line, end) = (from.text.clone(), from.line, from.end);
    Stage { name, base: base.to_owned(), text, line, end, instructions: Vec::new() }
}

/// The keyword is printed in upper case (`uppercaseCmd`), the rest as written.
fn instruction(joined: &Joined) -> Instruction {
    let keyword = keyword_of(&joined.text);
    let rest = joined.text.get(keyword.len()..).unwrap_or_default();
    let summary = joined.bodies.first().and_then(|body| heredoc::summary(&joined.text, body));
    let tail = summary.map(|summary| format!(" {summary}")).unwrap_or_default();
    Instruction {
        text: format!("{keyword}{rest}{tail}"),
        line: joined.line,
        end: joined.end,
        from: sources(&joined.text),
        body: joined.bodies.concat(),
        keyword,
    }
}

/// `--from=build`, `--mount=type=bind,from=build,…`: what the instruction reads from elsewhere.
fn sources(text: &str) -> Vec<String> {
    let mut sources: Vec<String> = Vec::new();
    for option in options(text) {
        let from = option.strip_prefix("--from=").or_else(|| {
            let mut parts = option.strip_prefix("--mount=")?.split(',');
            parts.find_map(|part| part.strip_prefix("from="))
        });
        let from = from.map(|name| name.trim_matches(['"', '\'']).to_lowercase());
        sources.extend(from.filter(|name| !sources.contains(name)));
    }
    sources
}
