//! Which builds are runs of one build.
//!
//! Told by the job, the image's repository, the target and the Dockerfile where these are known,
//! then by shape: two builds are the same when more than half of the shorter one's steps are in the
//! other. Values expanded into a header may differ, so may step numbers. Series are found by keys,
//! so the cost grows with the number of steps, not with the number of pairs of builds.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashSet};

use super::asked::Asked;
use super::chain::is_same_step;
use super::folders::{self, folder};
use super::{BuildRef, Series, naming};
use crate::model::{Build, BuildOutcome, Dialect, ImageRef, Run, Step, is_masked, may_be_one};

/// Groups the builds of all runs into series, in the order of first appearance.
///
/// Builds are compared within a directory. Where every directory holds the build only once, and
/// under one file name, the directories are the runs (`logs/4711/build.log`, `logs/4712/build.log`)
/// and their builds one series.
#[must_use]
pub fn group(runs: &[Run]) -> Vec<Series> {
    let mut series: Vec<Growing> = Vec::new();
    // Only series of one place are compared.
    let mut places: HashMap<(Option<&str>, &str), Index> = HashMap::default();
    for (r, run) in runs.iter().enumerate() {
        let here = places.entry(place(run)).or_default();
        for (b, build) in run.builds.iter().enumerate() {
            let at = BuildRef { run: r, build: b };
            let mut candidates = here.candidates(run, build);
            candidates
                .sort_by_cached_key(|s| series.get(*s).map(|series| series.distance(run, build)));
            let found = candidates
                .into_iter()
                .find(|s| series.get(*s).is_some_and(|series| series.continues(run, build, at)));
            let found = found.unwrap_or(series.len());
            if found == series.len() {
                series.push(Growing::default());
            }
            if let Some(series) = series.get_mut(found) {
                series.add(run, build, at);
            }
            here.add(found, run, build);
        }
    }
    let series = series.into_iter().map(|one| Series { key: String::new(), builds: one.builds });
    let mut series = folders::merge(runs, series.collect());
    naming::name(runs, &mut series);
    series
}

/// One job of one folder; jobs that have a name are the same wherever their logs lie.
fn place(run: &Run) -> (Option<&str>, &str) {
    match &run.job {
        Some(job) => (Some(job), ""),
        None => (None, folder(&run.source)),
    }
}

/// A series while its builds are found.
#[derive(Default)]
struct Growing<'a> {
    builds: Vec<BuildRef>,
    last: Option<(&'a Run, &'a Build)>,
    /// The last that came to its end: of one that did not, the log may show too few steps to
    /// compare.
    whole: Option<(&'a Run, &'a Build)>,
}

impl<'a> Growing<'a> {
    fn add(&mut self, run: &'a Run, build: &'a Build, at: BuildRef) {
        self.builds.push(at);
        self.last = Some((run, build));
        if build.succeeded() {
            self.whole = Some((run, build));
        }
    }

    /// How little its last build is like this one at first sight: whether no image has the same
    /// name and tag, whether the command lines name other files or targets, and by how many steps
    /// they differ. A job may build a stage and then the whole, from one Dockerfile into one
    /// repository.
    fn distance(&self, run: &Run, build: &Build) -> (bool, bool, usize) {
        let Some((other, last)) = self.last else { return (true, true, usize::MAX) };
        let same_image = last.images.iter().any(|image| build.images.contains(image));
        let steps = last.steps.len().abs_diff(build.steps.len());
        (!same_image, names_other_file((other, last), (run, build)), steps)
    }

    /// The build is that of the series: it is like the last one, or like the last that came to its
    /// end.
    fn continues(&self, run: &Run, build: &Build, at: BuildRef) -> bool {
        let Some((other, last)) = self.last else { return false };
        let one_log = self.builds.last().is_some_and(|known| known.run == at.run);
        if one_log && other_definition((other, last), (run, build)) {
            return false;
        }
        let is_of = |other: &Run, known: &Build| {
            let (known, now) = ((other, known), (run, build));
            !other_image(known, now) && !other_platform(known, now) && same(known.1, build)
        };
        if is_of(other, last) {
            return true;
        }
        let Some((other, whole)) = self.whole else { return false };
        last.outcome != BuildOutcome::Succeeded && is_of(other, whole)
    }
}

/// Series by what their builds have: the newest first, so that of many with a common step few are
/// tried.
#[derive(Default)]
pub(super) struct Index<'a> {
    images: HashMap<(&'a str, &'a str), Vec<usize>>,
    steps: HashMap<(&'a str, &'a str), Vec<usize>>,
    shapes: HashMap<(&'a str, u32, u32, &'a str), Vec<usize>>,
    /// Of builds without any step.
    bare: Vec<usize>,
}

impl<'a> Index<'a> {
    /// At most so many series are kept for one key.
    const NEWEST: usize = 8;
    /// And at most so many steps of a build are looked up.
    const STEPS: usize = 64;

    pub(super) fn add(&mut self, series: usize, run: &'a Run, build: &'a Build) {
        for image in repositories(run, build) {
            Self::newest(self.images.entry(image).or_default(), series);
        }
        if build.steps.is_empty() {
            Self::newest(&mut self.bare, series);
        }
        for step in build.steps.iter().take(Self::STEPS) {
            Self::newest(self.steps.entry((&step.stage, &step.text)).or_default(), series);
            Self::newest(self.shapes.entry(shape(step)).or_default(), series);
        }
    }

    fn newest(list: &mut Vec<usize>, series: usize) {
        if list.last() == Some(&series) {
            return;
        }
        list.retain(|known| *known != series);
        list.push(series);
        if list.len() > Self::NEWEST {
            list.remove(0);
        }
    }

    /// Series of the same image first, then those that have most steps in common.
    pub(super) fn candidates(&self, run: &Run, build: &Build) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for image in repositories(run, build) {
            found.extend(self.images.get(&image).into_iter().flatten().rev());
        }
        let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
        for step in build.steps.iter().take(Self::STEPS) {
            let text = self.steps.get(&(step.stage.as_str(), step.text.as_str()));
            let alike = text.or_else(|| self.shapes.get(&shape(step)));
            for series in alike.into_iter().flatten() {
                *votes.entry(*series).or_default() += 1;
            }
        }
        if build.steps.is_empty() {
            found.extend(self.bare.iter().rev());
        }
        // In the order of first appearance, where they have equally many.
        let mut ranked: Vec<(usize, usize)> = votes.into_iter().collect();
        ranked.sort_by_key(|(_, votes)| std::cmp::Reverse(*votes));
        found.extend(ranked.into_iter().map(|(series, _)| series).take(Self::NEWEST));
        found
    }
}

/// Where a step stands, whatever values its text has.
fn shape(step: &Step) -> (&str, u32, u32, &str) {
    (&step.stage, step.position, step.of, &step.instruction)
}

/// Repositories that a build writes images to: those that it prints, else those that its command
/// line names.
fn repositories<'a>(run: &'a Run, build: &'a Build) -> Vec<(&'a str, &'a str)> {
    let repository = |name: &'a str| {
        let image = ImageRef::parse(name);
        (image.registry, image.repository)
    };
    if !build.images.is_empty() {
        return build.images.iter().map(|image| repository(image)).collect();
    }
    let tags = run.commands_of(build).iter().flat_map(|command| &command.tags);
    tags.filter(|tag| !tag.contains('$')).map(|tag| repository(tag)).collect()
}

/// Both name their images, and none of the one is in a repository of the other.
fn other_image(a: (&Run, &Build), b: (&Run, &Build)) -> bool {
    let masked = |image: &(&str, &str)| is_masked(image.0) || is_masked(image.1);
    let (a, b) = (repositories(a.0, a.1), repositories(b.0, b.1));
    if a.is_empty() || b.is_empty() || a.iter().any(|image| b.contains(image)) {
        return false;
    }
    if !a.iter().chain(&b).any(masked) {
        return true;
    }
    let whole = |image: &(&str, &str)| format!("{}/{}", image.0, image.1);
    !a.iter().any(|one| b.iter().any(|other| may_be_one(&whole(one), &whole(other))))
}

/// The classic builder prints no platform. Images that the command lines ask for platforms of their
/// own for share no step.
pub(super) fn other_platform(a: (&Run, &Build), b: (&Run, &Build)) -> bool {
    let classic = a.1.dialect == Dialect::Classic && b.1.dialect == Dialect::Classic;
    let platforms = |(run, build): (&'_ Run, &'_ Build)| -> HashSet<String> {
        Asked::of(run, build).platforms().into_iter().map(str::to_owned).collect()
    };
    if !classic {
        return false;
    }
    let (a, b) = (platforms(a), platforms(b));
    !a.is_empty() && !b.is_empty() && a.is_disjoint(&b)
}

/// Two builds of one log that name other images, Dockerfiles or contexts were not made one after
/// another of one definition. A context of one image may be a folder of the run.
fn other_definition(a: (&Run, &Build), b: (&Run, &Build)) -> bool {
    if !a.1.images.is_empty() && !b.1.images.is_empty() {
        let same = a.1.images.iter().any(|image| b.1.images.contains(image));
        return !same || names_other_file(a, b);
    }
    names_other_file(a, b) || names_other_context(a, b)
}

/// The command lines of both name other folders.
fn names_other_context(a: (&Run, &Build), b: (&Run, &Build)) -> bool {
    let (one, two) = (a.0.commands_of(a.1), b.0.commands_of(b.1));
    matches!((one, two), ([one], [two]) if one.context != two.context)
}

/// The command lines of both name other Dockerfiles or targets.
fn names_other_file(a: (&Run, &Build), b: (&Run, &Build)) -> bool {
    let (one, two) = (a.0.commands_of(a.1), b.0.commands_of(b.1));
    let ([one], [two]) = (one, two) else { return false };
    one.file != two.file || one.target != two.target || one.targets != two.targets
}

/// Whether two steps are the same instruction: equal texts, or texts that differ in values only.
#[must_use]
pub fn alike(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let mut words = (a.split_ascii_whitespace(), b.split_ascii_whitespace());
    let (mut equal, mut all) = (0, 0);
    loop {
        match (words.0.next(), words.1.next()) {
            (Some(a), Some(b)) if all == 0 && a != b => return false,
            (Some(a), Some(b)) => {
                equal += usize::from(a == b);
                all += 1;
            }
            (None, None) => return equal * 2 >= all,
            _ => return false,
        }
    }
}

/// A build with its run.
pub(super) fn look(runs: &[Run], at: BuildRef) -> Option<(&Run, &Build)> {
    let run = runs.get(at.run)?;
    Some((run, run.builds.get(at.build)?))
}

/// The same build by its shape: see the module text.
#[must_use]
pub fn same(a: &Build, b: &Build) -> bool {
    let targets = a.target.as_ref().zip(b.target.as_ref());
    // A stored build is JSON, its log may be plain.
    let kin = a.dialect == b.dialect || (a.dialect.counts_from() && b.dialect.counts_from());
    if !kin || targets.is_some_and(|(a, b)| a != b) {
        return false;
    }
    if a.steps.is_empty() || b.steps.is_empty() {
        return a.steps.is_empty()
            && b.steps.is_empty()
            && bases_and_errors(a) == bases_and_errors(b);
    }
    let (short, long) = if a.steps.len() <= b.steps.len() { (a, b) } else { (b, a) };
    let matched = matched(short, long);
    let all = short.steps.len();
    if same_bases(a, b) { matched * 2 > all } else { matched * 5 >= all * 4 }
}

/// How many steps of the one are in the other.
fn matched(short: &Build, long: &Build) -> usize {
    // Runs of one build have most of their steps in the same places.
    let pairs = short.steps.iter().zip(&long.steps);
    let others: Vec<&Step> =
        pairs.filter(|(step, other)| !is_same_step(step, other)).map(|(step, _)| step).collect();
    if others.is_empty() {
        return short.steps.len();
    }
    let texts: HashSet<_> = long.steps.iter().map(|s| (&s.stage, &s.platform, &s.text)).collect();
    let renamed = Renamed::of(short, long);
    let mut places: HashMap<_, Vec<&Step>> = HashMap::default();
    for step in &long.steps {
        places.entry((&step.platform, shape(step))).or_default().push(step);
    }
    let may_be = |a: &Step, b: &Step| !a.has_text() || !b.has_text() || alike(&a.text, &b.text);
    let in_place = |step: &Step| {
        let there = places.get(&(&step.platform, shape(step)));
        there.is_some_and(|there| there.iter().take(4).any(|other| may_be(step, other)))
    };
    let is_known = |step: &Step| {
        texts.contains(&(&step.stage, &step.platform, &step.text))
            || renamed.has(step)
            || in_place(step)
    };
    short.steps.len() - others.into_iter().filter(|step| !is_known(step)).count()
}

/// Steps of stages whose names one of two builds does not have: `FROM node AS build` became
/// `FROM node AS builder`.
struct Renamed<'a> {
    /// Names in the other build.
    names: HashSet<&'a str>,
    steps: HashSet<(&'a str, u32, u32, &'a str)>,
}

impl<'a> Renamed<'a> {
    fn of(one: &Build, other: &'a Build) -> Self {
        let own: HashSet<&str> = one.steps.iter().map(|step| step.stage.as_str()).collect();
        let gone = other.steps.iter().filter(|step| !own.contains(step.stage.as_str()));
        Self {
            names: other.steps.iter().map(|step| step.stage.as_str()).collect(),
            steps: gone.map(place_and_text).collect(),
        }
    }

    fn has(&self, step: &Step) -> bool {
        !self.names.contains(step.stage.as_str()) && self.steps.contains(&place_and_text(step))
    }
}

fn place_and_text(step: &Step) -> (&str, u32, u32, &str) {
    (&step.platform, step.position, step.of, &step.text)
}

fn bases_and_errors(build: &Build) -> (Vec<&str>, Vec<&str>) {
    let bases = build.bases.iter().map(|b| b.image.as_str()).collect();
    (bases, build.errors.iter().map(|e| &*e.text).collect())
}

/// Some stage begins with the same image in both, whatever its tag; a build whose FROM was not
/// printed has no say.
fn same_bases(a: &Build, b: &Build) -> bool {
    if a.bases.is_empty() || b.bases.is_empty() {
        return true;
    }
    let mut pairs = a.bases.iter().zip(&b.bases);
    pairs.any(|(a, b)| a.image == b.image)
        || !base_repositories(a).is_disjoint(&base_repositories(b))
}

fn base_repositories(build: &Build) -> HashSet<(&str, &str)> {
    let names = build.bases.iter().map(|base| ImageRef::parse(&base.image));
    names.map(|name| (name.registry, name.repository)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instruction;

    fn run(steps: &[&str], outcome: BuildOutcome) -> Run {
        let step = |text: &&str| Step {
            what: Instruction { text: (*text).into(), ..Instruction::default() }.into(),
            ..Step::default()
        };
        let build = Build { steps: steps.iter().map(step).collect(), outcome, ..Build::default() };
        Run { builds: vec![build], ..Run::default() }
    }

    fn named(image: &str) -> Run {
        let mut run = run(&["RUN a", "RUN b"], BuildOutcome::Succeeded);
        run.builds[0].images.push(image.into());
        run
    }

    #[test]
    fn a_cut_log_does_not_end_a_series() {
        let whole = || run(&["RUN a", "RUN b", "RUN c"], BuildOutcome::Succeeded);
        let cut = run(&["WORKDIR /web", "RUN a"], BuildOutcome::Unknown);
        let next =
            run(&["WORKDIR /web", "RUN a", "RUN b", "RUN c", "RUN d"], BuildOutcome::Succeeded);
        assert_eq!(group(&[next, cut, whole()]).len(), 1);
        let other = run(&["COPY x y z", "ADD u v w"], BuildOutcome::Succeeded);
        assert_eq!(group(&[whole(), other]).len(), 2);
    }

    #[test]
    fn images_tell_builds_apart_and_tags_do_not() {
        assert_eq!(group(&[named("localhost:5000/one"), named("localhost:5000/two")]).len(), 2);
        assert_eq!(group(&[named("r.example.com/app:1"), named("r.example.com/app:2")]).len(), 1);
        assert_eq!(group(&[named("***/prod/app:1"), named("***/dev/app:2")]).len(), 2);
        assert_eq!(group(&[named("***/prod/app:1"), named("r.example.com/prod/app:2")]).len(), 1);
        let unnamed = run(&["RUN a", "RUN b"], BuildOutcome::Failed);
        assert_eq!(group(&[named("r.example.com/app:1"), unnamed]).len(), 1);
    }

    #[test]
    fn numbered_folders_with_a_log_for_each_image_are_runs() {
        let at = |folder: &str, image: &str| Run {
            source: format!("{folder}/{image}.log").into(),
            ..named(&format!("r.example.com/{image}:1"))
        };
        let runs = |a, b| [at(a, "web"), at(a, "api"), at(b, "web"), at(b, "api")];
        assert_eq!(group(&runs("run-1", "run-2")).len(), 2);
        assert_eq!(group(&runs("east", "west")).len(), 4);
        let jobs = [at("job-1", "web"), at("job-1", "web"), at("job-2", "web"), at("job-2", "web")];
        assert_eq!(group(&jobs).len(), 2);
    }

    #[test]
    fn two_images_of_one_log_are_two_builds() {
        let mut both = named("r.example.com/app:web");
        both.builds.extend(named("r.example.com/app:api").builds);
        assert_eq!(group(&[both.clone(), both]).len(), 2);
    }
}
