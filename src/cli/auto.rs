//! `auto`: what the CI system shows that this process runs in.

use std::ffi::OsString;

/// A CI system, known by a variable that it sets in every job.
struct Ci {
    variable: &'static str,
    /// Formats for the log, in order.
    log: &'static [&'static str],
    /// The format that it collects from files.
    file: &'static str,
}

const HUMAN: &[&str] = &["human"];

static CIS: &[Ci] = &[
    // People read the log first; the annotations after it are shown on the page of the run as well.
    Ci { variable: "GITHUB_ACTIONS", log: &["human", "github"], file: "sarif" },
    Ci { variable: "GITLAB_CI", log: HUMAN, file: "gitlab" },
    Ci { variable: "BITBUCKET_BUILD_NUMBER", log: HUMAN, file: "bitbucket" },
    Ci { variable: "BUILDKITE", log: HUMAN, file: "buildkite" },
    Ci { variable: "CIRCLECI", log: HUMAN, file: "junit" },
    Ci { variable: "JENKINS_URL", log: HUMAN, file: "junit" },
    Ci { variable: "TF_BUILD", log: HUMAN, file: "junit" },
    Ci { variable: "TEAMCITY_VERSION", log: HUMAN, file: "junit" },
];

/// Formats for standard output.
pub(super) fn log() -> &'static [&'static str] {
    here(&variable).map_or(HUMAN, |ci| ci.log)
}

/// The format for a file.
pub(super) fn file() -> &'static str {
    here(&variable).map_or("json", |ci| ci.file)
}

/// The file that GitHub shows as the summary of the step; `None` elsewhere.
pub(super) fn summary() -> Option<OsString> {
    variable("GITHUB_ACTIONS").and_then(|_| variable("GITHUB_STEP_SUMMARY"))
}

fn here(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<&'static Ci> {
    CIS.iter().find(|ci| variable(ci.variable).is_some())
}

/// A variable that says something: some tools set theirs to `false`.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty() && value != "false")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::RENDERERS;

    #[test]
    fn every_ci_gets_formats_that_exist() {
        for ci in CIS {
            for name in ci.log.iter().chain([&ci.file]) {
                assert!(RENDERERS.iter().any(|r| r.name() == *name), "{name}");
            }
        }
    }

    #[test]
    fn a_ci_is_known_by_its_variable() {
        let found = |set: &'static str| here(&move |name| (name == set).then(|| "1".into())).map(|ci| ci.file);
        assert_eq!(found("BUILDKITE"), Some("buildkite"));
        assert_eq!(found("CI"), None);
    }
}
