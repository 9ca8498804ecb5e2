//! The findings as markup that can be read without script and style.
//!
//! Some viewers of CI artifacts allow neither (Jenkins: `sandbox; default-src 'none'`), so what is
//! wrong and what to do stands in the page itself; the script adds buttons and marks.

use maud::{Markup, html};

use super::prose::prose;
use crate::finding::{Edit, Evidence, Finding, Fix};
use crate::render::escape::{line, lines, path};
use crate::render::phrases::{costs, source, title};
use crate::render::seen::QuotedLogs;
use crate::render::units::count;
use crate::render::{Report, alternatives, names};

/// Findings in full. What comes after them is listed by its title: nobody reads so many, and all of
/// them in full would make the page slow to open.
const IN_FULL: usize = 200;
/// Findings that are named at all.
const NAMED: usize = 2_000;
/// Quoted lines that show at once; the others open on demand.
const AT_ONCE: usize = 6;
/// Quoted lines at all.
const QUOTED: usize = 40;

pub(super) fn all(report: &Report, findings: &[&Finding]) -> Markup {
    let rest = findings.get(IN_FULL..).unwrap_or_default();
    let seen = QuotedLogs::of(report);
    html! {
        @for (index, finding) in findings.iter().take(IN_FULL).enumerate() { (full(report, &seen, index, finding)) }
        @if !rest.is_empty() {
            details.rest {
                summary { (count(rest.len(), "more finding")) }
                ul { @for finding in rest.iter().take(NAMED) { li { (heading(report, finding)) } } }
                @if rest.len() > NAMED { p { "The others are in the other formats: cachediag \
                    --format json" } }
            }
        }
    }
}

fn full(report: &Report, seen: &QuotedLogs, index: usize, finding: &Finding) -> Markup {
    html! {
        details.finding.(names::severity(finding.severity)) id=(format!("finding-{}", index + 1)) data-finding=(index)
            data-rule=(finding.rule) data-seconds=(finding.impact.seconds.round()) data-jobs=(jobs(seen, finding)) open {
            summary { (heading(report, finding)) }
            (labelled("Impact", &costs(finding.impact)))
            h4 { "Fix" }
            (fix(&finding.fix, source(finding)))
            (labelled("Cause", &finding.cause))
            h4 { "Evidence" }
            (lines_of(finding))
            h4 { "Confidence" }
            (sure(finding))
            p.more { "More: " code { "cachediag explain " (finding.rule) } }
        }
    }
}

/// Names of the jobs that show it, a line each.
fn jobs(seen: &QuotedLogs, finding: &Finding) -> String {
    let names: Vec<String> = seen.jobs(finding).iter().map(|name| line(name)).collect();
    names.join("\n")
}

fn heading(report: &Report, finding: &Finding) -> Markup {
    html! {
        span.badge { (names::severity(finding.severity)) } " "
        @if report.is_new(finding) == Some(true) { span.new { "new since the last run" } " " }
        h3 { (prose(&title(report, finding))) } " "
        code.rule { (finding.rule) }
    }
}

fn labelled(label: &str, text: &str) -> Markup {
    html! { @if !text.is_empty() { h4 { (label) } p { (prose(text)) } } }
}

fn lines_of(finding: &Finding) -> Markup {
    let evidence: Vec<(usize, &Evidence)> = finding.evidence.iter().enumerate().collect();
    let shown = evidence.iter().take(AT_ONCE);
    let more = evidence.iter().take(QUOTED).skip(AT_ONCE);
    let hidden = evidence.len().saturating_sub(AT_ONCE);
    html! {
        ol.seen { @for (index, evidence) in shown { (quoted(*index, evidence)) } }
        @if hidden > 0 {
            details.lines {
                summary { (count(hidden, "more line")) }
                ol.seen { @for (index, evidence) in more { (quoted(*index, evidence)) } }
                @if evidence.len() > QUOTED { p { "The others are in the JSON report." } }
            }
        }
    }
}

fn quoted(index: usize, evidence: &Evidence) -> Markup {
    html! {
        li data-quote=(index) {
            span.place { (path(&evidence.source)) ":" (evidence.line) } " "
            code { (line(evidence.text.trim())) } " "
            @if !evidence.shows.is_empty() { span.shows { (prose(&evidence.shows)) } }
        }
    }
}

fn fix(fix: &Fix, source: Option<&str>) -> Markup {
    html! {
        p { (prose(&fix.summary)) }
        @if let [only] = fix.steps.as_slice() {
            p { (prose(only)) }
        } @else if !fix.steps.is_empty() {
            ol.steps { @for step in &fix.steps { li { (prose(step)) } } }
        }
        @if let Some(snippet) = fix.to_paste() {
            div.paste { pre tabindex="0" { code { (lines(snippet).join("\n")) } } }
        }
        @for edit in &fix.edits { (patch(edit)) }
        @if !fix.cost.is_empty() { p.cost { "Costs: " (prose(&fix.cost)) } }
        @if let Some(source) = source { p.source { "Source: " a href=(source) { (source) } } }
    }
}

fn patch(edit: &Edit) -> Markup {
    html! {
        div.paste.diff {
            p.file { "in " code { (path(&edit.path)) } ", a patch for " code { "git apply" } ":" }
            pre tabindex="0" { code { @for text in lines(&edit.diff) { span class=[kind(&text)] { (text) "\n" } } } }
        }
    }
}

/// Which side of the diff a line is of.
fn kind(line: &str) -> Option<&'static str> {
    match line.chars().next()? {
        '+' => Some("added"),
        '-' => Some("removed"),
        '@' => Some("at"),
        _ => None,
    }
}

fn sure(finding: &Finding) -> Markup {
    html! {
        p { (names::confidence(finding.confidence)) }
        @for (label, texts) in alternatives::kinds(finding) {
            p.standing { (label) ":" }
            ul.considered { @for text in texts { li { (prose(text)) } } }
        }
    }
}
