//! From the report to the wire format; every text passes the redactor here.

use chrono::{DateTime, SecondsFormat, Utc};

use super::list::{self, ListOf};
use super::{decided, wire};
use crate::finding::{Alternative, Edit, Evidence, Finding, Fix};
use crate::model::{Build, CacheKind, CiCache, Problem, Quote, Run, Step, StepKind, Transfer};
use crate::render::redact::{self, redact};
use crate::render::seen::QuotedLogs;
use crate::render::{BuildIds, Report, alternatives, names, phrases};
use crate::series::{BuildRef, Miss, Misses, Series};

/// What is found once for all builds of a report.
pub(super) struct ReportFacts<'a> {
    ids: BuildIds,
    /// Why each build's cache chain broke, in the order of builds.
    breaks: Vec<(BuildRef, Miss<'a>)>,
    seen: QuotedLogs<'a>,
}

impl<'a> ReportFacts<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let study = &report.study;
        let of_build = |breaks: &'a Misses, place: usize, at: BuildRef| {
            let build = study.build(at).into_iter();
            build.flat_map(move |build| breaks.in_build(place, build)).map(move |found| (at, found))
        };
        let of_series = |(series, breaks): (&'a Series, &'a Misses)| {
            (0..).zip(&series.builds).flat_map(move |(place, at)| of_build(breaks, place, *at))
        };
        let mut breaks: Vec<_> =
            study.series.iter().zip(&study.misses).flat_map(of_series).collect();
        breaks.sort_by_key(|(at, _)| *at);
        Self { ids: BuildIds::new(&study.runs), breaks, seen: QuotedLogs::of(report) }
    }

    fn breaks_of(&self, at: BuildRef) -> impl Iterator<Item = &Miss<'a>> {
        let start = self.breaks.partition_point(|(other, _)| *other < at);
        self.breaks
            .iter()
            .skip(start)
            .take_while(move |(other, _)| *other == at)
            .map(|(_, found)| found)
    }
}

pub(super) fn report<'a>(report: &'a Report, known: &'a ReportFacts<'a>) -> wire::Report<'a> {
    let runs = ListOf::new(&report.study.runs, move |index, of| run(index, of, known));
    let assessment = report.assessment();
    wire::Report {
        schema_version: 1,
        tool: wire::Tool::this(),
        verdict: names::verdict(assessment.verdict),
        wanted: assessment.wanted.into_iter().map(names::wanted).collect(),
        runs: runs.of_lists(|run| run.builds.len() > list::GROUP),
        series: report.study.series.iter().map(|s| one_series(report, s, &known.ids)).collect(),
        findings: report.findings.iter().map(|each| finding(report, each, &known.seen)).collect(),
        gates: report.gates.iter().map(decided::gate).collect(),
        baseline: report.baseline.as_ref().map(|known| decided::baseline(report, known)),
        baseline_branch: report.against.as_ref().map(|there| decided::against(report, there)),
        news: report.news.as_ref().map(decided::news),
        hidden: report.hidden.iter().map(decided::hidden).collect(),
        problems: report.problems.iter().map(problem).collect(),
    }
}

pub(super) fn end(report: &Report) -> wire::Last {
    let assessment = report.assessment();
    wire::Last {
        end: "report",
        verdict: names::verdict(assessment.verdict),
        wanted: assessment.wanted.into_iter().map(names::wanted).collect(),
        findings: report.findings.len(),
        problems: report.problems.len(),
    }
}

fn run<'a>(index: usize, run: &'a Run, known: &'a ReportFacts<'a>) -> wire::Run<'a> {
    let of_run = move |at, of| {
        let at = BuildRef { run: index, build: at };
        build(of, known.ids.get(at).unwrap_or_default(), known.breaks_of(at))
    };
    wire::Run {
        source: wire::Source { name: redact::name(&run.source) },
        label: redact(&run.label),
        ci: run.ci.unwrap_or("none"),
        job: run.job.as_deref().map(redact),
        branch: run.branch.as_deref().map(redact),
        commit: run.commit.as_deref().map(redact),
        started: run.started.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        lines: run.lines,
        builds: ListOf::new(&run.builds, of_run),
        ci_caches: run.ci_caches.iter().map(ci_cache).collect(),
    }
}

fn build<'a>(
    build: &'a Build,
    id: &'a str,
    breaks: impl Iterator<Item = &'a Miss<'a>>,
) -> wire::Build<'a> {
    wire::Build {
        id,
        dialect: names::dialect(build.dialect),
        outcome: names::build_outcome(build.outcome),
        engine: names::engine(build.engine),
        driver: build.driver.as_deref().map(redact),
        target: build.target.as_deref().map(redact),
        line: build.line,
        steps: build.steps.iter().map(step).collect(),
        imports: build.imports.iter().map(transfer).collect(),
        exports: build.exports.iter().map(transfer).chain(inline_export(build)).collect(),
        breaks: breaks.map(broken).collect(),
        hits: build.hits(),
        total: build.total(),
    }
}

fn broken<'a>(found: &Miss<'a>) -> wire::Break<'a> {
    wire::Break {
        step: redact(&found.step.name),
        because: names::because(found.because),
        confidence: names::confidence(found.confidence),
        proof: found
            .proved
            .iter()
            .flat_map(|proved| &proved.told)
            .map(|told| told.name())
            .collect(),
        differs: found.proved.map(|proved| names::difference(proved.differs)),
        inputs: found
            .proved
            .iter()
            .flat_map(|proved| &proved.inputs)
            .map(|input| redact(input))
            .collect(),
        open: found.proved.iter().flat_map(|_| found.hidden).map(names::key_part).collect(),
    }
}

fn step(step: &Step) -> wire::Step<'_> {
    wire::Step {
        name: redact(&step.name),
        stage: redact(&step.stage),
        platform: redact(&step.platform),
        instruction: redact(&step.instruction),
        outcome: names::outcome(step.outcome),
        counts: step.kind == StepKind::Counted,
        seconds: step.seconds,
        line: step.header.line,
    }
}

fn transfer(transfer: &Transfer) -> wire::Transfer<'_> {
    wire::Transfer {
        reference: transfer.reference.as_deref().map(redact),
        kind: transfer.kind.name(),
        outcome: match (&transfer.error, transfer.ended) {
            (Some(_), _) => "error",
            (None, true) => "ok",
            // The log ends first: neither may be claimed.
            (None, false) => "unknown",
        },
        error: transfer.error.as_deref().map(redact),
        line: transfer.header.line,
        seconds: transfer.seconds,
    }
}

/// An inline cache is exported within the image's own export, so the model keeps it as a line only.
fn inline_export(build: &Build) -> Option<wire::Transfer<'_>> {
    let Quote { line, .. } = build.inline.as_ref()?;
    let listed = build.exports.iter().any(|e| e.kind == CacheKind::Inline);
    let export = wire::Transfer {
        reference: None,
        kind: CacheKind::Inline.name(),
        outcome: "ok",
        error: None,
        line: *line,
        seconds: None,
    };
    (!listed).then_some(export)
}

fn ci_cache(cache: &CiCache) -> wire::CiCache<'_> {
    wire::CiCache {
        name: redact(&cache.name),
        operation: names::operation(cache.operation),
        outcome: names::cache_outcome(cache.outcome),
        restored: cache.restored.as_deref().map(redact),
        line: cache.quote.line,
        message: redact(&cache.quote.text),
    }
}

fn one_series<'a>(report: &'a Report, series: &'a Series, ids: &'a BuildIds) -> wire::Series<'a> {
    let builds = || report.study.members(series).map(|(_, build)| build);
    wire::Series {
        key: redact(&series.key),
        builds: series.builds.iter().filter_map(|&at| ids.get(at)).collect(),
        hits: builds().map(Build::hits).collect(),
        totals: builds().map(Build::total).collect(),
        seconds: builds().map(Build::seconds_executed).map(tidy).collect(),
    }
}

fn alternative(of: &Alternative) -> wire::Alternative<'_> {
    wire::Alternative { standing: names::standing(of.standing), text: redact(&of.text) }
}

pub(super) fn finding<'a>(
    report: &Report,
    finding: &'a Finding,
    seen: &QuotedLogs<'a>,
) -> wire::Finding<'a> {
    wire::Finding {
        rule: finding.rule,
        severity: names::severity(finding.severity),
        confidence: names::confidence(finding.confidence),
        title: redact(&finding.title),
        cause: redact(&finding.cause),
        evidence: finding.evidence.iter().map(|line| evidence(line, seen)).collect(),
        fix: fix(&finding.fix, phrases::source(finding)),
        impact: wire::Impact {
            steps: finding.impact.steps,
            seconds: tidy(finding.impact.seconds),
            runs: finding.impact.runs,
        },
        rules_out: finding
            .rules_out
            .iter()
            .map(|each| redact(&alternatives::sentence(each)).into_owned())
            .collect(),
        alternatives: finding.rules_out.iter().map(alternative).collect(),
        subject: redact(&finding.subject),
        fingerprint: finding.fingerprint(),
        series: seen.series(finding).into_iter().map(redact).collect(),
        jobs: seen.jobs(finding).iter().map(|name| redact(name).into_owned()).collect(),
        runs: seen.runs(finding).into_iter().map(redact).collect(),
        known: report.known(finding),
        new: report.is_new(finding),
    }
}

pub(super) fn judged<'a>(
    report: &Report,
    of: &'a Finding,
    seen: &QuotedLogs<'a>,
    key: &'a str,
) -> wire::OfGroup<'a> {
    let times = seen.times(of);
    let at = |time: Option<DateTime<Utc>>| {
        time.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true))
    };
    let runs = u32::try_from(of.impact.runs.max(1)).map_or(f64::from(u32::MAX), f64::from);
    wire::OfGroup {
        key: redact(key),
        first: at(times.iter().min().copied()),
        last: at(times.iter().max().copied()),
        seconds_per_run: tidy(of.impact.seconds / runs),
        finding: finding(report, of, seen),
    }
}

fn evidence<'a>(evidence: &'a Evidence, seen: &QuotedLogs<'a>) -> wire::Evidence<'a> {
    wire::Evidence {
        source: redact::name(&evidence.source),
        line: evidence.line,
        step: seen.step(evidence).map(redact),
        text: redact(&evidence.text),
        shows: redact(&evidence.shows),
    }
}

fn fix<'a>(fix: &'a Fix, source: Option<&'static str>) -> wire::Fix<'a> {
    wire::Fix {
        summary: redact(&fix.summary),
        steps: fix.steps.iter().map(|text| redact(text)).collect(),
        snippet: fix.snippet.as_deref().map(redact),
        edits: fix.edits.iter().map(edit).collect(),
        cost: redact(&fix.cost),
        source,
    }
}

fn edit(edit: &Edit) -> wire::Edit<'_> {
    wire::Edit { path: redact::name(&edit.path), diff: redact(&edit.diff), safe: edit.safe }
}

fn problem(problem: &Problem) -> wire::Problem<'_> {
    wire::Problem {
        source: redact::name(&problem.source),
        line: problem.line,
        message: redact(&problem.message),
    }
}

/// Sums of decimal fractions, without the dust of binary ones (`0.30000000000000004`, and `-0.0`
/// where nothing was summed).
fn tidy(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0 + 0.0
}
