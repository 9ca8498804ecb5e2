//! Saves of CI caches that failed, and what shows that several steps save into the same cache.
//!
//! A helper of two rules: one speaks where sharing is shown, the other where it is not.

use super::Study;
use super::ci_caches::{self, CiOperation, runs};
use crate::config::Config;
use crate::config::bitbucket::{PipelineStep, Pipelines};
use crate::finding::{Confidence, Evidence};
use crate::model::{CacheOperation, CacheOutcome, CacheReason, Run, Text};

/// One cache that could not be saved, over all logs.
pub(super) struct FailedSave<'a> {
    /// Name without what the CI adds: `docker` of `docker: docker.tar`.
    pub(super) cache: &'a str,
    /// Every save of it, in the order of the runs.
    pub(super) saves: Vec<CiOperation<'a>>,
}

/// Reasons that no rule of their own is about.
const OWN: [Option<CacheReason>; 6] = [
    None,
    Some(CacheReason::NothingThere),
    Some(CacheReason::Unreadable),
    Some(CacheReason::DiskFull),
    Some(CacheReason::KeyMoved),
    Some(CacheReason::Broken),
];

/// What shows that several steps save into one cache.
pub(super) enum Sharing<'a> {
    /// The pipelines file: groups of steps that run side by side and name the cache.
    File { config: &'a Config, groups: Vec<Vec<&'a PipelineStep>> },
    /// Logs of one commit that build different images.
    Commit(Vec<&'a Run>),
    /// Logs that lie together and build different images; they print no commit.
    Folder(Vec<&'a Run>),
    /// Nothing but the name: Bitbucket's predefined docker cache is one file for all steps.
    Predefined,
}

/// Caches whose save failed, by name; a reason that the log tells has a rule of its own.
pub(super) fn failed(study: &Study) -> Vec<FailedSave<'_>> {
    let saves =
        ci_caches::all(study).filter(|s| s.entry.operation == CacheOperation::Save).collect();
    let caches =
        ci_caches::by_cache(saves).into_iter().map(|(cache, saves)| FailedSave { cache, saves });
    caches.filter(|cache| cache.failures().next().is_some()).collect()
}

/// The strongest thing that shows sharing; `None` where nothing does, or a pipelines file excludes
/// it.
pub(super) fn sharing<'a>(study: &'a Study, failed: &FailedSave<'a>) -> Option<Sharing<'a>> {
    if !failed.says_no_reason() {
        return None;
    }
    let in_file = |(config, file): (&'a Config, &'a Pipelines)| {
        let groups = file.sharing(failed.cache);
        (!groups.is_empty()).then_some(Sharing::File { config, groups })
    };
    if let Some(found) = files(study).find_map(in_file) {
        return Some(found);
    }
    if let Some(runs) = failed.one_commit() {
        return Some(Sharing::Commit(runs));
    }
    if files(study).next().is_some() {
        return None;
    }
    let folder = failed.one_folder().map(Sharing::Folder);
    folder.or_else(|| (failed.cache == "docker").then_some(Sharing::Predefined))
}

/// Pipelines files among the configuration.
pub(super) fn files(study: &Study) -> impl Iterator<Item = (&Config, &Pipelines)> {
    study.configs.iter().filter_map(|config| Some((config, config.content.pipelines.as_ref()?)))
}

impl Sharing<'_> {
    pub(super) fn confidence(&self) -> Confidence {
        match self {
            Self::File { .. } | Self::Commit(_) => Confidence::Proven,
            Self::Folder(_) | Self::Predefined => Confidence::Likely,
        }
    }
}

impl<'a> FailedSave<'a> {
    pub(super) fn failures(&self) -> impl Iterator<Item = CiOperation<'a>> + '_ {
        let open = |save: &CiOperation| OWN.contains(&save.entry.reason);
        self.saves
            .iter()
            .copied()
            .filter(|save| save.entry.outcome == CacheOutcome::Failed)
            .filter(open)
    }

    /// `Cache "docker: docker.tar": Upload failed` is all that Bitbucket prints, so what it can be
    /// is for a rule to say. A log without a head of its own may be one of Bitbucket's, where it
    /// has these words.
    pub(super) fn says_no_reason(&self) -> bool {
        self.failures().all(|save| match save.run.ci {
            Some(ci) => ci == "bitbucket",
            None => save.entry.quote.text.contains("\": Upload failed"),
        })
    }

    /// Runs in which the save failed.
    pub(super) fn runs(&self) -> Vec<&'a Run> {
        runs(self.failures().map(|save| save.run))
    }

    /// The lines that say so.
    pub(super) fn evidence(&self, shows: &str) -> Vec<Evidence> {
        self.failures().map(|save| Study::quote(save.run, &save.entry.quote, shows)).collect()
    }

    /// Runs of the commit of a failure that save the cache too and build something else.
    fn one_commit(&self) -> Option<Vec<&'a Run>> {
        self.failures().find_map(|save| {
            let commit = save.run.commit.as_ref()?;
            self.others(save.run, |other| other.commit.as_ref() == Some(commit))
        })
    }

    /// The same for logs in one folder that print no commit.
    fn one_folder(&self) -> Option<Vec<&'a Run>> {
        self.failures().filter(|save| save.run.commit.is_none()).find_map(|save| {
            let near = |other: &Run| {
                other.commit.is_none() && folder(&other.source) == folder(&save.run.source)
            };
            self.others(save.run, near)
        })
    }

    fn others(&self, failed: &'a Run, near: impl Fn(&Run) -> bool) -> Option<Vec<&'a Run>> {
        let same_store = |save: &&CiOperation| save.entry.outcome != CacheOutcome::Skipped;
        let saving = runs(self.saves.iter().filter(same_store).map(|save| save.run));
        let mut together = vec![failed];
        together.extend(saving.into_iter().filter(|run| near(run) && differ(failed, run)));
        (together.len() > 1).then_some(together)
    }
}

/// They build different things, or are steps of different names. A step that was run again does
/// neither.
pub(super) fn differ(a: &Run, b: &Run) -> bool {
    let steps = |run: &Run| -> Vec<Text> {
        run.builds
            .iter()
            .flat_map(|build| build.steps.iter().map(|step| step.text.clone()))
            .collect()
    };
    let commands =
        |run: &Run| -> Vec<Text> { run.commands.iter().map(|c| c.quote.text.clone()).collect() };
    let unlike = |x: &[Text], y: &[Text]| !x.is_empty() && !y.is_empty() && x != y;
    let jobs = a.job.as_ref().zip(b.job.as_ref()).is_some_and(|(x, y)| x != y);
    jobs || unlike(&commands(a), &commands(b)) || unlike(&steps(a), &steps(b))
}

pub(super) fn folder(source: &str) -> &str {
    source.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
}
