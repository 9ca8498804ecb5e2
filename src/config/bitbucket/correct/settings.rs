//! Sets the image and the runtime version of a step.

use yamlpath::{Document, Route};

use super::Correction;
use crate::config::patch::{Patch, line_at};
use crate::config::yaml::{field, key_span, span};

const UNUSUAL: &str = "a step is written in an unusual form";

/// Changes the settings of one step.
pub(super) fn change(doc: &Document, correction: &Correction, patch: &mut Patch) -> Result<(), String> {
    let mut lines = Vec::new();
    if let Some(image) = &correction.image
        && !replaced(doc, correction, &["image"], image, patch)?
    {
        lines.push(format!("image: {image}"));
    }
    if let Some(version) = &correction.runtime
        && !replaced(doc, correction, &["runtime", "cloud", "version"], &format!("\"{version}\""), patch)?
    {
        lines.extend(["runtime:".to_owned(), "  cloud:".to_owned(), format!("    version: \"{version}\"")]);
    }
    if lines.is_empty() { Ok(()) } else { insert(doc, &correction.route, &lines, patch) }
}

/// Replaces the value where the step has one of its own; `false` where a line has to be inserted.
fn replaced(
    doc: &Document,
    correction: &Correction,
    keys: &[&'static str],
    value: &str,
    patch: &mut Patch,
) -> Result<bool, String> {
    let Some(first) = keys.first().and_then(|key| field(doc, &correction.route, key)) else { return Ok(false) };
    if first.merged {
        return Ok(false);
    }
    let rest = keys.iter().skip(1).map(|key| (*key).into());
    let place = span(doc, &first.route.with_keys(rest)).ok_or(UNUSUAL)?;
    if doc.source().get(place.start..place.end).is_none_or(|text| text.contains(['\n', '{'])) {
        return Err(UNUSUAL.into());
    }
    patch.replace(place.start..place.end, value);
    Ok(true)
}

/// Below the name, else above the script.
fn insert(doc: &Document, step: &Route<'static>, lines: &[String], patch: &mut Patch) -> Result<(), String> {
    let source = doc.source();
    let own = |name: &str| field(doc, step, name).filter(|f| !f.merged).map(|f| f.route);
    let indented = |at: usize| {
        let indent = " ".repeat(at - line_at(source, at).start);
        lines.iter().map(|line| format!("{indent}{line}")).collect::<Vec<_>>()
    };
    if let Some(name) = own("name") {
        let (key, value) = key_span(doc, &name).zip(span(doc, &name)).ok_or(UNUSUAL)?;
        if alone(source, key.start) && value.start > key.end {
            patch.insert_after(source, value.end, &indented(key.start));
            return Ok(());
        }
    }
    let key =
        own("script").and_then(|route| key_span(doc, &route)).filter(|k| alone(source, k.start)).ok_or(UNUSUAL)?;
    patch.insert_before(source, key.start, &indented(key.start));
    Ok(())
}

/// Nothing but blanks is in front of it on its line.
fn alone(source: &str, at: usize) -> bool {
    source.get(line_at(source, at).start..at).is_some_and(|before| before.trim().is_empty())
}
