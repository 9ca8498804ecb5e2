//! Why the inline cache of an image will be lost, as far as the configuration tells.

use super::bake::calls_of;
use super::may_be_older;
use crate::finding::Evidence;
use crate::model::NamedImage;
use crate::rules::Study;
use crate::rules::remedy::{At, reference};

/// What loses it after each run that uses it, with the lines that tell.
pub(in crate::rules) enum Lost {
    /// The job pulls the image before it builds.
    Pulled(Vec<Evidence>),
    /// The engine is of this major version, which loses every inline cache.
    Engine(u32, Vec<Evidence>),
}

/// Engines that lose an inline cache whether its image is pulled or not: moby/buildkit pull request
/// 4796 came with 27.
const OLD: std::ops::RangeInclusive<u32> = 20..=26;

impl Lost {
    /// `None` where some job that builds the image keeps its cache, or may.
    pub(in crate::rules) fn of(study: &Study, at: At, name: &str) -> Option<Self> {
        if at.ci().is_some() {
            return Self::in_job(at, at, name);
        }
        let mut calls = calls_of(study, at);
        let first = Self::in_job(calls.next()?, at, name)?;
        calls.all(|call| Self::in_job(call, at, name).is_some()).then_some(first)
    }

    /// dockerd builds itself, its images are in its own store, and the machine is new in each run.
    /// The builder before `BuildKit` has no inline caches.
    fn in_job(job: At, at: At, name: &str) -> Option<Self> {
        if !job.place.fresh || job.driver() != Some("docker") || may_be_older(job) {
            return None;
        }
        if let Some(version) = job.place.engine_version().filter(|version| OLD.contains(version)) {
            let image = job.place.engine.as_deref().unwrap_or_default();
            let line = job.evidence_of(image, "the engine that builds");
            return Some(Self::Engine(version, line.into_iter().collect()));
        }
        let pulled = job.place.pulls_of(name).next().or_else(|| pull_of_service(job, at, name))?;
        let line = job.config.quote(pulled.quote.line);
        let line = line.map(|line| Evidence::of(&job.config.path, &line, "pulls the image first"));
        Some(Self::Pulled(line.into_iter().collect()))
    }
}

/// `docker compose pull`, where the service has the image of this name.
fn pull_of_service<'a>(job: At<'a>, at: At, name: &str) -> Option<&'a NamedImage> {
    let is_its = |pulled: &&NamedImage| {
        pulled.image.is_empty() || at.place.target.as_deref() == Some(&*pulled.image)
    };
    let makes = at.place.command.tags.iter().any(|tag| reference::same(tag, name));
    job.place.pulled_services.iter().find(is_its).filter(|_| makes)
}
