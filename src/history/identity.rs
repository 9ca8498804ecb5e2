//! Which job of which pipeline a log is of: what flags say, else the CI's variables, else the log itself.

mod table;

use serde::{Deserialize, Serialize};

use crate::model::Run;
use crate::render::redact::redact;

use self::table::{CIS, Ci};

/// A job, and one run of it. What nobody said is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Identity {
    /// Repository: `team/app`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Pipeline or workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Job or step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What tells the legs of a matrix, or parallel copies of a job, apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leg: Option<String>,
    /// Branch or tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Number or id of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Which attempt of that run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
}

impl Identity {
    /// What the variables of the CI that this runs in say; `variable` looks one up.
    #[must_use]
    pub fn of_environment(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let says = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let here =
            |ci: &&Ci| says(ci.known_by.0).is_some_and(|value| ci.known_by.1.is_none_or(|wanted| wanted == value));
        let Some(ci) = CIS.iter().find(here) else { return Self::default() };
        let first = |names: &[&str]| names.iter().find_map(|name| says(name)).map(|value| redact(&value).into_owned());
        Self {
            repository: first(ci.repository),
            pipeline: first(ci.pipeline),
            job: first(ci.job),
            leg: first(ci.leg),
            branch: first(ci.branch).map(|branch| plain_branch(&branch)),
            commit: first(ci.commit),
            run: first(ci.run),
            attempt: first(ci.attempt),
        }
    }

    /// What is said here, and for the rest what `other` says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            repository: self.repository.or(other.repository),
            pipeline: self.pipeline.or(other.pipeline),
            job: self.job.or(other.job),
            leg: self.leg.or(other.leg),
            branch: self.branch.or(other.branch),
            commit: self.commit.or(other.commit),
            run: self.run.or(other.run),
            attempt: self.attempt.or(other.attempt),
        }
    }

    /// What a log says of itself.
    pub(super) fn of_log(run: &Run) -> Self {
        let kept = |text: &crate::model::Text| redact(text).into_owned();
        Self {
            job: run.job.as_ref().map(kept),
            branch: run.branch.as_ref().map(kept),
            commit: run.commit.as_ref().map(kept),
            ..Self::default()
        }
    }

    /// Nobody said anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Jobs beside each other: those of one pipeline.
    pub(super) fn scope(&self) -> String {
        joined(&[&self.repository, &self.pipeline])
    }

    /// The job within its scope.
    pub(super) fn name(&self) -> String {
        joined(&[&self.job, &self.leg])
    }

    /// The run of the CI, as far as it is told.
    pub(super) fn of_run(&self) -> String {
        joined(&[&self.repository, &self.pipeline, &self.job, &self.leg, &self.run, &self.attempt])
    }
}

fn joined(parts: &[&Option<String>]) -> String {
    parts.iter().map(|part| part.as_deref().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Azure, Jenkins and others name a branch as git does.
fn plain_branch(branch: &str) -> String {
    let names = ["refs/heads/", "refs/tags/", "origin/"];
    names.iter().find_map(|start| branch.strip_prefix(start)).unwrap_or(branch).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(set: &[(&str, &str)]) -> Identity {
        let lookup = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Identity::of_environment(&lookup)
    }

    #[test]
    fn a_job_of_github_is_known_by_its_variables() {
        let identity = here(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "team/app"),
            ("GITHUB_WORKFLOW", "CI"),
            ("GITHUB_JOB", "build"),
            ("GITHUB_RUN_ID", "99"),
            ("GITHUB_RUN_ATTEMPT", "2"),
            ("GITHUB_HEAD_REF", ""),
            ("GITHUB_REF_NAME", "main"),
        ]);
        assert_eq!((identity.job.as_deref(), identity.branch.as_deref()), (Some("build"), Some("main")));
        assert_eq!((identity.run.as_deref(), identity.attempt.as_deref()), (Some("99"), Some("2")));
    }

    #[test]
    fn flags_come_before_variables() {
        let flags = Identity { job: Some("web".into()), ..Identity::default() };
        let all = flags.or(here(&[("BUILDKITE", "true"), ("BUILDKITE_LABEL", "x"), ("BUILDKITE_BUILD_NUMBER", "7")]));
        assert_eq!((all.job.as_deref(), all.run.as_deref()), (Some("web"), Some("7")));
    }

    #[test]
    fn branches_are_named_as_people_do() {
        let azure = here(&[("TF_BUILD", "True"), ("BUILD_SOURCEBRANCH", "refs/heads/feature/x")]);
        assert_eq!(azure.branch.as_deref(), Some("feature/x"));
        assert!(here(&[("CI", "true")]).is_empty());
    }

    /// A CI that is known by another's variable would never be found.
    #[test]
    fn every_ci_is_found_by_what_knows_it() {
        for ci in CIS {
            let (name, value) = ci.known_by;
            let found =
                CIS.iter().find(|other| other.known_by.0 == name && other.known_by.1.is_none_or(|v| Some(v) == value));
            assert_eq!(found.map(|c| c.name), Some(ci.name));
            assert!(!ci.run.is_empty() && !ci.commit.is_empty(), "{}", ci.name);
        }
    }
}
