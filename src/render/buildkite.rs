//! An annotation of Buildkite, for `buildkite-agent annotate`.
//!
//! Its body has at most 1 MiB: <https://buildkite.com/docs/agent/cli/reference/annotate>. The style
//! is an option of that command, not part of the text.

use super::markdown::HostForm;
use super::{Renderer, Report, Screen};

/// `--format buildkite`.
#[derive(Debug)]
pub struct Buildkite;

const DOCUMENT: HostForm = HostForm { marker: "", limit: 1_000_000, open: 1, builds: 5 };

impl Renderer for Buildkite {
    fn name(&self) -> &'static str {
        "buildkite"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        DOCUMENT.write(report)
    }
}
