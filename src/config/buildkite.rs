//! Buildkite's `pipeline.yml`: steps with commands, and steps that build by the docker-compose
//! plugin.

mod correct;
mod plugin;
mod read;

use crate::config::yaml::Document;

use super::{Change, Content, Kind, yaml};

/// The kind of file.
#[derive(Debug)]
pub(super) struct BuildkitePipeline;

impl Kind for BuildkitePipeline {
    fn name(&self) -> &'static str {
        "buildkite-pipeline"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("buildkite")
    }

    fn variable(&self, name: &str) -> Option<String> {
        Some(if name.starts_with("matrix") {
            format!("{{{{{name}}}}}")
        } else {
            format!("${name}")
        })
    }

    /// `.buildkite/*.yml`; `buildkite.yml` is looked for by the agent too (agent
    /// `clicommand/pipeline_upload.go`).
    fn names(&self, path: &str) -> bool {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        yaml::is_file(file)
            && (file.starts_with("buildkite.")
                || folder.split('/').any(|part| part == ".buildkite"))
    }

    fn looks(&self, text: &str) -> bool {
        let top = |key: &str| text.lines().any(|line| line.trim_end() == key);
        let own = ["plugins:", "- label:", "- group:", "- wait", "- block:"];
        top("steps:")
            && !top("jobs:")
            && own.iter().any(|key| text.lines().any(|line| line.trim_start().starts_with(key)))
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        let root = yaml::parse(text)?;
        let doc = Document::new(text).ok();
        Ok(Content::of(read::builds(&root, doc.as_ref()).into_iter().map(|found| found.place)))
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        correct::correct(text, changes)
    }
}
