//! One finding: what it is, what it cost, the lines that show it, how sure, how to mend it.

use super::fix;
use super::{Input, evidence};
use crate::finding::Finding;
use crate::render::page::{BOLD, Page, style_of};
use crate::render::phrases::{costs, title};
use crate::render::{escape, names};

/// All of it.
pub(super) fn full(page: &Page, finding: &Finding, input: &Input) -> Vec<String> {
    let mut lines = heading(page, finding, input);
    lines.extend(page.labelled("costs", &costs(finding.impact)));
    lines.extend(fix::short(page, finding));
    lines.extend(page.labelled("why", &escape::line(&finding.cause)));
    lines.extend(evidence::lines(page, finding.evidence.iter(), &input.sources));
    lines.extend(page.labelled("sure", &sure(finding)));
    lines.extend(fix::full(page, finding));
    lines
}

/// What is known, or worth knowing only, with the line that shows it best.
pub(super) fn short(page: &Page, finding: &Finding, input: &Input) -> Vec<String> {
    let mut lines = heading(page, finding, input);
    lines.extend(evidence::lines(page, std::iter::once(finding.evidence.first()), &input.sources));
    lines.extend(fix::short(page, finding));
    lines
}

fn heading(page: &Page, finding: &Finding, input: &Input) -> Vec<String> {
    let name = format!("{}[{}]", names::severity(finding.severity), finding.rule);
    let mut lines = page.wrap("", "  ", &format!("{name}  {}", escape::line(&title(input.report, finding))));
    for (index, line) in lines.iter_mut().enumerate() {
        *line = match line.strip_prefix(&name).filter(|_| index == 0) {
            Some(title) => page.paint(style_of(finding.severity), &name) + &page.paint(BOLD, title),
            None => page.paint(BOLD, line),
        };
    }
    lines
}

/// `likely. Other explanations: the base image changed (same digest); …`.
fn sure(finding: &Finding) -> String {
    let level = names::confidence(finding.confidence);
    if finding.rules_out.is_empty() {
        return format!("{level}.");
    }
    let others: Vec<_> = finding.rules_out.iter().map(|text| escape::line(text.trim_end_matches('.'))).collect();
    format!("{level}. Other explanations: {}.", others.join("; "))
}
