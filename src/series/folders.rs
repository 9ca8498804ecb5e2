//! Runs that lie in folders of their own: `logs/4711/build.log`, `logs/4712/build.log`.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::Series;
use super::matching::{Index, look, other_platform, same};
use crate::evidence::layout;
use crate::model::Run;

/// Merges series of one build each whose folders hold one run each, under one file name: there the
/// folders are the runs. So they are where each holds a log for each of several images, and they
/// are numbered: `run-01/api.log`, `run-01/web.log`, `run-02/api.log`. Other folders with several
/// runs are jobs, and jobs are never merged.
pub(super) fn merge(runs: &[Run], series: Vec<Series>) -> Vec<Series> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for run in runs {
        *sizes.entry(folder(&run.source)).or_default() += 1;
    }
    let mut merged: Vec<Series> = Vec::new();
    // Series whose builds are alone in their folders, by what their logs are called.
    let mut homes: HashMap<(String, Option<&str>), Index> = HashMap::default();
    for one in series {
        let first = one.builds.first().and_then(|&at| look(runs, at));
        let first = if alone(runs, &sizes, &one) { first } else { None };
        let Some((run, build)) = first else {
            merged.push(one);
            continue;
        };
        let name = match sizes.get(folder(&run.source)) {
            Some(1) => without_digits(file(&run.source)),
            _ => format!("{}/{}", unnumbered(folder(&run.source)), file(&run.source)),
        };
        let here = homes.entry((name, run.job.as_deref())).or_default();
        let fitting = here.candidates(run, build).into_iter();
        let home =
            fitting.filter(|at| merged.get(*at).is_some_and(|home| fits(runs, home, &one))).min();
        let home = home.unwrap_or(merged.len());
        if let Some((run, build)) = one.builds.last().and_then(|&at| look(runs, at)) {
            here.add(home, run, build);
        }
        match merged.get_mut(home) {
            Some(home) => home.builds.extend(one.builds),
            None => merged.push(one),
        }
    }
    merged
}

/// The folder of a source, empty for the working directory and standard input.
pub(super) fn folder(source: &str) -> &str {
    layout(source).rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
}

fn file(source: &str) -> &str {
    let source = layout(source);
    source.rsplit(['/', '\\']).next().unwrap_or(source)
}

/// `job-990007.log` is called after the job's number.
fn without_digits(name: &str) -> String {
    name.replace(|c: char| c.is_ascii_digit(), "")
}

/// Every build of the series is in a folder that holds one run; or the one that it has is in a
/// numbered one, where no other log has the like.
fn alone(runs: &[Run], sizes: &BTreeMap<&str, usize>, series: &Series) -> bool {
    let single = series.builds.len() == 1;
    let mut builds = series.builds.iter().filter_map(|&at| look(runs, at));
    builds.all(|(run, _)| {
        let folder = folder(&run.source);
        sizes.get(folder) == Some(&1) || single && unnumbered(folder).len() < folder.len()
    })
}

/// The folder without the number at its end.
fn unnumbered(folder: &str) -> &str {
    folder.trim_end_matches(|c: char| c.is_ascii_digit())
}

fn fits(runs: &[Run], home: &Series, one: &Series) -> bool {
    let last = home.builds.last().and_then(|&at| look(runs, at));
    let next = one.builds.first().and_then(|&at| look(runs, at));
    let (Some((before, a)), Some((run, b))) = (last, next) else { return false };
    before.source != run.source && !other_platform((before, a), (run, b)) && same(a, b)
}
