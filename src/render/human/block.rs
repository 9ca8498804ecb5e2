//! One finding: what it is, what it cost, the lines that show it, how sure, how to mend it.

use super::fix;
use super::{Input, evidence};
use crate::finding::{Finding, Impact};
use crate::render::page::{BOLD, Page, style_of};
use crate::render::units::{count, duration};
use crate::render::{escape, names};

/// All of it.
pub(super) fn full(page: &Page, finding: &Finding, input: &Input) -> Vec<String> {
    let mut lines = heading(page, finding);
    lines.extend(page.labelled("costs", &costs(finding.impact)));
    lines.extend(page.labelled("why", &escape::line(&finding.cause)));
    lines.extend(evidence::lines(page, finding.evidence.iter(), &input.sources));
    lines.extend(page.labelled("sure", &sure(finding)));
    lines.extend(fix::full(page, finding));
    lines
}

/// What is worth knowing, with the line that shows it best.
pub(super) fn short(page: &Page, finding: &Finding, input: &Input) -> Vec<String> {
    let mut lines = heading(page, finding);
    lines.extend(evidence::lines(page, std::iter::once(finding.evidence.first()), &input.sources));
    lines.extend(page.labelled("fix", &escape::line(&finding.fix.summary)));
    lines
}

fn heading(page: &Page, finding: &Finding) -> Vec<String> {
    let name = format!("{}[{}]", names::severity(finding.severity), finding.rule);
    let mut lines = page.wrap("", "  ", &format!("{name}  {}", escape::line(&finding.title)));
    for (index, line) in lines.iter_mut().enumerate() {
        *line = match line.strip_prefix(&name).filter(|_| index == 0) {
            Some(title) => page.paint(style_of(finding.severity), &name) + &page.paint(BOLD, title),
            None => page.paint(BOLD, line),
        };
    }
    lines
}

/// `15 steps ran again in 3 runs: up to 7 min 30 s, 2 min 30 s a run`; empty where nothing was measured.
fn costs(impact: Impact) -> String {
    let ran = (impact.steps > 0).then(|| format!("{} ran again", count(impact.steps, "step")));
    let place = (impact.runs > 0).then(|| format!("in {}", count(impact.runs, "run")));
    // Below a tenth of a second nothing can be said to be lost.
    let time = (impact.seconds >= 0.05).then(|| time(impact));
    let start: Vec<_> = ran.into_iter().chain(place).collect();
    let parts: Vec<_> = Some(start.join(" ")).filter(|s| !s.is_empty()).into_iter().chain(time).collect();
    parts.join(": ")
}

fn time(impact: Impact) -> String {
    let all = format!("up to {}", duration(impact.seconds));
    match u32::try_from(impact.runs) {
        Ok(runs @ 2..) => format!("{all}, {} a run", duration(impact.seconds / f64::from(runs))),
        _ => all,
    }
}

/// `likely. Also considered: the base image changed (same digest); …`.
fn sure(finding: &Finding) -> String {
    let level = names::confidence(finding.confidence);
    if finding.rules_out.is_empty() {
        return format!("{level}.");
    }
    let others: Vec<_> = finding.rules_out.iter().map(|text| escape::line(text.trim_end_matches('.'))).collect();
    format!("{level}. Also considered: {}.", others.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_say_what_was_measured_only() {
        let say = |steps, seconds, runs| costs(Impact { steps, seconds, runs });
        assert_eq!(say(15, 450.0, 3), "15 steps ran again in 3 runs: up to 7 min 30 s, 2 min 30 s a run");
        assert_eq!(say(0, 450.0, 1), "in 1 run: up to 7 min 30 s");
        assert_eq!(say(1, 0.0, 0), "1 step ran again");
        assert_eq!(say(0, 0.0, 0), "");
    }
}
