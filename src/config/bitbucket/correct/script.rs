//! Puts other words in the place of `docker build` and inserts items into a script.

use super::{BuildChange, Correction};
use crate::config::image_builds;
use crate::config::patch::{Patch, line_at};
use crate::config::yaml::{Document, Route, Scalar, field};

/// Changes the script of one step.
pub(super) fn change(
    doc: &Document,
    correction: &Correction,
    patch: &mut Patch,
) -> Result<(), String> {
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
    route: &Route,
    build: &BuildChange,
    patch: &mut Patch,
) -> Result<(), String> {
    const UNUSUAL: &str = "a build command is written in an unusual way";
    let source = doc.source();
    let scalar = Scalar::find(doc, route, &build.text).ok_or(UNUSUAL)?;
    let found = image_builds(&build.text);
    if found.len() != build.verbs.len() {
        return Err(UNUSUAL.into());
    }
    for (old, words) in found.iter().zip(&build.verbs) {
        let (start, end) =
            scalar.offset(old.verb.start).zip(scalar.end_offset(old.verb.end)).ok_or(UNUSUAL)?;
        patch.replace(start..end, scalar.written(words).ok_or(UNUSUAL)?);
    }
    let indent = dash_indent(source, scalar.start)
        .ok_or("a script is not written as a list with one item a line")?;
    let as_items =
        |lines: &[String]| lines.iter().map(|line| format!("{indent}- {line}")).collect::<Vec<_>>();
    if !build.before.is_empty() {
        patch.insert_before(source, scalar.start, &as_items(&build.before));
    }
    if !build.after.is_empty() {
        patch.insert_after(source, scalar.end, &as_items(&build.after));
    }
    Ok(())
}

/// Blanks in front of the dash, where nothing but the dash is in front of the item.
fn dash_indent(source: &str, at: usize) -> Option<String> {
    let before = source.get(line_at(source, at).start..at)?;
    let indent = before.trim_end().strip_suffix('-')?;
    indent.trim().is_empty().then(|| indent.to_owned())
}
