//! All that was read: what a rule may look at.

use super::alike;
use super::backend::{RefusedBuild, refused};
use super::cache_ref_shared::{differ, legs_differ};
use super::dockerfile_at;
use super::planned::{Calls, Dockerfiles, StoredStages, callers, environment};
use super::reads::Reads;
use super::recurring::{self, SeriesSpots};
use super::remedy::scopes;
use super::remedy::tags::{self, Apart};
use rayon::prelude::*;

use crate::config::Config;
use crate::finding::Evidence;
use crate::model::{Build, Quote, Run};
use crate::series::{self, BuildRef, Misses, Series};

/// Runs, series and configuration of one call.
#[derive(Debug, Default)]
pub struct Study {
    /// Runs in the order of time.
    pub runs: Vec<Run>,
    /// The same build over several runs; a single build is a series of one.
    pub series: Vec<Series>,
    /// Configuration files that were read.
    pub configs: Vec<Config>,
    /// Where the newest stretch of each series begins: see [`series::newest`].
    pub newest: Vec<usize>,
    /// Where the chains of the builds of each series broke, and why: found once, for all who ask.
    pub misses: Vec<Misses>,
    /// Dockerfiles by their paths, and the places that build each of them.
    pub(super) dockerfiles: Dockerfiles,
    /// And which of their stages builds store, by the name of the cache.
    pub(super) stored: StoredStages,
    /// Calls of bake and Compose, and the files that they read.
    pub(super) calls: Calls,
    /// And at which of their steps they do so again and again.
    pub(super) spots: Vec<SeriesSpots>,
    /// Builds with refused cache operations.
    pub(super) refused: Vec<RefusedBuild>,
    /// Builds of one Dockerfile, over all series.
    pub(super) alike: Vec<Vec<BuildRef>>,
    /// Which caches are read, and by whom.
    pub(super) reads: Reads,
}

impl Study {
    /// Of what was read. A Dockerfile that was given says what a step takes its input from.
    #[must_use]
    pub fn new(mut runs: Vec<Run>, series: Vec<Series>, configs: Vec<Config>) -> Self {
        series::settle_links(&mut runs, &series);
        dockerfile_at::complete(&mut runs, &configs);
        let mut study = Self { runs, series, configs, ..Self::default() };
        study.calls = Calls::of(&study.configs);
        let given = environment::of(&study);
        environment::fill(&mut study.configs, given);
        study.dockerfiles = Dockerfiles::of(&study.configs);
        let scopes = scopes::of(&study, |a, b| differ(&study, a, b));
        scopes::fill(&mut study.configs, scopes);
        let tags =
            tags::of(&study, &Apart { places: &|a, b| differ(&study, a, b), legs: legs_differ });
        tags::fill(&mut study.configs, tags);
        let drivers = callers::of(&study);
        callers::fill(&mut study.configs, drivers);
        study.stored = StoredStages::of(&study);
        let judged = |series: &Series| {
            let members: Vec<_> = study.members(series).collect();
            let newest = series::newest(&members);
            (newest, Misses::of(&members, newest))
        };
        let ((judged, refused), (alike, reads)) = rayon::join(
            || (study.series.par_iter().map(judged).unzip(), refused(&study.runs)),
            || (alike::find(&study.runs), Reads::of(&study)),
        );
        (study.newest, study.misses) = judged;
        (study.refused, study.alike, study.reads) = (refused, alike, reads);
        study.spots = recurring::find(&study);
        study
    }

    /// The run a build belongs to.
    #[must_use]
    pub fn run_of(&self, at: BuildRef) -> Option<&Run> {
        self.runs.get(at.run)
    }

    /// A build.
    #[must_use]
    pub fn build(&self, at: BuildRef) -> Option<&Build> {
        self.runs.get(at.run)?.builds.get(at.build)
    }

    /// Builds of a series in the order of time, each with its run.
    #[must_use]
    pub fn members<'a>(
        &'a self,
        series: &'a Series,
    ) -> impl DoubleEndedIterator<Item = (&'a Run, &'a Build)> {
        series.builds.iter().filter_map(|&at| Some((self.run_of(at)?, self.build(at)?)))
    }

    /// The series with the builds of the logs that were just read alone, without those that are
    /// remembered.
    #[must_use]
    pub fn just_read(&self) -> Vec<Series> {
        let fresh = |at: &&BuildRef| self.run_of(**at).is_some_and(|run| run.earlier.is_none());
        let of = |series: &Series| Series {
            key: series.key.clone(),
            builds: series.builds.iter().filter(fresh).copied().collect(),
        };
        self.series.iter().map(of).filter(|series| !series.builds.is_empty()).collect()
    }

    /// Quotes a line of a run.
    #[must_use]
    pub fn quote(run: &Run, quote: &Quote, shows: &str) -> Evidence {
        Evidence::of(&run.source, quote, shows)
    }
}
