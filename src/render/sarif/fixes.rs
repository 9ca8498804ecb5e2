//! Corrected files as replacements of lines.

use similar::{DiffTag, TextDiff};

use super::message;
use super::results::uri;
use super::wire::{ArtifactLocation, Change, Fix, Message, Region, Replacement};
use crate::finding::{Edit, Fix as Remedy};
use crate::render::{Report, anchor, redact::redact};

/// The edit; `None` where its file is not among the configuration, or where it holds a secret: with
/// that masked it would no longer be the fix.
pub(super) fn fix(report: &Report, remedy: &Remedy, edit: &Edit) -> Option<Fix> {
    let config = report.study.configs.iter().find(|config| config.path == edit.path)?;
    let text = edit.change.applied(&config.text);
    if redact(&text) != text {
        return None;
    }
    let artifact_location = ArtifactLocation { uri: uri(&anchor::repository_path(&edit.path)) };
    let replacements = replacements(&config.text, &text);
    let change = Change { artifact_location, replacements };
    Some(Fix { description: message(&remedy.summary), artifact_changes: [change] })
}

/// From one text to the other, in whole lines.
pub(super) fn replacements(old: &str, new: &str) -> Vec<Replacement> {
    let diff = TextDiff::from_lines(old, new);
    let (old, new): (Vec<&str>, Vec<&str>) =
        (diff.iter_old_slices().collect(), diff.iter_new_slices().collect());
    let changed = diff
        .ops()
        .iter()
        .map(similar::DiffOp::as_tag_tuple)
        .filter(|(tag, ..)| *tag != DiffTag::Equal);
    let changed = changed.map(|(_, before, after)| {
        let (start_line, start_column) = place(&old, before.start);
        let (end_line, end_column) = place(&old, before.end);
        let text = new.get(after).unwrap_or_default().concat();
        let deleted_region = Region { start_line, start_column, end_line, end_column };
        Replacement { deleted_region, inserted_content: Message { text } }
    });
    changed.collect()
}

/// Where a line begins. Behind a last line without line end no line begins: that is its end.
fn place(lines: &[&str], index: usize) -> (usize, usize) {
    let before = index.checked_sub(1).and_then(|last| lines.get(last));
    match before {
        Some(last) if !last.ends_with('\n') => (index, last.chars().count() + 1),
        _ => (index + 1, 1),
    }
}
