//! What will lose the inline cache of an image, as far as the configuration tells.

use super::bake::calls_of;
use super::{inner, may_be_older};
use crate::finding::Evidence;
use crate::model::{CacheKind, CacheSpec, NamedImage};
use crate::rules::Study;
use crate::rules::lost_by::LostBy;
use crate::rules::remedy::{At, reference};

/// What loses it after each run that uses it.
pub(in crate::rules) struct Lost {
    pub(in crate::rules) by: LostBy,
    /// The line that tells.
    pub(in crate::rules) line: Option<Evidence>,
}

/// The image that a build reads its inline cache from and writes the next one into, and what loses
/// that. `None` where its inner stages lack a cache anyway, which is a finding of its own.
pub(in crate::rules) fn lost_inline<'a>(study: &Study, at: At<'a>) -> Option<(&'a str, Lost)> {
    let command = &at.place.command;
    let only_inline = command.cache_to.iter().all(|spec| spec.kind() == CacheKind::Inline);
    if !command.inline() || !only_inline {
        return None;
    }
    let lost = |name| Lost::of(study, at, name).map(|lost| (name, lost));
    let found = command.cache_from.iter().filter_map(image).find_map(lost)?;
    inner(study, at).is_none().then_some(found)
}

fn image(spec: &CacheSpec) -> Option<&str> {
    if spec.kind() == CacheKind::Registry { spec.get("ref") } else { None }
}

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
        if !job.place.machine.fresh || job.driver() != Some("docker") || may_be_older(job) {
            return None;
        }
        let mut pulls = job.place.pulls_of(name);
        let mut pulled = || pulls.next().or_else(|| pull_of_service(job, at, name));
        if let Some(by) = job.place.engine_version().and_then(LostBy::engine) {
            if by.spares_a_pulled_image() && pulled().is_some() {
                return None;
            }
            let image = job.place.machine.engine.as_deref().unwrap_or_default();
            let line = job.evidence_of(image, "the engine that builds");
            return Some(Self { by, line });
        }
        let pulled = pulled()?;
        let line = job.config.quote(pulled.quote.line);
        let line = line.map(|line| Evidence::of(&job.config.path, &line, "pulls the image first"));
        Some(Self { by: LostBy::Pull, line })
    }
}

/// `docker compose pull`, where the service has the image of this name.
fn pull_of_service<'a>(job: At<'a>, at: At, name: &str) -> Option<&'a NamedImage> {
    let is_its = |pulled: &&NamedImage| {
        pulled.image.is_empty() || at.place.target.as_deref() == Some(&*pulled.image)
    };
    let makes = at.place.command.tags.iter().any(|tag| reference::same(tag, name));
    job.place.images.pulled_services.iter().find(is_its).filter(|_| makes)
}
