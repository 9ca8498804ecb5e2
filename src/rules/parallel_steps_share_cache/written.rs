//! The pipelines file alone: steps that run side by side build images and name one docker cache.

use super::finding;
use crate::config::bitbucket::PipelineStep;
use crate::config::builds_images;
use crate::finding::{Confidence, Finding};
use crate::rules::Study;
use crate::rules::cache_saves::{self, FailedSave, Sharing};

/// The predefined cache: one file, docker.tar, with all images of the step.
const DOCKER: &str = "docker";

/// One finding for each file.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let shared = cache_saves::files(study).filter_map(|(config, file)| {
        let mut groups = file.sharing(DOCKER);
        groups.retain(|group| group.iter().filter(|step| builds(step)).count() > 1);
        let sharing = (!groups.is_empty()).then_some(Sharing::File { config, groups })?;
        let found = finding(&FailedSave { cache: DOCKER, saves: Vec::new() }, &sharing)?;
        Some(Finding { confidence: Confidence::Likely, ..found })
    });
    shared.collect()
}

fn builds(step: &PipelineStep) -> bool {
    step.script.iter().any(|item| builds_images(item))
}
