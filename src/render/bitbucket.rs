//! Code Insights of Bitbucket Cloud: one report and its annotations, in one document. `report` is
//! the body of `PUT …/reports/cachediag`, each list in `annotations` the body of one
//! `POST …/reports/cachediag/annotations`.
//!
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-reports/>: 100 annotations a call, 1000 a
//! report, ten fields of data; a summary has at most 450 characters, details have 2000.

use serde::Serialize;

use super::{
    Renderer, Report, Screen, anchor, decisions, escape, fingerprint, json, names, phrases,
};
use crate::finding::{Finding, Severity};
use crate::model::Build;
use crate::render::units::{count, grouped};
use crate::triage::Verdict;

/// `--format bitbucket`.
#[derive(Debug)]
pub struct Bitbucket;

impl Renderer for Bitbucket {
    fn name(&self) -> &'static str {
        "bitbucket"
    }

    fn render(&self, report: &Report, _screen: Screen) -> String {
        let fingerprints = fingerprint::unique(&report.findings);
        let all = report.findings.iter().zip(fingerprints).take(MOST);
        let all: Vec<Annotation> =
            all.map(|(finding, print)| annotation(report, finding, &print)).collect();
        json::to_string(&Insights {
            report: summary(report),
            annotations: all.chunks(CALL).collect(),
        })
    }
}

const MOST: usize = 1000;
const CALL: usize = 100;
const SUMMARY: usize = 450;
const DETAILS: usize = 2000;

#[derive(Serialize)]
struct Insights<'a> {
    report: Summary,
    annotations: Vec<&'a [Annotation]>,
}

#[derive(Serialize)]
struct Summary {
    title: &'static str,
    details: String,
    reporter: &'static str,
    report_type: &'static str,
    /// None where nothing could be read, or it is too little to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    data: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    title: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    value: Value,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Number(usize),
    Text(&'static str),
}

#[derive(Serialize)]
struct Annotation {
    external_id: String,
    #[serde(rename = "annotation_type")]
    kind: &'static str,
    title: &'static str,
    summary: String,
    details: String,
    severity: &'static str,
    /// A log is no file of the repository: then the annotation belongs to the report as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

fn summary(report: &Report) -> Summary {
    let hidden = report.findings.len().saturating_sub(MOST);
    let more =
        (hidden > 0).then(|| format!("The annotations leave out {}.", count(hidden, "finding")));
    let problems = report.problems.len();
    let problems = (problems > 0).then(|| format!("{}, see the log.", count(problems, "problem")));
    let first = format!("{}.", phrases::headline(report).trim_end_matches('.'));
    let gates = decisions::gates(report).into_iter().filter(|gate| !gate.passed);
    let gates: Vec<String> =
        gates.map(|gate| format!("Gate failed: {}.", escape::line(&gate.asked))).collect();
    let fails =
        !gates.is_empty() || report.fresh().any(|finding| finding.severity == Severity::Error);
    let verdict = report.assessment().verdict;
    let has_result =
        !report.study.runs.is_empty() && (fails || verdict != Verdict::TooLittleToTell);
    let news = report.news.as_ref().map(|news| {
        format!(
            "Since the job's last run: {} new, {} gone.",
            grouped(news.new.len()),
            grouped(news.gone.len())
        )
    });
    let details = [Some(first), news, more, problems]
        .into_iter()
        .flatten()
        .chain(gates)
        .collect::<Vec<_>>()
        .join(" ");
    Summary {
        title: "Docker build cache",
        details: escape::shorten(&details, DETAILS),
        reporter: "cachediag",
        report_type: "BUG",
        result: has_result.then_some(if fails { "FAILED" } else { "PASSED" }),
        data: data(report),
    }
}

fn data(report: &Report) -> Vec<Field> {
    let builds = || report.study.runs.iter().flat_map(|run| &run.builds);
    let (hits, total) =
        (builds().map(Build::hits).sum::<usize>(), builds().map(Build::total).sum::<usize>());
    let of =
        |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let number = |title, value| Field { title, kind: "NUMBER", value: Value::Number(value) };
    let rate = (hits * 100).checked_div(total);
    let rate = rate.map(|value| Field {
        title: "Steps from the cache",
        kind: "PERCENTAGE",
        value: Value::Number(value),
    });
    let verdict = names::verdict(report.assessment().verdict);
    let verdict = Field { title: "Verdict", kind: "TEXT", value: Value::Text(verdict) };
    let counted = [
        number("Errors", of(Severity::Error)),
        number("Warnings", of(Severity::Warning)),
        number("Notes", of(Severity::Note)),
        number("Builds", builds().count()),
    ];
    [verdict].into_iter().chain(counted).chain(rate).collect()
}

fn annotation(report: &Report, finding: &Finding, fingerprint: &str) -> Annotation {
    let anchor = anchor::of(report, finding);
    let cause = escape::line(&finding.cause);
    let seen = escape::shorten(
        &format!("Seen: {}:{}: {}", anchor.path, anchor.line, anchor.text),
        DETAILS / 4,
    );
    let fix = escape::shorten(&escape::line(&finding.fix.summary), DETAILS / 4);
    let details = format!("{}\n{seen}\nFix: {fix}", escape::shorten(&cause, DETAILS / 3));
    Annotation {
        external_id: format!("cachediag-{fingerprint}"),
        kind: if finding.severity == Severity::Note { "CODE_SMELL" } else { "BUG" },
        title: finding.rule,
        summary: escape::shorten(&escape::line(&phrases::title(report, finding)), SUMMARY),
        details: escape::shorten(&details, DETAILS),
        severity: severity(finding.severity),
        path: anchor.in_repository.then_some(anchor.path),
        line: anchor.in_repository.then_some(anchor.line),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "HIGH",
        Severity::Warning => "MEDIUM",
        Severity::Note => "LOW",
    }
}
