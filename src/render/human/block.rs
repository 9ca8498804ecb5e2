//! One finding: what it is, what it cost, how to mend it, the lines that show it, how sure.

use super::{InputFacts, evidence, fix};
use crate::finding::Finding;
use crate::render::page::{BOLD, INDENT, TextPage, blanks, style_of};
use crate::render::phrases::{costs, title};
use crate::render::{alternatives, escape, names};

/// Quoted lines of a finding in full; more prove nothing more to a reader.
const MOST: usize = 6;
/// Quoted lines of a first look.
const FEW: usize = 3;
/// And where there are several findings.
const TWO: usize = 2;

/// All of it.
pub(super) fn full(page: &TextPage, finding: &Finding, input: &InputFacts) -> Vec<String> {
    let mut lines = head(page, finding, input);
    lines.extend(evidence::lines(page, finding, &input.newest_first(finding), MOST, input));
    lines.extend(page.labelled("confidence", names::confidence(finding.confidence)));
    for (label, texts) in alternatives::kinds(finding) {
        lines.extend(standing(page, label, &texts));
    }
    lines.extend(fix::full(page, finding, input));
    lines
}

/// What one needs to decide: the rest comes with `--details`.
pub(super) fn brief(page: &TextPage, finding: &Finding, input: &InputFacts) -> Vec<String> {
    let mut lines = head(page, finding, input);
    let few = if input.report.findings.len() > 1 { TWO } else { FEW };
    lines.extend(evidence::lines(page, finding, &input.newest_first(finding), few, input));
    let mut parts = vec![names::confidence(finding.confidence).to_owned()];
    parts.extend(
        alternatives::kinds(finding)
            .map(|(label, texts)| format!("{label}: {}", listed(&texts, short_name))),
    );
    lines.extend(page.labelled("confidence", &parts.join(". ")));
    lines
}

/// What is known, or worth knowing only, with the line that shows it best.
pub(super) fn short(page: &TextPage, finding: &Finding, input: &InputFacts) -> Vec<String> {
    let mut lines = heading(page, finding, input);
    lines.extend(fix::short(page, finding));
    let newest = input.newest_first(finding);
    lines.extend(evidence::lines(page, finding, newest.get(..1).unwrap_or_default(), FEW, input));
    lines
}

/// What both lengths begin with.
fn head(page: &TextPage, finding: &Finding, input: &InputFacts) -> Vec<String> {
    let mut lines = heading(page, finding, input);
    lines.extend(page.labelled("impact", &costs(finding.impact)));
    lines.extend(fix::short(page, finding));
    if !input.report.details {
        lines.extend(fix::brief(page, finding, input));
    }
    lines.extend(page.labelled("cause", &escape::line(&finding.cause)));
    lines
}

fn heading(page: &TextPage, finding: &Finding, input: &InputFacts) -> Vec<String> {
    let name = format!("{}[{}]", names::severity(finding.severity), finding.rule);
    let mut lines =
        page.wrap("", "  ", &format!("{name}  {}", escape::line(&title(input.report, finding))));
    for (index, line) in lines.iter_mut().enumerate() {
        *line = match line.strip_prefix(&name) {
            Some(title) if index == 0 => {
                page.paint(style_of(finding.severity), &name) + &page.paint(BOLD, title)
            }
            _ => page.paint(BOLD, line),
        };
    }
    lines
}

/// `Ruled out: the base image changed (same digest); …`, below the confidence.
fn standing(page: &TextPage, label: &str, texts: &[&str]) -> Vec<String> {
    let margin = blanks(INDENT);
    page.wrap(&margin, &format!("{margin}  "), &format!("{label}: {}", listed(texts, |text| text)))
}

fn listed(texts: &[&str], shown: impl Fn(&str) -> &str) -> String {
    texts.iter().map(|text| escape::line(shown(text))).collect::<Vec<_>>().join("; ")
}

/// Without the reason in brackets.
fn short_name(text: &str) -> &str {
    text.split_once(" (").map_or(text, |(name, _)| name)
}
