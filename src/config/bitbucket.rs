//! `bitbucket-pipelines.yml`: its steps, which of them run side by side, and the caches they name.
//!
//! Plain data with the line of each thing. Parts of unexpected shape are left out; what the file
//! means for a build is for the rules.

mod correct;
mod places;
mod read;
mod setting;

pub use correct::{BuildChange, Correction, correct};
pub use setting::{DOCKER_IMAGE, Setting};

use crate::config::yaml::{Document, Route};

use super::{Change, Content, Kind, yaml};

/// The kind of file.
#[derive(Debug)]
pub(super) struct BitbucketPipelines;

impl Kind for BitbucketPipelines {
    fn name(&self) -> &'static str {
        "bitbucket-pipelines"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("bitbucket")
    }

    fn names(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(name, "bitbucket-pipelines.yml" | "bitbucket-pipelines.yaml")
    }

    fn looks(&self, text: &str) -> bool {
        text.lines().any(|line| line.trim_end() == "pipelines:")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        let pipelines = Pipelines::parse(text)?;
        let doc = Document::new(text).ok();
        let places = places::find(doc.as_ref(), &pipelines).into_iter().map(|(place, _)| place);
        let content = Content::of(places);
        Ok(Content { pipelines: Some(pipelines), ..content })
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        places::correct(text, changes)
    }
}

/// The parts of a pipelines file that concern caches.
#[derive(Clone, Debug, Default)]
pub struct Pipelines {
    /// Steps in the order of the file; one that several pipelines use by alias is listed for each.
    pub steps: Vec<PipelineStep>,
    /// `definitions.caches`.
    pub caches: Vec<CacheDefinition>,
    /// `options.runtime.cloud.version`.
    pub runtime: Option<String>,
    /// Image of all steps without one of their own.
    pub image: Option<String>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct PipelineStep {
    /// `name:`, else `step N` by its place in the file.
    pub name: String,
    /// Pipeline it belongs to: `default`, `branches.main`.
    pub pipeline: String,
    /// Number of the `parallel:` group it runs in.
    pub parallel: Option<usize>,
    /// Caches it restores and saves.
    pub caches: Vec<CacheUse>,
    /// Services it starts.
    pub services: Vec<String>,
    /// Its script, one entry an item of the list; a pipe reads `pipe: name`.
    pub script: Vec<String>,
    /// Its `after-script`, in the same form.
    pub after_script: Vec<String>,
    /// `runtime.cloud.version`.
    pub runtime: Option<String>,
    /// Image the script runs in.
    pub image: Option<String>,
    /// It asks for a runner of its own (`runs-on:`).
    pub self_hosted: bool,
    /// 1-based line of its `step:`; 0 where it could not be found.
    pub line: u64,
    /// Where it is in the file.
    pub route: Route,
}

/// A cache that a step names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheUse {
    /// As written.
    pub name: String,
    /// 1-based line; 0 where it could not be found.
    pub line: u64,
}

/// An entry of `definitions.caches`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheDefinition {
    /// Its name.
    pub name: String,
    /// The directory; empty where none is given.
    pub path: String,
    /// `key.files`: without them the first content is kept until it expires.
    pub key_files: Vec<String>,
}

impl Pipelines {
    /// Reads the file.
    ///
    /// # Errors
    /// The YAML parser's message.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pipelines = read::pipelines(&yaml::parse(text)?);
        read::fill_lines(&mut pipelines.steps, text);
        Ok(pipelines)
    }

    /// Groups of steps that run side by side and save the same cache, each of two steps at least.
    #[must_use]
    pub fn sharing(&self, cache: &str) -> Vec<Vec<&PipelineStep>> {
        let groups = self.steps.iter().filter_map(|s| s.parallel).max().map_or(0, |last| last + 1);
        let saves = |step: &&PipelineStep| step.uses(cache) && !self.ignores(step, cache);
        (0..groups)
            .map(|group| {
                self.steps
                    .iter()
                    .filter(|s| s.parallel == Some(group))
                    .filter(saves)
                    .collect::<Vec<_>>()
            })
            .filter(|steps| steps.len() > 1)
            .collect()
    }

    /// Runtime version 3, of the step or of the file.
    #[must_use]
    pub fn is_modern(&self, step: &PipelineStep) -> bool {
        step.runtime.as_ref().or(self.runtime.as_ref()).is_some_and(|version| version == "3")
    }

    /// In runtime 3 the predefined docker cache "will be ignored and a warning message will be
    /// displayed" (Atlassian, "Enable and use Runtime v3").
    fn ignores(&self, step: &PipelineStep, cache: &str) -> bool {
        cache == "docker" && self.is_modern(step)
    }
}

impl PipelineStep {
    /// It names this cache.
    #[must_use]
    pub fn uses(&self, cache: &str) -> bool {
        self.caches.iter().any(|c| c.name == cache)
    }
}

#[cfg(test)]
mod tests;
