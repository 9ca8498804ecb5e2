//! The lines of a script as parts, of which those that nothing else depends on can be left out.

use std::ops::Range;

use super::shell::{self, Simple};
use super::{is_assignment, is_build};
use crate::config::excerpt::ExcerptPart;

/// The script in parts: each command that stands alone on its lines, and what is between them.
/// Others do without such a command where it is a build or gives variables plain values: no
/// condition, loop or function holds it.
pub(in crate::config) fn parts(text: &str) -> Vec<ExcerptPart> {
    let mut parts: Vec<ExcerptPart> = Vec::new();
    let mut done = 0;
    for simple in shell::commands(text) {
        let Some(range) = own_lines(text, &simple).filter(|range| range.start >= done) else {
            continue;
        };
        let between = done..range.start;
        let gap = text.get(between.clone()).unwrap_or_default();
        parts.push(ExcerptPart::of(between, is_silent(gap)));
        done = range.end;
        parts.push(ExcerptPart::of(range, is_free(&simple)));
    }
    parts.push(ExcerptPart::of(done..text.len(), false));
    parts
}

/// The lines of a command that shares them with no other.
fn own_lines(text: &str, simple: &Simple) -> Option<Range<usize>> {
    if simple.outer.is_some() || simple.sometimes || !simple.array.is_empty() {
        return None;
    }
    let (first, last) = (simple.words.first()?, simple.words.last()?);
    let head = text.get(..first.range.start)?;
    let start = head.rfind('\n').map_or(0, |end| end + 1);
    let before = text.get(..start)?.trim_end();
    let joined = ["\\", "&&", "||", "|", "(", "{"].iter().any(|sign| before.ends_with(sign));
    let tail = text.get(last.range.end..)?;
    let length = tail.find('\n').map_or(tail.len(), |end| end + 1);
    let behind = tail.get(..length)?.trim_start();
    let alone = head.get(start..)?.trim().is_empty() && !joined;
    (alone && (behind.is_empty() || behind.starts_with('#')))
        .then_some(start..last.range.end + length)
}

/// Nothing in it is a command.
fn is_silent(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

/// A build, or variables that hold no options of one.
fn is_free(simple: &Simple) -> bool {
    let is_plain = |value: &str| {
        !value.starts_with('-') && !["type=", " -"].iter().any(|part| value.contains(part))
    };
    let holds = |word: &str| word.split_once('=').is_some_and(|(_, value)| is_plain(value));
    let mut words = simple.words.iter().map(|word| word.value.as_str());
    words.all(|word| is_assignment(word) && holds(word)) || is_build(simple)
}
