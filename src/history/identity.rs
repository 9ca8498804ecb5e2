//! Which job of which pipeline a log is of: what flags say, else the CI's variables, else the log
//! itself.

mod said;
mod table;

use serde::{Deserialize, Serialize};

use crate::model::Run;
use crate::render::redact::redact;

use self::said::SaidIn;
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
        let Some(ci) = around(variable) else { return Self::default() };
        let first = |places: &[SaidIn]| {
            let said = places.iter().find_map(|place| place.read(variable));
            said.map(|value| redact(&value).into_owned())
        };
        Self {
            repository: first(ci.repository),
            pipeline: first(ci.pipeline),
            job: first(ci.job),
            leg: first(ci.leg),
            branch: first(ci.branch).map(|branch| plain_branch(&branch)),
            commit: first(ci.commit).filter(|commit| is_hash(commit)),
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

    /// The same job, of another run: which commit and branch that was is not known.
    pub(super) fn of_another_run(self) -> Self {
        Self { branch: None, commit: None, ..self }
    }

    /// A log that names another commit is not of this run. Some print only the first digits.
    pub(super) fn agrees_with(&self, log: &Self) -> bool {
        let same = |own: &str, said: &str| own.starts_with(said) || said.starts_with(own);
        let both = self.commit.as_deref().zip(log.commit.as_deref());
        both.is_none_or(|(own, said)| same(own, said))
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

    /// The run of the CI, where it is known.
    pub(super) fn of_run(&self) -> String {
        joined(&[&self.repository, &self.pipeline, &self.job, &self.leg, &self.run, &self.attempt])
    }
}

/// The CI system that this runs in, by the name that its logs have; `variable` looks a variable up.
#[must_use]
pub fn ci_around(variable: &dyn Fn(&str) -> Option<String>) -> Option<&'static str> {
    around(variable).map(|ci| ci.name)
}

/// Some tools set the variable of a CI to `false`, or to nothing.
fn around(variable: &dyn Fn(&str) -> Option<String>) -> Option<&'static Ci> {
    let says =
        |name: &str| variable(name).filter(|value| !value.trim().is_empty() && value != "false");
    CIS.iter().find(|ci| {
        says(ci.known_by.0).is_some_and(|value| ci.known_by.1.is_none_or(|wanted| wanted == value))
    })
}

fn joined(parts: &[&Option<String>]) -> String {
    parts.iter().map(|part| part.as_deref().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Azure, Jenkins and others name a branch as git does.
fn plain_branch(branch: &str) -> String {
    let names = ["refs/heads/", "refs/tags/", "origin/"];
    names.iter().find_map(|start| branch.strip_prefix(start)).unwrap_or(branch).to_owned()
}

/// Some say `HEAD`.
fn is_hash(commit: &str) -> bool {
    commit.len() >= 7 && commit.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::envelope::ENVELOPES;

    fn here(set: &[(&str, &str)]) -> Identity {
        let lookup = |name: &str| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Identity::of_environment(&lookup)
    }

    #[test]
    fn flags_come_before_variables() {
        let flags = Identity { job: Some("web".into()), ..Identity::default() };
        let all = flags.or(here(&[
            ("BUILDKITE", "true"),
            ("BUILDKITE_LABEL", "x"),
            ("BUILDKITE_BUILD_NUMBER", "7"),
        ]));
        assert_eq!((all.job.as_deref(), all.run.as_deref()), (Some("web"), Some("7")));
    }

    #[test]
    fn what_is_switched_off_is_not_there() {
        assert!(
            here(&[
                ("CI", "true"),
                ("TRAVIS", "false"),
                ("CIRCLECI", ""),
                ("GITLAB_CI", "false"),
                ("TRAVIS_REPO_SLUG", "a/b")
            ])
            .is_empty()
        );
    }

    /// One that is known by another's variable would never be found.
    #[test]
    fn every_ci_is_found_by_what_knows_it() {
        for ci in CIS {
            let (name, value) = ci.known_by;
            let set = |asked: &str| (asked == name).then(|| value.unwrap_or("1").to_owned());
            assert_eq!(ci_around(&set), Some(ci.name));
            assert!(
                ENVELOPES.iter().any(|envelope| envelope.ci() == Some(ci.name)),
                "{} has no logs",
                ci.name
            );
            assert!(
                fs::exists(format!("tests/history/variables/{}.env", ci.name)).unwrap(),
                "{} is not tried",
                ci.name
            );
        }
    }

    /// What a job of each CI has in its environment, and below it what is known of the job.
    #[test]
    fn a_job_of_every_ci_is_known_by_its_variables() {
        let files =
            fs::read_dir("tests/history/variables").unwrap().map(|entry| entry.unwrap().path());
        for file in files.filter(|path| path.extension().is_some_and(|end| end == "env")) {
            let text = fs::read_to_string(&file).unwrap();
            let (set, known) = text.split_once("\n\n").unwrap();
            let set: Vec<(&str, &str)> =
                set.lines().filter_map(|line| line.split_once('=')).collect();
            let known: Identity = serde_json::from_str(known).unwrap();
            assert_eq!(here(&set), known, "{}", file.display());
        }
    }
}
