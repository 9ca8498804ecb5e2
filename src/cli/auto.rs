//! `auto`: what the CI system shows that this process runs in.

use std::ffi::OsString;

use super::screen::variable;
use crate::history::ci_around;

/// What a CI system makes something of. One that is not here shows its log, and nothing else.
struct Shown {
    ci: &'static str,
    /// Formats for the log, in order.
    log: &'static [&'static str],
    /// The format that it collects from files.
    file: &'static str,
}

const HUMAN: &[&str] = &["human"];

static SHOWN: &[Shown] = &[
    // People read the log first; the annotations after it are shown on the page of the run as well.
    Shown { ci: "github-actions", log: &["human", "github"], file: "sarif" },
    Shown { ci: "gitlab", log: HUMAN, file: "gitlab" },
    Shown { ci: "bitbucket", log: HUMAN, file: "bitbucket" },
    Shown { ci: "buildkite", log: HUMAN, file: "buildkite" },
    Shown { ci: "circleci", log: HUMAN, file: "junit" },
    Shown { ci: "jenkins", log: HUMAN, file: "junit" },
    Shown { ci: "azure-pipelines", log: HUMAN, file: "junit" },
    Shown { ci: "teamcity", log: HUMAN, file: "junit" },
];

/// Formats for standard output.
pub(super) fn log() -> &'static [&'static str] {
    here().map_or(HUMAN, |shown| shown.log)
}

/// The format for a file.
pub(super) fn file() -> &'static str {
    here().map_or("json", |shown| shown.file)
}

/// The file that GitHub shows as the summary of the step; `None` elsewhere.
pub(super) fn summary() -> Option<OsString> {
    let github = here().is_some_and(|shown| shown.ci == "github-actions");
    std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| github && !path.is_empty())
}

fn here() -> Option<&'static Shown> {
    let ci = ci_around(&variable)?;
    SHOWN.iter().find(|shown| shown.ci == ci)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::ENVELOPES;
    use crate::render::RENDERERS;

    #[test]
    fn every_ci_gets_formats_that_exist() {
        for shown in SHOWN {
            assert!(
                ENVELOPES.iter().any(|envelope| envelope.ci() == Some(shown.ci)),
                "{}",
                shown.ci
            );
            for name in shown.log.iter().chain([&shown.file]) {
                assert!(RENDERERS.iter().any(|r| r.name() == *name), "{name}");
            }
        }
    }
}
