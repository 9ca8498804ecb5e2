//! GitHub workflows and composite actions: steps that build by an action or in a script.

mod calls;
mod correct;
mod events;
mod inputs;
mod kept;
mod matrix;
mod metadata;
mod read;
mod setup;

use crate::config::yaml::Document;

use super::excerpt::Parts;
use super::{Change, Content, Kind, Place, yaml};

/// `.github/workflows/*.yml`, and the same folders of Gitea and Forgejo.
#[derive(Debug)]
pub(super) struct GithubWorkflow;

/// `action.yml` of a composite action.
#[derive(Debug)]
pub(super) struct GithubAction;

impl Kind for GithubWorkflow {
    fn name(&self) -> &'static str {
        "github-workflow"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("github-actions")
    }

    fn variable(&self, name: &str) -> Option<String> {
        Some(format!("${{{{ {name} }}}}"))
    }

    fn names(&self, path: &str) -> bool {
        let folders = [".github/workflows", ".gitea/workflows", ".forgejo/workflows"];
        let Some((folder, file)) = path.rsplit_once('/') else { return false };
        let known = folders.iter().any(|known| {
            folder.strip_suffix(known).is_some_and(|p| p.is_empty() || p.ends_with('/'))
        });
        known && yaml::is_file(file)
    }

    fn looks(&self, text: &str) -> bool {
        let has =
            |key: &str| text.lines().any(|line| line.trim_matches(['"', '\'']).starts_with(key));
        has("jobs:") && (has("on:") || has("on\":") || has("on':")) && text.contains("runs-on:")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        content(text)
    }

    fn parts(&self, text: &str, places: &[Place]) -> Option<Parts> {
        Parts::of_jobs(text, "jobs", false, places)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        correct::correct(text, changes)
    }
}

impl Kind for GithubAction {
    fn name(&self) -> &'static str {
        "github-action"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("github-actions")
    }

    fn variable(&self, name: &str) -> Option<String> {
        GithubWorkflow.variable(name)
    }

    fn names(&self, path: &str) -> bool {
        matches!(path.rsplit('/').next(), Some("action.yml" | "action.yaml"))
    }

    fn looks(&self, text: &str) -> bool {
        text.lines().any(|line| line.trim_end() == "runs:")
            && text.contains("using:")
            && text.contains("composite")
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        content(text)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        correct::correct(text, changes)
    }
}

fn content(text: &str) -> Result<Content, String> {
    let root = yaml::parse(text)?;
    // To find where everything stands takes longer than all else, and most workflows build nothing.
    let builds_none = read::builds(&root, None).is_empty();
    let doc = if builds_none { None } else { Document::new(text).ok() };
    let places = read::builds(&root, doc.as_ref()).into_iter().map(|found| found.place);
    Ok(Content {
        calls: calls::of(&root),
        inputs: calls::inputs(&root),
        unread: calls::elsewhere(&root),
        ..Content::of(places)
    })
}
