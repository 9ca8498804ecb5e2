//! The rows of the grid: what is restored and imported, the steps of each stage, what is exported
//! and saved.
//!
//! Brings the parts of several builds side by side. Judges nothing.

use std::collections::{BTreeSet, HashMap};

use super::cell::Cell;
use crate::model::{Base, Build, CacheKind, CacheOperation, Run, Step, Transfer};
use crate::series::{self, chain};

/// One row, one cell a build.
pub(super) struct GridRow<'a> {
    pub kind: &'static str,
    pub stage: &'a str,
    pub platform: &'a str,
    pub name: &'a str,
    /// The stages it takes files from.
    pub copies: Vec<&'a str>,
    pub cells: Vec<Option<Cell<'a>>>,
}

/// A build with its run.
pub(super) type Member<'a> = (&'a Run, &'a Build);

/// All rows of a series, in the order in which a build comes to them.
pub(super) fn of_series<'a>(members: &[Member<'a>]) -> Vec<GridRow<'a>> {
    let mut rows = ci_caches(members, CacheOperation::Restore);
    rows.extend(aligned(members, |(_, build)| imports(build)));
    rows.extend(stages(members));
    rows.extend(aligned(members, |(_, build)| exports(build)));
    rows.extend(ci_caches(members, CacheOperation::Save));
    rows
}

/// What makes two cells stand in one row: kind, platform, stage, name.
type Key<'a> = (&'static str, &'a str, &'a str, &'a str);

/// Rows in the order in which their keys appear first.
fn aligned<'a>(
    members: &[Member<'a>],
    mut parts: impl FnMut(&Member<'a>) -> Vec<(Key<'a>, Cell<'a>)>,
) -> Vec<GridRow<'a>> {
    let mut rows: Vec<GridRow> = Vec::new();
    let mut known: HashMap<Key, usize> = HashMap::new();
    for (column, member) in members.iter().enumerate() {
        for (key, cell) in parts(member) {
            let at = *known.entry(key).or_insert_with(|| {
                let (kind, platform, stage, name) = key;
                rows.push(GridRow {
                    kind,
                    stage,
                    platform,
                    name,
                    copies: Vec::new(),
                    cells: vec![None; members.len()],
                });
                rows.len() - 1
            });
            if let Some(place) = rows.get_mut(at).and_then(|row| row.cells.get_mut(column)) {
                // Of two operations of one name in a build, the one that failed tells more.
                *place = place.filter(|earlier| earlier.error.is_some()).or(Some(cell));
            }
        }
    }
    rows
}

fn imports(build: &Build) -> Vec<(Key<'_>, Cell<'_>)> {
    build.imports.iter().map(|t| (("import", "", "", name(t)), Cell::of_import(t))).collect()
}

/// An inline cache is exported within the image's own export, so the model keeps it as a line only.
fn exports(build: &Build) -> Vec<(Key<'_>, Cell<'_>)> {
    let shown = build.exports.iter().any(|e| e.kind == CacheKind::Inline);
    let inline = if shown { None } else { build.inline.as_ref() };
    let inline = inline
        .map(|quote| (("export", "", "", CacheKind::Inline.name()), Cell::of_inline_export(quote)));
    build
        .exports
        .iter()
        .map(|t| (("export", "", "", name(t)), Cell::of_export(t)))
        .chain(inline)
        .collect()
}

/// Exports do not print their reference.
fn name(transfer: &Transfer) -> &str {
    transfer.reference.as_deref().unwrap_or(transfer.kind.name())
}

fn ci_caches<'a>(members: &[Member<'a>], operation: CacheOperation) -> Vec<GridRow<'a>> {
    let kind = match operation {
        CacheOperation::Restore => "restore",
        CacheOperation::Save => "save",
    };
    aligned(members, |(run, _)| {
        let caches = run.ci_caches.iter().filter(|cache| cache.operation == operation);
        caches
            .map(|cache| ((kind, "", "", cache.name.as_str()), Cell::of_ci_cache(cache)))
            .collect()
    })
}

/// Each stage together, its base image first: logs interleave stages that are built side by side.
fn stages<'a>(members: &[Member<'a>]) -> Vec<GridRow<'a>> {
    let mut bases = bases(members);
    let steps = steps(members);
    let mut order: HashMap<(&str, &str), usize> = HashMap::new();
    for place in steps.iter().chain(&bases).map(place) {
        let next = order.len();
        order.entry(place).or_insert(next);
    }
    bases.extend(steps);
    bases.sort_by_key(|row| order.get(&place(row)).copied());
    bases
}

fn place<'a>(row: &GridRow<'a>) -> (&'a str, &'a str) {
    (row.platform, row.stage)
}

fn bases<'a>(members: &[Member<'a>]) -> Vec<GridRow<'a>> {
    let mut known = HashMap::new();
    aligned(members, |(_, build)| {
        let bases = build.bases.iter().filter(|base| !base.image.is_empty());
        let key = |b: &'a Base| ("from", b.platform.as_str(), b.stage.as_str(), b.image.as_str());
        bases.map(|base| (key(base), Cell::of_base(base, &mut known))).collect()
    })
}

fn steps<'a>(members: &[Member<'a>]) -> Vec<GridRow<'a>> {
    let builds: Vec<&Build> = members.iter().map(|(_, build)| *build).collect();
    let stages: Vec<BTreeSet<&str>> = builds.iter().map(|build| names(build)).collect();
    let rows = series::rows(&builds).into_iter().map(|row| GridRow {
        kind: "step",
        stage: row.stage,
        platform: row.platform,
        name: row.text,
        copies: builds
            .iter()
            .zip(&stages)
            .zip(&row.cells)
            .rev()
            .find_map(|((build, stages), cell)| Some(copies(build, stages, (*cell)?)))
            .unwrap_or_default(),
        cells: row.cells.iter().map(|cell| cell.map(Cell::of_step)).collect(),
    });
    rows.collect()
}

fn names(build: &Build) -> BTreeSet<&str> {
    build.steps.iter().map(|step| step.stage.as_str()).collect()
}

/// Those of the stages that a step takes files from: most steps take none from any.
fn copies<'a>(build: &Build, stages: &BTreeSet<&'a str>, step: &Step) -> Vec<&'a str> {
    if step.trace.is_none() && step.operation().sources().next().is_none() {
        return Vec::new();
    }
    let read = |stage: &&&str| **stage != step.stage && chain::reads(build, step, stage);
    stages.iter().filter(read).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn stands_in_the_order_of_a_build() {
        let report = samples::multi_stage();
        let members: Vec<_> = report.study.members(&report.study.series[0]).collect();
        let rows = of_series(&members);
        let shown: Vec<_> = rows.iter().map(|row| (row.kind, row.stage, row.name)).collect();
        assert_eq!(
            shown,
            [
                ("import", "", "registry.example.com/team/svc:latest"),
                ("step", "build", "WORKDIR /src"),
                ("step", "stage-1", "RUN apk add --no-cache ca-certificates"),
                ("export", "", "inline"),
                ("save", "", "docker: docker.tar"),
            ]
        );
        let marks: String = rows[2].cells.iter().flatten().map(|cell| cell.mark).collect();
        assert_eq!(marks, "mhhh");
    }
}
