//! Puts other words in the place of `docker build` and inserts items into a script.

use yamlpath::Document;

use super::{BuildChange, Correction};
use crate::config::bitbucket::build_verbs;
use crate::config::patch::{Patch, line_at};
use crate::config::yaml::{field, span};

/// Changes the script of one step.
pub(super) fn change(doc: &Document, correction: &Correction, patch: &mut Patch) -> Result<(), String> {
    if correction.builds.is_empty() {
        return Ok(());
    }
    let script = field(doc, &correction.route, "script").ok_or("a script was not found")?;
    for build in &correction.builds {
        item(doc, &script.route.with_key(build.item), build, patch)?;
    }
    Ok(())
}

fn item(
    doc: &Document,
    route: &yamlpath::Route<'static>,
    build: &BuildChange,
    patch: &mut Patch,
) -> Result<(), String> {
    let source = doc.source();
    let place = span(doc, route).ok_or("a line of a script was not found")?;
    let text = source.get(place.start..place.end).ok_or("a line of a script was not found")?;
    let verbs = build_verbs(text);
    if verbs.len() != build.verbs.len() {
        return Err("a build command is written in an unusual way".into());
    }
    for (verb, words) in verbs.iter().zip(&build.verbs) {
        patch.replace(place.start + verb.start..place.start + verb.end, words.clone());
    }
    let indent = dash_indent(source, place.start).ok_or("a script is not written as a list with one item a line")?;
    let as_items = |lines: &[String]| lines.iter().map(|line| format!("{indent}- {line}")).collect::<Vec<_>>();
    if !build.before.is_empty() {
        patch.insert_before(source, place.start, &as_items(&build.before));
    }
    if !build.after.is_empty() {
        patch.insert_after(source, place.start + text.trim_end().len(), &as_items(&build.after));
    }
    Ok(())
}

/// Blanks in front of the dash, where nothing but the dash is in front of the item.
fn dash_indent(source: &str, at: usize) -> Option<String> {
    let before = source.get(line_at(source, at).start..at)?;
    let indent = before.trim_end().strip_suffix('-')?;
    indent.trim().is_empty().then(|| indent.to_owned())
}
