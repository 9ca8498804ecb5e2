//! Which builds are the same build.
//!
//! Two builds are the same when their stages and instructions are: more than half of the shorter
//! one's steps are in the other. Values expanded into a header may differ, so may step numbers.

use std::collections::BTreeMap;

use super::{BuildRef, Series};
use crate::model::{Build, Run, Step};

/// Groups the builds of all runs into series, in the order of first appearance.
///
/// Builds are compared within a directory. Where every directory holds the build only once, and
/// under one file name, the directories are the runs (`logs/4711/build.log`, `logs/4712/build.log`)
/// and their builds one series.
#[must_use]
pub fn group(runs: &[Run]) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    for (r, run) in runs.iter().enumerate() {
        for (b, build) in run.builds.iter().enumerate() {
            let at = BuildRef { run: r, build: b };
            let fits = |s: &&mut Series| {
                s.builds.last().and_then(|&last| look(runs, last)).is_some_and(|(other, built)| {
                    folder(&other.source) == folder(&run.source) && other.job == run.job && same(built, build)
                })
            };
            match series.iter_mut().find(fits) {
                Some(found) => found.builds.push(at),
                None => series.push(Series { key: String::new(), builds: vec![at] }),
            }
        }
    }
    let mut series = across_folders(runs, series);
    name(runs, &mut series);
    series
}

/// Whether two steps are the same instruction: equal texts, or texts that differ in values only.
#[must_use]
pub fn alike(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split_ascii_whitespace().collect(), b.split_ascii_whitespace().collect());
    let equal = a.iter().zip(&b).filter(|(a, b)| a == b).count();
    a.len() == b.len() && a.first() == b.first() && equal * 2 >= a.len()
}

fn look(runs: &[Run], at: BuildRef) -> Option<(&Run, &Build)> {
    let run = runs.get(at.run)?;
    Some((run, run.builds.get(at.build)?))
}

fn folder(source: &str) -> &str {
    source.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
}

fn file(source: &str) -> &str {
    source.rsplit(['/', '\\']).next().unwrap_or(source)
}

/// Merges series of one build each that lie in different directories under one file name.
fn across_folders(runs: &[Run], series: Vec<Series>) -> Vec<Series> {
    let mut merged: Vec<Series> = Vec::new();
    let mut several: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for run in runs {
        *several.entry((folder(&run.source), "")).or_default() += 1;
    }
    let alone = |s: &Series| {
        let source = s.builds.first().and_then(|&at| look(runs, at)).map(|(run, _)| folder(&run.source));
        s.builds.len() == 1 && source.is_some_and(|folder| several.get(&(folder, "")) == Some(&1))
    };
    for one in series {
        let fits = |other: &&mut Series| {
            let pair =
                other.builds.last().and_then(|&a| look(runs, a)).zip(one.builds.first().and_then(|&b| look(runs, b)));
            pair.is_some_and(|((ra, a), (rb, b))| {
                file(&ra.source) == file(&rb.source) && ra.source != rb.source && ra.job == rb.job && same(a, b)
            })
        };
        let home = if alone(&one) {
            merged
                .iter_mut()
                .filter(|s| {
                    s.builds.iter().all(|&at| {
                        look(runs, at).is_some_and(|(r, _)| several.get(&(folder(&r.source), "")) == Some(&1))
                    })
                })
                .find(fits)
        } else {
            None
        };
        match home {
            Some(home) => home.builds.extend(one.builds),
            None => merged.push(one),
        }
    }
    merged
}

fn same(a: &Build, b: &Build) -> bool {
    if a.dialect != b.dialect || (a.target.is_some() && b.target.is_some() && a.target != b.target) {
        return false;
    }
    if a.steps.is_empty() || b.steps.is_empty() {
        return a.steps.is_empty() && b.steps.is_empty() && bases_and_errors(a) == bases_and_errors(b);
    }
    let (short, long) = if a.steps.len() <= b.steps.len() { (a, b) } else { (b, a) };
    let matched = short.steps.iter().filter(|s| long.steps.iter().any(|o| same_step(s, o))).count();
    let all = short.steps.len();
    if same_bases(a, b) { matched * 2 > all } else { matched * 5 >= all * 4 }
}

fn bases_and_errors(build: &Build) -> (Vec<&str>, Vec<&str>) {
    (build.bases.iter().map(|b| b.image.as_str()).collect(), build.errors.iter().map(|e| &*e.text).collect())
}

fn same_step(a: &Step, b: &Step) -> bool {
    let number = a.position == b.position && a.of == b.of && a.instruction == b.instruction;
    a.stage == b.stage && a.platform == b.platform && (a.text == b.text || (number && alike(&a.text, &b.text)))
}

/// Some stage begins with the same image in both, whatever its tag; a build whose FROM was not
/// printed has no say.
fn same_bases(a: &Build, b: &Build) -> bool {
    let repository = |image: &str| image.rsplit_once(':').map_or(image, |(name, _)| name).to_owned();
    a.bases.is_empty()
        || b.bases.is_empty()
        || a.bases.iter().any(|x| b.bases.iter().any(|y| repository(&x.image) == repository(&y.image)))
}

/// Names every series: target or image where that tells them apart, else the first run.
fn name(runs: &[Run], series: &mut [Series]) {
    let names: Vec<String> = series
        .iter()
        .map(|s| s.builds.last().and_then(|&at| look(runs, at)).map(own_name).unwrap_or_default())
        .collect();
    for (i, one) in series.iter_mut().enumerate() {
        let own = names.get(i).cloned().unwrap_or_default();
        let unique = names.iter().filter(|n| **n == own).count() == 1;
        let first = one.builds.first().and_then(|&at| look(runs, at));
        one.key = match first {
            Some((run, build)) if !unique || own.is_empty() => {
                let place = [folder(&run.source), &own]
                    .iter()
                    .filter(|p| !p.is_empty())
                    .copied()
                    .collect::<Vec<_>>()
                    .join(": ");
                if unique_place(&names, &place) { format!("{} #{}", run.label, build.invocation + 1) } else { place }
            }
            _ => own,
        };
    }
}

fn unique_place(names: &[String], place: &str) -> bool {
    place.is_empty() || names.iter().any(|n| n == place)
}

/// `team/app` of `registry.example.com/team/app:latest`, the target where there is one, the job.
fn own_name((run, build): (&Run, &Build)) -> String {
    let image = build.images.first().or_else(|| build.imports.first().and_then(|i| i.reference.as_ref()));
    let short = |image: &String| {
        let path = image.split('@').next().unwrap_or(image);
        let path = path.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(path, |(path, _)| path);
        path.split_once('/').filter(|(host, _)| host.contains(['.', ':'])).map_or(path, |(_, rest)| rest).to_owned()
    };
    build.target.clone().or_else(|| run.job.clone()).or_else(|| image.map(short)).unwrap_or_default()
}
