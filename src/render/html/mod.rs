//! The report as one page: findings, the grid of steps and runs, the course of a build.
//!
//! One file that loads nothing. Findings are markup, so that they can be read where scripts are
//! forbidden; the grid is drawn by a script from data in the page, because only what is in view may
//! cost anything. Text reaches the page through maud, which escapes it, or through `textContent`,
//! and never as markup.

mod cell;
mod data;
mod findings;
mod head;
mod marks;
pub(super) mod policy;
mod prose;
mod rows;
mod texts;
mod wire;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Renderer, Report, Screen, decisions, escape, human, phrases, trend};

/// `--format html`.
#[derive(Debug)]
pub struct Html;

/// What the page looks like.
const STYLE: &str = concat!(include_str!("page/page.css"), include_str!("page/grid.css"));

/// What it does: files of one scope, so that none of their names reaches the page.
const SCRIPT: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("page/base.js"),
    include_str!("page/model.js"),
    include_str!("page/grid.js"),
    include_str!("page/overview.js"),
    include_str!("page/waterfall.js"),
    include_str!("page/builds.js"),
    include_str!("page/findings.js"),
    include_str!("page/main.js"),
    "})();\n"
);

/// Width of the drawing in letters that stands in for the grid where scripts are forbidden.
const PLAIN: Screen = Screen { width: 100, color: false, ascii: false };

impl Renderer for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        document(report).into_string() + "\n"
    }
}

fn document(report: &Report) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy::of(STYLE, SCRIPT));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("cachediag ", env!("CARGO_PKG_VERSION")));
                title { (head::title(report)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the findings" }
                (head::head(report))
                main #main { (body(report)) }
                footer { p { "cachediag " (env!("CARGO_PKG_VERSION")) " · " (phrases::inputs(report)) } }
                script #data type="application/json" { (PreEscaped(json(report))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn body(report: &Report) -> Markup {
    html! {
        @if !report.findings.is_empty() {
            section #findings aria-labelledby="findings-title" {
                h2 #findings-title { "Findings" }
                (findings::all(report, &report.for_people().collect::<Vec<_>>()))
            }
        }
        section #builds aria-label="Builds" { (drawn_in_letters(report)) }
        @if !report.problems.is_empty() {
            section #problems aria-labelledby="problems-title" {
                h2 #problems-title { "Problems" }
                ul { @for problem in report.problems.iter().take(MOST_PROBLEMS) { li { (human::problem_line(problem)) } } }
                @if report.problems.len() > MOST_PROBLEMS { p { "The others are in the JSON report." } }
            }
        }
        (decided(report))
    }
}

/// What is known since when, and what is not shown.
fn decided(report: &Report) -> Markup {
    html! {
        (listed("gates", "Gates", &gates(report)))
        (listed("baseline", "Baseline", &decisions::baseline(report)))
        (listed("history", "History", &decisions::news(report)))
        (listed("since", "Over the earlier runs", &trend::since::lines(report)))
        (listed("hidden", "Hidden", &decisions::hidden(report)))
    }
}

fn gates(report: &Report) -> Vec<String> {
    let all = decisions::gates(report).into_iter().flat_map(|gate| {
        let passed = if gate.passed { "passed" } else { "failed" };
        std::iter::once(format!("{passed}: {}{}", gate.asked, gate.of)).chain(gate.lines)
    });
    all.collect()
}

fn listed(id: &str, title: &str, lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            section.aside id=(id) aria-label=(title) {
                h2 { (title) }
                ul { @for line in lines.iter().take(MOST_PROBLEMS) { li { (escape::line(line)) } } }
                @if lines.len() > MOST_PROBLEMS { p { "The others are in the JSON report." } }
            }
        }
    }
}

/// Problems that are listed.
const MOST_PROBLEMS: usize = 100;

/// The script puts the grid in its place.
fn drawn_in_letters(report: &Report) -> Markup {
    let parts = human::series_in_letters(report, PLAIN);
    html! { @for lines in parts { pre.letters tabindex="0" { (lines.join("\n")) } } }
}

/// No `<` in it: neither `</script>` nor `<!--` can end the element that holds it.
fn json(report: &Report) -> String {
    // Cannot fail: the writer is memory and the wire structs have no maps.
    serde_json::to_string(&data::of(report)).unwrap_or_default().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests;
