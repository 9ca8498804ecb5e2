//! Images that a job pulls before its build takes the inline cache from them.

use super::bake::calls_of;
use super::may_be_older;
use crate::finding::Evidence;
use crate::model::NamedImage;
use crate::rules::Study;
use crate::rules::remedy::{At, reference};

/// The pulls for which the inline cache of this image is lost after each run that uses it: the
/// engine of each job that builds it has the image before, and keeps its images in dockerd's own
/// store. `None` where some job builds it otherwise. The builder before `BuildKit` needs the pull.
pub(in crate::rules) fn pulls_that_lose_cache(
    study: &Study,
    at: At,
    name: &str,
) -> Option<Vec<Evidence>> {
    if at.ci().is_some() {
        return pull_of(at, at, name);
    }
    let mut calls = calls_of(study, at).peekable();
    calls.peek()?;
    let lines: Option<Vec<Vec<Evidence>>> = calls.map(|call| pull_of(call, at, name)).collect();
    Some(lines?.concat())
}

/// The line of the job that does so; none where it is not written out.
fn pull_of(job: At, at: At, name: &str) -> Option<Vec<Evidence>> {
    if !job.place.fresh || job.driver() != Some("docker") || may_be_older(job) {
        return None;
    }
    let pulled = job.place.pulls_of(name).next().or_else(|| pull_of_service(job, at, name))?;
    let line = job.config.quote(pulled.quote.line);
    let line = line.map(|line| Evidence::of(&job.config.path, &line, "pulls the image first"));
    Some(line.into_iter().collect())
}

/// `docker compose pull`, where the service has the image of this name.
fn pull_of_service<'a>(job: At<'a>, at: At, name: &str) -> Option<&'a NamedImage> {
    let is_its = |pulled: &&NamedImage| {
        pulled.image.is_empty() || at.place.target.as_deref() == Some(&*pulled.image)
    };
    let makes = at.place.command.tags.iter().any(|tag| reference::same(tag, name));
    job.place.pulled_services.iter().find(is_its).filter(|_| makes)
}
