//! Annotations of GitHub Actions, as workflow commands.
//!
//! A step may make ten of each kind; the runner drops the rest without a word
//! (<https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md#limitations>) and cuts
//! texts at 4096 characters (`_maxIssueMessageLength`, `ExecutionContext.cs` of actions/runner).

use super::decisions::GateSaid;
use super::{Renderer, Report, Screen, anchor, decisions, escape, phrases, problem_line};
use crate::finding::{Finding, Severity};
use crate::render::units::count;
use crate::triage::Verdict;

/// `--format github`.
#[derive(Debug)]
pub struct Github;

impl Renderer for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        let kinds = [Severity::Error, Severity::Warning, Severity::Note];
        let (mut notices, mut hidden) = (Vec::new(), Vec::new());
        let mut out = String::new();
        for kind in kinds {
            let all = report.findings.iter().filter(|finding| finding.severity == kind);
            let shown: Vec<String> =
                all.clone().take(most(kind)).map(|finding| annotation(report, finding)).collect();
            hidden.extend(left(all.count() - shown.len(), kind));
            out.extend(shown);
        }
        let unread = report.problems.len();
        notices.extend(report.problems.first().map(|problem| {
            let more = if unread > 1 {
                format!(" (and {})", count(unread - 1, "more problem"))
            } else {
                String::new()
            };
            format!("problem: {}{more}", problem_line(problem))
        }));
        notices.extend((!hidden.is_empty()).then(|| format!("and {}", hidden.join(", "))));
        notices.extend(gone(report));
        notices.extend(too_little(report));
        // Where they do not close, the job fails: that is said before all else.
        let failed = decisions::gates(report)
            .into_iter()
            .filter(|gate| !gate.passed)
            .take(most(Severity::Error));
        let failed: String = failed.map(|gate| failure(&gate)).collect();
        out.insert_str(0, &failed);
        out.extend(
            notices
                .iter()
                .map(|text| format!("::notice title=cachediag::{}\n", escape::command::data(text))),
        );
        out
    }
}

fn failure(gate: &GateSaid) -> String {
    let lines = std::iter::once(&gate.asked).chain(gate.lines.iter().take(10));
    let lines: Vec<String> = lines.map(|line| escape::shorten(&escape::line(line), 250)).collect();
    format!("::error title=gate failed::{}\n", escape::command::data(&lines.join("\n")))
}

/// Of the ten notices four are kept for what is not shown, what is gone, and what is not known.
fn most(kind: Severity) -> usize {
    if kind == Severity::Note { 6 } else { 10 }
}

/// What the job's last run had; it is shown this once.
fn gone(report: &Report) -> Option<String> {
    let gone = report.news.as_ref().map(|news| &news.gone).filter(|gone| !gone.is_empty())?;
    let lines = gone.iter().take(10).map(|gone| format!("{}: {}", gone.rule, gone.title));
    let lines: Vec<String> = lines.map(|line| escape::shorten(&escape::line(&line), 250)).collect();
    Some(format!(
        "gone since the job's last run: {}\n{}",
        count(gone.len(), "finding"),
        lines.join("\n")
    ))
}

/// A green job says nothing where steps ran and nothing shows why.
fn too_little(report: &Report) -> Option<String> {
    let assessment = report.assessment();
    let open = assessment.verdict == Verdict::TooLittleToTell;
    open.then(|| escape::line(&phrases::too_little(report, &assessment)))
}

/// Characters of a text: the runner's limit, with room for escapes.
const LONGEST: usize = 3000;

fn annotation(report: &Report, finding: &Finding) -> String {
    let anchor = anchor::of(report, finding);
    // A log is no file of the repository: what is said of it is shown with the run.
    let place = anchor
        .in_repository
        .then(|| format!("file={},line={},", escape::command::property(&anchor.path), anchor.line));
    let new =
        (report.is_new(finding) == Some(true)).then(|| "New since the job's last run.".to_owned());
    let parts = [
        Some(phrases::title(report, finding).into_owned()),
        new,
        Some(finding.cause.clone()),
        Some(format!(
            "Seen: {}:{}: {}",
            anchor.path,
            anchor.line,
            escape::shorten(&anchor.text, 300)
        )),
        Some(format!("Fix: {}", finding.fix.summary)),
    ];
    let text: Vec<String> = parts
        .iter()
        .flatten()
        .map(|part| escape::shorten(&escape::line(part), LONGEST / 4))
        .collect();
    let text = format!("{}\nMore: cachediag explain {}", text.join("\n"), finding.rule);
    let (command, place) = (command(finding.severity), place.unwrap_or_default());
    format!("::{command} {place}title={}::{}\n", finding.rule, escape::command::data(&text))
}

fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    }
}

fn left(number: usize, kind: Severity) -> Option<String> {
    (number > 0).then(|| count(number, &format!("more {}", super::names::severity(kind))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn ten_thousand_findings_make_ten_annotations_of_a_kind() {
        let text = Github.render(&samples::flood(), samples::NARROW);
        for kind in ["::error ", "::warning ", "::notice "] {
            assert!(
                (1..=10).contains(&text.lines().filter(|line| line.starts_with(kind)).count()),
                "{kind}"
            );
        }
        assert!(
            text.contains("more errors")
                && text.lines().all(|line| line.starts_with("::") && line.len() <= 4096)
        );
    }
}
