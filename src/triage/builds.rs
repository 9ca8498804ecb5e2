//! What the builds are called that show a finding: the same from run to run, wherever their logs
//! lie and whatever else is read with them.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use foldhash::{HashMap, HashSet};

use super::places::Places;
use crate::finding::Finding;
use crate::model::{Base, Build, ImageRef, Run};
use crate::rules::Study;
use crate::series::{BuildRef, Series};

/// Tells each finding the builds that show it; of one that no log shows, the configuration.
pub(super) fn name(findings: &mut [Finding], study: &Study) {
    let places = Places::of(study, findings);
    let mut names = SeriesNames::of(study, findings);
    let configs: BTreeSet<&str> = study.configs.iter().map(|config| config.path.as_str()).collect();
    for finding in findings {
        let builds = finding.evidence.places().filter_map(|(log, line)| places.build(log, line));
        let called = builds.filter_map(|build| names.get(build));
        let mut shown: BTreeSet<String> = called.filter(|name| !name.is_empty()).collect();
        if shown.is_empty() {
            let quoted = finding.evidence.places().map(|(source, _)| source);
            shown.extend(quoted.filter(|path| configs.contains(path)).map(str::to_owned));
        }
        finding.evidence.name(shown);
    }
}

/// Names of series, each made when it is first asked for.
struct SeriesNames<'a> {
    study: &'a Study,
    series: HashMap<BuildRef, &'a Series>,
    made: HashMap<&'a str, OnceCell<String>>,
    /// What builds without a name are called, by their runs.
    logs: HashMap<usize, String>,
}

impl<'a> SeriesNames<'a> {
    /// Of the builds in the logs that these findings quote.
    fn of(study: &'a Study, findings: &[Finding]) -> Self {
        let quoted = findings.iter().flat_map(|finding| finding.evidence.places());
        let quoted: HashSet<&str> = quoted.map(|(source, _)| source).collect();
        let is_quoted =
            |at: BuildRef| study.run_of(at).is_some_and(|run| quoted.contains(&*run.source));
        let of_series = |series: &'a Series| series.builds.iter().map(move |at| (*at, series));
        let series: HashMap<_, _> =
            study.series.iter().flat_map(of_series).filter(|(at, _)| is_quoted(*at)).collect();
        let made = series.values().map(|one| (one.key.as_str(), OnceCell::new())).collect();
        Self { study, series, made, logs: HashMap::default() }
    }

    fn get(&mut self, build: BuildRef) -> Option<String> {
        let series = self.series.get(&build)?;
        let make = || of_series(|| self.study.members(series).rev());
        let name = self.made.get(series.key.as_str())?.get_or_init(make);
        if name.is_empty() {
            let run = self.study.run_of(build)?;
            return Some(self.logs.entry(build.run).or_insert_with(|| of_log(run)).clone());
        }
        Some(name.clone())
    }
}

/// The name of one build alone.
pub(super) fn of_build(run: &Run, build: &Build) -> String {
    of_series(|| std::iter::once((run, build)))
}

/// What the newest that says it says: the image and the target, else what is built of which file,
/// else the job; empty where none says any of it.
fn of_series<'a, I>(newest_first: impl Fn() -> I) -> String
where
    I: Iterator<Item = (&'a Run, &'a Build)>,
{
    let newest = |says: fn(&Run, &Build) -> Option<String>| {
        newest_first().find_map(|(run, build)| says(run, build))
    };
    let named = newest(image).or_else(|| newest(definition)).or_else(|| newest(job));
    let target = newest(|_, build| build.target.as_ref().map(ToString::to_string));
    named.into_iter().chain(target).collect::<Vec<_>>().join(" ")
}

/// Of a build that has no name: a build beside it in its log, else base images and stages. Never
/// the log's own name: a pipe has none.
fn of_log(run: &Run) -> String {
    let mut names = run.builds.iter().map(|build| of_build(run, build));
    names.find(|name| !name.is_empty()).unwrap_or_else(|| {
        let bases = run.builds.iter().flat_map(|build| &build.bases);
        let base = |base: &Base| {
            format!("{} {}", ImageRef::parse(&base.image).repository, base.stage).trim().to_owned()
        };
        let bases: BTreeSet<String> = bases.map(base).collect();
        bases.into_iter().collect::<Vec<_>>().join(", ")
    })
}

fn image(run: &Run, build: &Build) -> Option<String> {
    let given = || run.commands_of(build).iter().find_map(|command| command.tags.first());
    let image = build.images.first().or_else(given)?;
    Some(ImageRef::parse(image).repository.to_owned())
}

fn definition(run: &Run, build: &Build) -> Option<String> {
    let said = |word: &Option<String>| word.clone().filter(|word| word != ".");
    let of = |file: &Option<String>, context: &Option<String>| said(file).or_else(|| said(context));
    run.commands_of(build).iter().find_map(|command| of(&command.file, &command.context))
}

fn job(run: &Run, _: &Build) -> Option<String> {
    run.job.as_ref().map(ToString::to_string)
}
