//! `.gitlab-ci.yml`: jobs with their scripts, through `extends`, `default`, anchors and
//! `!reference`.

mod include;
mod inherit;
mod kept;
mod read;

use crate::config::yaml::Document;

use super::excerpt::Parts;
use super::script;
use super::{Change, Content, Kind, Place, yaml};

/// The kind of file.
#[derive(Debug)]
pub(super) struct GitlabCi;

impl Kind for GitlabCi {
    fn name(&self) -> &'static str {
        "gitlab-ci"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("gitlab")
    }

    fn variable(&self, name: &str) -> Option<String> {
        let input = name.starts_with("inputs.");
        Some(if input { format!("$[[ {name} ]]") } else { format!("${name}") })
    }

    /// Files that it includes are named `docker.gitlab-ci.yml`, or lie in `.gitlab/`.
    fn names(&self, path: &str) -> bool {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        yaml::is_file(file)
            && (file.contains("gitlab-ci.") || folder.split('/').any(|part| part == ".gitlab"))
    }

    fn looks(&self, text: &str) -> bool {
        let top = |key: &str| text.lines().any(|line| line.starts_with(key));
        let others = ["jobs:", "steps:", "pipelines:", "services:"];
        top("stages:") && text.contains("\n  script:") && !others.iter().any(|key| top(key))
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        self.read_among(text, &[])
    }

    /// By `extends` and `!reference`.
    fn parts(&self, text: &str, places: &[Place]) -> Option<Parts> {
        Parts::of_jobs(text, "", true, places)
    }

    fn read_among(&self, text: &str, others: &[String]) -> Result<Content, String> {
        let (head, jobs) = documents(text);
        // Its lines stay where they are.
        let text = "\n".repeat(head.matches('\n').count()) + jobs;
        let own = yaml::parse(&text)?;
        let (includes, unread) = (include::local(&own), include::elsewhere(&own));
        let (calls, inputs) = (include::calls(&own), include::inputs(head));
        let doc = Document::new(text).ok();
        let root = include::together(own, others);
        let places = builds(&root, doc.as_ref(), others).into_iter().map(|(place, _)| place);
        Ok(Content { includes, calls, unread, inputs, ..Content::of(places) })
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        self.correct_among(text, &[], changes)
    }

    fn correct_among(
        &self,
        text: &str,
        others: &[String],
        changes: &[Change],
    ) -> Result<String, String> {
        let (head, jobs) = documents(text);
        let doc = Document::new(jobs)?;
        let root = include::together(yaml::parse(jobs)?, others);
        let jobs = script::correct(&doc, &builds(&root, Some(&doc), others), changes, |place| {
            make(&root, place)
        })?;
        Ok(format!("{head}{jobs}"))
    }
}

/// Builds whose scripts are written in this file; among others there are those of its hidden jobs
/// too, which jobs of other files extend.
fn builds(
    root: &yaml_serde::Value,
    doc: Option<&Document>,
    others: &[String],
) -> Vec<(Place, script::BuildSpot)> {
    let mut found = read::builds(root, doc);
    if !others.is_empty()
        && let Some(doc) = doc
    {
        found.retain(|(_, spot)| {
            yaml::Scalar::find(doc, &spot.item.route, &spot.item.value).is_some()
        });
    }
    found
}

/// What stands before the jobs, and the jobs: a file with inputs declares them in a document of its
/// own, `spec:` to `---` (<https://docs.gitlab.com/ci/yaml/#spec>).
fn documents(text: &str) -> (&str, &str) {
    let (mut end, mut declares) = (0, false);
    for line in text.split_inclusive('\n') {
        end += line.len();
        if declares && line.trim_end() == "---" {
            return text.split_at_checked(end).unwrap_or(("", text));
        }
        declares |= line.starts_with("spec:");
    }
    ("", text)
}

/// Lines that make a docker-container builder. A dind service is reached by TLS, and buildx takes
/// that from a context only ("could not create a builder instance with TLS data loaded from
/// environment", docker/buildx `commands/create.go`). A runner's own engine may have the builder
/// from a job before.
fn make(root: &yaml_serde::Value, place: &Place) -> Vec<String> {
    let job = place.key.as_deref().unwrap_or(&place.job);
    if read::has_dind(root, job) {
        let create = "docker buildx create --name ci --driver docker-container --use ci-engine";
        return vec!["docker context create ci-engine".to_owned(), create.to_owned()];
    }
    vec![
        "docker buildx create --name ci --driver docker-container --use || docker buildx use ci"
            .to_owned(),
    ]
}
