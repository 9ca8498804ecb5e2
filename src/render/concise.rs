//! One line a finding, for scripts, chats and a first look: place, cause, build, cost, fix; then
//! one line that sums up.

use super::page::{RED, TextPage, style_of};
use super::phrases::{costs, headline, title};
use super::seen::QuotedLogs;
use super::{Renderer, Report, Screen, anchor, decisions, escape, names, problem_line};
use crate::finding::Finding;

/// `--format concise`.
#[derive(Debug)]
pub struct Concise;

impl Renderer for Concise {
    fn name(&self) -> &'static str {
        "concise"
    }

    fn render(&self, report: &Report, screen: Screen) -> String {
        let page = TextPage::new(screen);
        let seen = QuotedLogs::of(report);
        let mut lines: Vec<String> =
            report.for_people().map(|each| line(&page, report, each, &seen)).collect();
        lines.extend(report.problems.iter().map(|problem| {
            let text = problem_line(problem);
            format!("{} {text}", page.paint(RED, "problem:"))
        }));
        lines.extend(failed_gates(&page, report));
        lines.extend(
            decisions::hidden(report).iter().map(|text| format!("hidden: {}", escape::line(text))),
        );
        lines.push(page.parted(&headline(report)));
        page.print(&lines)
    }
}

/// `run-02.log:29: error[rule] title · build team/app · 5 steps ran again … · fix: …`.
fn line(page: &TextPage, report: &Report, finding: &Finding, seen: &QuotedLogs) -> String {
    let place = anchor::of(report, finding);
    let name = format!("{}[{}]", names::severity(finding.severity), finding.rule);
    let mut parts = vec![escape::line(&title(report, finding))];
    parts.extend(seen.build(finding).map(|key| format!("build {}", escape::line(key))));
    parts.extend(Some(costs(finding.impact)).filter(|text| !text.is_empty()));
    parts.push(format!("fix: {}", escape::line(&finding.fix.summary)));
    let said = page.parted(&parts.join(" · "));
    format!(
        "{}:{}: {} {said}",
        place.path,
        place.line,
        page.paint(style_of(finding.severity), &name)
    )
}

fn failed_gates(page: &TextPage, report: &Report) -> Vec<String> {
    let failed = decisions::gates(report).into_iter().filter(|gate| !gate.passed);
    let said = failed.map(|gate| {
        let why =
            gate.lines.first().map(|line| format!(": {}", escape::line(line))).unwrap_or_default();
        format!("{} {}{why}", page.paint(RED, "gate failed:"), escape::line(&gate.asked))
    });
    said.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn a_finding_is_one_line_whatever_it_holds() {
        for report in
            [samples::several(), samples::hostile(), samples::configured(), samples::flood()]
        {
            let text = Concise.render(&report, samples::NARROW);
            assert_eq!(
                text.lines().count(),
                report.findings.len() + report.problems.len() + 1,
                "{text}"
            );
        }
    }

    #[test]
    fn gates_that_failed_are_told() {
        let text = Concise.render(&samples::decided(), samples::NARROW);
        assert!(text.contains("gate failed: --min-hit-rate 60: "), "{text}");
    }
}
