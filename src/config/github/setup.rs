//! The step that makes a docker-container builder.

use crate::config::yaml::Document;

use super::read::WorkflowBuild;
use crate::config::patch::{Patch, line_at};
use crate::config::yaml;

/// Inserts it before the first of these builds in each job.
pub(super) fn insert(
    doc: &Document,
    builds: &[&WorkflowBuild],
    patch: &mut Patch,
) -> Result<(), String> {
    let mut done = Vec::new();
    let mut builds = builds.to_vec();
    builds.sort_by_key(|build| build.place.command.quote.line);
    for build in builds {
        if done.contains(&build.job) {
            continue;
        }
        done.push(build.job);
        before(doc, build, build.value.get("name").is_some(), patch)?;
    }
    Ok(())
}

fn before(
    doc: &Document,
    build: &WorkflowBuild,
    named: bool,
    patch: &mut Patch,
) -> Result<(), String> {
    const NO: &str = "the steps are not written as a list with one item a line";
    let source = doc.source();
    let start = yaml::span(doc, &build.step).ok_or(NO)?.start;
    let head = source.get(line_at(source, start).start..start).ok_or(NO)?;
    if head.trim() != "-" {
        return Err(NO.into());
    }
    let top = comments_above(source, start);
    let uses = "uses: docker/setup-buildx-action@v3";
    let mut lines = if named {
        vec![
            format!("{head}name: Set up Docker Buildx"),
            format!("{}{uses}", " ".repeat(head.len())),
        ]
    } else {
        vec![format!("{head}{uses}")]
    };
    let spaced =
        top > 0 && source.get(line_at(source, top - 1)).is_some_and(|line| line.trim().is_empty());
    lines.extend(spaced.then(String::new));
    patch.insert_before(source, top, &lines);
    Ok(())
}

/// Begin of the step's line, or of the comment right above it, which belongs to it.
fn comments_above(source: &str, at: usize) -> usize {
    let mut top = line_at(source, at).start;
    while let Some(above) = top.checked_sub(1).map(|end| line_at(source, end)) {
        if !source.get(above.clone()).is_some_and(|line| line.trim_start().starts_with('#')) {
            break;
        }
        top = above.start;
    }
    top
}
