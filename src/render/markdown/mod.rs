//! The report as a comment of a pull request: short, with the details folded.
//!
//! The first line is a comment that nobody sees, by which a bot finds its own comment again.

mod block;
mod document;

pub(super) use self::document::HostForm;
use super::{Renderer, Report, Screen};

/// `--format markdown`.
#[derive(Debug)]
pub struct Markdown;

/// GitHub takes 65,536 characters, a proxy in between may take less, and nobody reads more.
const DOCUMENT: HostForm =
    HostForm { marker: "<!-- cachediag -->\n", limit: 60_000, open: 0, builds: 5 };

impl Renderer for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        DOCUMENT.write(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Buildkite, GithubSummary, samples};

    #[test]
    fn ten_thousand_findings_fit() {
        let formats: [(&dyn Renderer, usize); 3] =
            [(&Markdown, 65_536), (&GithubSummary, 1 << 20), (&Buildkite, 1 << 20)];
        for (format, limit) in formats {
            let text = format.render(&samples::flood(), samples::NARROW);
            assert!(text.len() <= limit, "{}: {}", format.name(), text.len());
            assert!(text.len() > limit / 2 && text.contains("more findings"), "{}", format.name());
            assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
        }
    }

    /// A finding that is too long is named at least.
    #[test]
    fn a_huge_finding_is_one_line() {
        let mut report = samples::multi_stage();
        report.findings[0].fix.snippet = Some("x\n".repeat(1 << 20));
        let text = Markdown.render(&report, samples::NARROW);
        assert!(text.contains("inline-cache-multi-stage") && text.len() < 10_000, "{text}");
    }
}
