//! Names of series, for people: unique within a report.

use std::collections::BTreeMap;

use super::Series;
use super::folders::folder;
use super::matching::look;
use crate::model::{Build, CacheKind, Run, Transfer};

/// Names every series after its target, its job where there are several, or its image, which a build
/// that failed may not print, else its newest run; the folder is added where two would be called the
/// same, and a number where that does not help.
pub(super) fn name(runs: &[Run], series: &mut [Series]) {
    let several = runs.windows(2).any(|pair| matches!(pair, [a, b] if a.job != b.job));
    for one in &mut *series {
        let mut builds = one.builds.iter().rev().filter_map(|at| look(runs, *at));
        let label = || newest(runs, one).map(|(run, _)| run.label.to_string());
        let name = builds.find_map(|(run, build)| own_name(run, build, several));
        one.key = name.or_else(label).unwrap_or_default();
    }
    tell_apart(series, |one| {
        let mut builds = one.builds.iter().rev().filter_map(|at| look(runs, *at));
        let image = builds.find_map(|(_, build)| image(build))?;
        (image != one.key).then(|| format!("{image} ({})", one.key))
    });
    tell_apart(series, |one| {
        let (run, _) = newest(runs, one)?;
        let place = last_folder(run);
        (!place.is_empty()).then(|| format!("{} ({place})", one.key))
    });
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    tell_apart(series, |one| {
        let nth = used.entry(one.key.clone()).or_default();
        *nth += 1;
        Some(format!("{} #{nth}", one.key))
    });
}

/// Those that are called as another one get a further name, where there is one.
fn tell_apart(series: &mut [Series], mut name: impl FnMut(&Series) -> Option<String>) {
    let counts = count(series);
    for one in series {
        if counts.get(&one.key).is_some_and(|n| *n > 1)
            && let Some(name) = name(one)
        {
            one.key = name;
        }
    }
}

fn count(series: &[Series]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for one in series {
        *counts.entry(one.key.clone()).or_default() += 1;
    }
    counts
}

fn newest<'a>(runs: &'a [Run], series: &Series) -> Option<(&'a Run, &'a Build)> {
    look(runs, *series.builds.last()?)
}

fn last_folder(run: &Run) -> &str {
    folder(&run.source).rsplit(['/', '\\']).next().unwrap_or_default()
}

fn own_name(run: &Run, build: &Build, several: bool) -> Option<String> {
    let job = run.job.as_ref();
    let first = build.target.as_ref().or(if several { job } else { None });
    let name = first.map(ToString::to_string).or_else(|| image(build));
    name.or_else(|| job.map(ToString::to_string))
}

/// The repository of its image, else the one that it reads.
fn image(build: &Build) -> Option<String> {
    // `local:571`, `gha:153`: a directory and a service have no names.
    let named = |import: &&Transfer| import.kind == CacheKind::Registry;
    let import = || build.imports.iter().find(named).and_then(|i| i.reference.as_ref());
    build.images.first().or_else(import).map(|image| repository(image))
}

/// `team/app` of `registry.example.com/team/app:latest`.
fn repository(image: &str) -> String {
    let path = image.split('@').next().unwrap_or(image);
    let path =
        path.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(path, |(path, _)| path);
    path.split_once('/')
        .filter(|(host, _)| host.contains(['.', ':']))
        .map_or(path, |(_, rest)| rest)
        .to_owned()
}
