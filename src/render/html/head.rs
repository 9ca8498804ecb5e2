//! The top of the page: is something wrong, what, what to do.

use maud::{Markup, html};

use super::prose::prose;
use crate::finding::{Finding, capitalised};
use crate::model::Build;
use crate::render::escape::line;
use crate::render::{Report, names, phrases, units};
use crate::triage::Verdict;

/// The answer.
struct Headline {
    /// `error`, `warning`, `note`, `healthy`, `open`, `nothing`: sets sign and colour.
    kind: &'static str,
    title: String,
    text: String,
}

impl Headline {
    fn of(report: &Report) -> Self {
        let assessment = report.assessment();
        if assessment.verdict == Verdict::TooLittleToTell {
            let (title, text) = split(&phrases::too_little(report, &assessment));
            return Self { kind: "open", title, text };
        }
        match report.for_people().next() {
            Some(worst) => Self::found(worst),
            None if report.study.runs.is_empty() && report.study.configs.is_empty() => {
                Self::nothing("Nothing could be read")
            }
            None if report.study.runs.is_empty() => {
                Self { text: phrases::headline(report), ..Self::nothing("Nothing wrong found") }
            }
            None if assessment.verdict == Verdict::NothingRead => {
                let title = if phrases::not_understood(report) {
                    "Not understood"
                } else {
                    "No Docker build found"
                };
                Self { text: phrases::no_build(report), ..Self::nothing(title) }
            }
            None => {
                let (title, text) = split(&phrases::healthy(report));
                Self { kind: "healthy", title, text }
            }
        }
    }

    fn found(worst: &Finding) -> Self {
        let kind = names::severity(worst.severity);
        Self { kind, title: capital(&worst.title), text: worst.fix.summary.clone() }
    }

    fn nothing(title: &str) -> Self {
        Self { kind: "nothing", title: title.to_owned(), text: String::new() }
    }
}

pub(super) fn title(report: &Report) -> String {
    format!("{} · cachediag", line(&Headline::of(report).title))
}

pub(super) fn head(report: &Report) -> Markup {
    let answer = Headline::of(report);
    html! {
        header.top.(answer.kind) {
            p.brand { span.tool { "cachediag" } @if !report.findings.is_empty() { " " span.counted { (phrases::counted(report)) } } }
            h1 { span.sign aria-hidden="true" {} (prose(&answer.title)) }
            @if report.findings.is_empty() {
                p.answer { (prose(&answer.text)) }
            } @else if answer.kind == "open" {
                p.answer { (prose(&answer.text)) }
                (facts(report))
            } @else {
                p.answer { a href="#finding-1" { "What to do" } ": " (prose(&answer.text)) }
                (facts(report))
            }
        }
    }
}

/// Three numbers; the cost is that of the cause that is first.
fn facts(report: &Report) -> Markup {
    let builds = || report.study.runs.iter().flat_map(|run| &run.builds);
    let (hits, total) =
        (builds().map(Build::hits).sum::<usize>(), builds().map(Build::total).sum::<usize>());
    let lost = report.for_people().next().map(|f| phrases::costs(f.impact)).unwrap_or_default();
    html! {
        dl.facts {
            @if total > 0 { div { dt { "steps from the cache" } dd { (units::share(hits, total)) } } }
            @if !lost.is_empty() { div { dt { "cost of the top finding" } dd { (lost) } } }
            div { dt { "read" } dd { (phrases::runs(report)) } }
        }
    }
}

/// `No cache trouble found: 6 runs …` as a heading and what follows.
fn split(text: &str) -> (String, String) {
    let (title, rest) = text.split_once(": ").unwrap_or((text, ""));
    (title.to_owned(), capital(rest))
}

/// A title as a sentence; words that are names (`type=gha`) stay as they are.
fn capital(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if first.chars().all(char::is_alphabetic) { capitalised(text) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn answers_in_one_sentence() {
        let title = |report: &Report| Headline::of(report).title;
        assert_eq!(title(&Report::default()), "Nothing could be read");
        assert_eq!(title(&samples::no_build()), "No Docker build found");
        assert_eq!(title(&samples::healthy()), "No cache trouble found");
        assert_eq!(title(&samples::single_run()), "Too little to tell");
        assert_eq!(Headline::of(&samples::single_run()).kind, "open");
        assert!(title(&samples::multi_stage()).starts_with("The build stage is rebuilt"));
    }

    #[test]
    fn names_keep_their_letters() {
        assert_eq!(capital("type=gha is never used"), "type=gha is never used");
        assert_eq!(capital("the cache is gone"), "The cache is gone");
        assert_eq!(capital(""), "");
    }
}
