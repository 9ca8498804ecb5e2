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
    let own_name = |at| own_name(at, several);
    each(series, |one| {
        let mut builds = one.builds.iter().rev().filter_map(|at| look(runs, *at));
        let label = || newest(runs, one).map(|(run, _)| run.label.to_string());
        builds.find_map(own_name).or_else(label).unwrap_or_default()
    });
    let counts = count(series);
    each(series, |one| {
        let mut builds = one.builds.iter().rev().filter_map(|at| look(runs, *at));
        let image = builds.find_map(|(_, build)| image(build)).filter(|image| *image != one.key);
        match image.filter(|_| counts.get(&one.key).is_some_and(|n| *n > 1)) {
            Some(image) => format!("{image} ({})", one.key),
            None => one.key.clone(),
        }
    });
    let counts = count(series);
    each(series, |one| {
        let place =
            newest(runs, one).map(|(run, _)| last_folder(run)).filter(|place| !place.is_empty());
        match place.filter(|_| counts.get(&one.key).is_some_and(|n| *n > 1)) {
            Some(place) => format!("{} ({place})", one.key),
            None => one.key.clone(),
        }
    });
    let counts = count(series);
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    each(series, |one| {
        let nth = used.entry(one.key.clone()).or_default();
        *nth += 1;
        if counts.get(&one.key).is_some_and(|n| *n > 1) {
            format!("{} #{nth}", one.key)
        } else {
            one.key.clone()
        }
    });
}

fn each(series: &mut [Series], mut name: impl FnMut(&Series) -> String) {
    for one in series {
        one.key = name(one);
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

fn own_name((run, build): (&Run, &Build), several: bool) -> Option<String> {
    let target = build.target.as_ref().or_else(|| run.job.as_ref().filter(|_| several));
    let target = target.map(ToString::to_string).or_else(|| image(build));
    target.or_else(|| run.job.as_ref().map(ToString::to_string))
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
