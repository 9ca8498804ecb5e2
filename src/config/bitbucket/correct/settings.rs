//! Sets the image and the runtime version of a step.

use crate::config::bitbucket::Setting;
use crate::config::patch::{Patch, line_at};
use crate::config::yaml::{Document, Field, Route, field, key, key_span, span};

const UNUSUAL: &str = "a step is written in an unusual form";

/// Changes the settings of one step, in the mapping that holds its script: a step made by `<<:`
/// shares it with others, whose builds change too.
pub(in crate::config::bitbucket) fn change(
    doc: &Document,
    step: &Route,
    setting: &Setting,
    patch: &mut Patch,
) -> Result<(), String> {
    let mut lines = Vec::new();
    if let Some(image) = &setting.image
        && !replaced(doc, step, &["image"], image, patch)?
    {
        lines.push(format!("image: {image}"));
    }
    if let Some(version) = &setting.runtime
        && !replaced(doc, step, &["runtime", "cloud", "version"], &format!("\"{version}\""), patch)?
    {
        lines.extend([
            "runtime:".to_owned(),
            "  cloud:".to_owned(),
            format!("    version: \"{version}\""),
        ]);
    }
    if lines.is_empty() { Ok(()) } else { insert(doc, step, &lines, patch) }
}

/// Replaces the value where it has one; `false` where a line has to be inserted.
fn replaced(
    doc: &Document,
    step: &Route,
    keys: &[&'static str],
    value: &str,
    patch: &mut Patch,
) -> Result<bool, String> {
    let written = |field: &Field| !field.merged || is_beside_script(doc, step, field);
    let found = keys.first().and_then(|key| field(doc, step, key)).filter(written);
    let Some(first) = found else { return Ok(false) };
    let rest = keys.iter().skip(1);
    let route = rest.fold(first.route.clone(), |route, key| route.with_key(*key));
    let place = span(doc, &route).ok_or(UNUSUAL)?;
    if doc.source().get(place.start..place.end).is_none_or(|text| text.contains(['\n', '{'])) {
        return Err(UNUSUAL.into());
    }
    patch.replace(place.start..place.end, value);
    Ok(true)
}

/// It stands in the mapping that holds the script.
fn is_beside_script(doc: &Document, step: &Route, other: &Field) -> bool {
    let home = |field: Field| field.route.parent().map(|route| format!("{route:?}"));
    let script = field(doc, step, "script").and_then(home);
    script.is_some() && script == other.route.parent().map(|route| format!("{route:?}"))
}

/// Below the name that stands with the script, else above the script.
fn insert(doc: &Document, step: &Route, lines: &[String], patch: &mut Patch) -> Result<(), String> {
    let source = doc.source();
    let indented = |at: usize| {
        let indent = " ".repeat(at - line_at(source, at).start);
        lines.iter().map(|line| format!("{indent}{line}")).collect::<Vec<_>>()
    };
    let script = field(doc, step, "script").ok_or(UNUSUAL)?.route;
    let name = script.parent().map(|home| key(&home, "name")).filter(|name| doc.query_exists(name));
    if let Some(name) = name {
        let (key, value) = key_span(doc, &name).zip(span(doc, &name)).ok_or(UNUSUAL)?;
        if alone(source, key.start) && value.start > key.end {
            patch.insert_after(source, value.end, &indented(key.start));
            return Ok(());
        }
    }
    let key = key_span(doc, &script).filter(|key| alone(source, key.start)).ok_or(UNUSUAL)?;
    patch.insert_before(source, key.start, &indented(key.start));
    Ok(())
}

/// Nothing but blanks is in front of it on its line.
fn alone(source: &str, at: usize) -> bool {
    source.get(line_at(source, at).start..at).is_some_and(|before| before.trim().is_empty())
}
