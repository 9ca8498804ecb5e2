//! Edits of YAML's flow form (`{a: [b, c]}`), which JSON is a part of.

use super::trimmed_end;
use crate::config::patch::{Patch, eol, indent_at};
use crate::config::yaml::{Span, flow_list};

const UNUSUAL: &str = "it is written over several lines with comments in it";

/// Puts other items into a list.
pub(super) fn replace(
    source: &str,
    place: &Span,
    items: &[String],
    patch: &mut Patch,
) -> Result<(), String> {
    let end = trimmed_end(source, place);
    let old = source.get(place.start..end).unwrap_or_default();
    if old.contains('#') {
        return Err(UNUSUAL.to_owned());
    }
    patch.replace(place.start..end, flow_list(items));
    Ok(())
}

/// Adds an entry at the end of a mapping, on a line of its own where the last one stands so.
pub(super) fn insert(
    source: &str,
    place: &Span,
    entry: &str,
    patch: &mut Patch,
) -> Result<(), String> {
    let end = trimmed_end(source, place);
    let inside = source.get(place.start + 1..end.saturating_sub(1)).ok_or(UNUSUAL)?;
    let held = inside.trim_end();
    if inside.contains('#') {
        return Err(UNUSUAL.to_owned());
    }
    let at = place.start + 1 + held.len();
    let comma = if held.is_empty() || held.ends_with(',') { "" } else { "," };
    let first = place.start + 1 + inside.len() - inside.trim_start().len();
    let own_line = inside.get(..first - place.start - 1).is_some_and(|blank| blank.contains('\n'));
    let lead = if own_line {
        format!("{}{}", eol(source), indent_at(source, first))
    } else {
        " ".to_owned()
    };
    let lead = if held.is_empty() { String::new() } else { lead };
    patch.replace(at..at, format!("{comma}{lead}{entry}"));
    Ok(())
}

/// Takes an entry out, with the comma that parts it from its neighbour.
pub(super) fn remove(
    source: &str,
    start: usize,
    end: usize,
    patch: &mut Patch,
) -> Result<(), String> {
    let behind = source.get(end..).unwrap_or_default();
    let after = behind.trim_start();
    if let Some(rest) = after.strip_prefix(',') {
        let kept = rest.trim_start();
        patch.replace(start..source.len() - kept.len(), "");
        return Ok(());
    }
    let before = source.get(..start).unwrap_or_default().trim_end();
    let from = before.strip_suffix(',').map_or(start, str::len);
    if !after.starts_with('}') {
        return Err(UNUSUAL.to_owned());
    }
    patch.replace(from..end, "");
    Ok(())
}
