//! A document of Markdown within a limit: a heading, the findings, the builds.

use super::block;
use crate::render::decisions::GateSaid;
use crate::render::units::{count, duration, grouped, share};
use crate::render::{Report, decisions, escape, human, phrases, problem_line};

/// How one host wants it.
pub(in crate::render) struct HostForm {
    /// First line.
    pub(in crate::render) marker: &'static str,
    /// Bytes of the whole.
    pub(in crate::render) limit: usize,
    /// Findings that are not folded.
    pub(in crate::render) open: usize,
    /// Rows of the table of builds.
    pub(in crate::render) builds: usize,
}

/// Problems that are listed.
const PROBLEMS: usize = 10;
/// Kept for the line that says what is left out.
const RESERVE: usize = 200;

impl HostForm {
    /// The report, as much of it as fits.
    pub(in crate::render) fn write(&self, report: &Report) -> String {
        let heading = format!(
            "{}### Docker build cache: {}\n\n",
            self.marker,
            escape::markdown::prose(&phrases::headline(report))
        );
        let tail = [
            gates(report),
            problems(report),
            baseline(report),
            news(report),
            hidden(report),
            self.table(report),
            proven(report),
        ]
        .concat();
        let room = self.limit.saturating_sub(heading.len() + tail.len() + RESERVE);
        heading + &self.findings(report, room) + &tail
    }

    fn findings(&self, report: &Report, room: usize) -> String {
        let mut out = String::new();
        for (index, finding) in report.for_people().enumerate() {
            let full = block::full(report, finding, index < self.open);
            let fits = out.len() + full.len() <= room;
            let text = if fits && !report.is_known(finding) {
                full
            } else {
                block::short(report, finding)
            };
            if out.len() + text.len() > room {
                let hidden = count(report.findings.len() - index, "more finding");
                return format!("{out}… and {hidden}; `--format json` has them all.\n\n");
            }
            out.push_str(&text);
        }
        out
    }

    fn table(&self, report: &Report) -> String {
        let (rows, hidden) = human::rows(report, self.builds);
        if rows.is_empty() {
            return String::new();
        }
        let head = "| build | runs, old → new | steps from cache | time of executed steps \
                |\n|---|---|---|--:|"
            .to_owned();
        let body = rows.iter().map(|row| {
            let name = escape::markdown::cell(&escape::cut_start(&row.name, 80));
            let cells = [
                name,
                human::strip(&row.marks, 40),
                share(row.hits, row.total),
                duration(row.seconds),
            ];
            format!("| {} |", cells.join(" | "))
        });
        let more = (hidden > 0).then(|| {
            format!(
                "\n… and {}; these are the ones that took longest.",
                count(hidden, "more build")
            )
        });
        let legend = format!("\n{}\n", human::legend(&rows).trim());
        let lines: Vec<String> =
            [head].into_iter().chain(body).chain(more).chain([legend]).collect();
        lines.join("\n")
    }
}

/// Why steps of the newest run of each build ran, where that is proven.
fn proven(report: &Report) -> String {
    let mut lines = Vec::new();
    for build in human::proven(report) {
        lines.push(format!("\n- {}", escape::markdown::prose(&build.heading)));
        for (step, why) in &build.steps {
            let (step, why) = (escape::markdown::code(step), escape::markdown::prose(why));
            lines.push(format!("  - {step}: {why}"));
        }
        lines.extend((build.more > 0).then(|| format!("  - … and {} more", build.more)));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn problems(report: &Report) -> String {
    let shown = report.problems.iter().take(PROBLEMS);
    let shown = shown
        .map(|problem| format!("- problem: {}", escape::markdown::prose(&problem_line(problem))));
    let hidden = report.problems.len().saturating_sub(PROBLEMS);
    let more = (hidden > 0).then(|| format!("- … and {} more", grouped(hidden)));
    let lines: Vec<String> = shown.chain(more).collect();
    if lines.is_empty() { String::new() } else { lines.join("\n") + "\n\n" }
}

/// What was asked of the builds.
fn gates(report: &Report) -> String {
    let all: String = decisions::gates(report).iter().map(gate).collect();
    if all.is_empty() { all } else { all + "\n" }
}

fn gate(gate: &GateSaid) -> String {
    let label = if gate.passed { "gate passed" } else { "**gate failed**" };
    let lines = gate.lines.iter().take(PROBLEMS).map(|line| format!("  - {}\n", prose(line)));
    let more = match gate.lines.len().saturating_sub(PROBLEMS) {
        0 => String::new(),
        left => format!("  - … and {}\n", count(left, "more build")),
    };
    format!("- {label}: {}{}\n{}{more}", prose(&gate.asked), gate.of, lines.collect::<String>())
}

fn prose(text: &str) -> String {
    escape::markdown::prose(&escape::shorten(&escape::line(text), 300))
}

/// What is new, known and gone.
fn baseline(report: &Report) -> String {
    list("baseline", &decisions::baseline(report))
}

/// What is new since the job ran last.
fn news(report: &Report) -> String {
    list("history", &decisions::news(report))
}

/// What is not shown, and why: never silently.
fn hidden(report: &Report) -> String {
    list("hidden", &decisions::hidden(report))
}

fn list(label: &str, all: &[String]) -> String {
    let lines = all
        .iter()
        .take(PROBLEMS)
        .map(|line| format!("- {label}: {}\n", escape::markdown::prose(line)));
    let left = all.len().saturating_sub(PROBLEMS);
    let more =
        if left > 0 { format!("- {label}: … and {}\n", grouped(left)) } else { String::new() };
    if all.is_empty() { String::new() } else { lines.collect::<String>() + &more + "\n" }
}
