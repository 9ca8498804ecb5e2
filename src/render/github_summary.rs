//! The summary of a step of GitHub Actions: what is written to `$GITHUB_STEP_SUMMARY`.
//!
//! 1 MiB a step:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits>.

use super::markdown::HostForm;
use super::{Renderer, Report, Screen};

/// `--format github-summary`.
#[derive(Debug)]
pub struct GithubSummary;

const DOCUMENT: HostForm = HostForm { marker: "", limit: 1_000_000, open: 1, builds: 20 };

impl Renderer for GithubSummary {
    fn name(&self) -> &'static str {
        "github-summary"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        DOCUMENT.write(report)
    }
}
