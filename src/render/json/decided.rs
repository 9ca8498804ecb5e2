//! What a project decided of findings, as the wire format says it.

use super::wire;
use crate::render::redact::redact;
use crate::render::{Against, GoneFinding, News, Report};
use crate::triage::{Baseline, Gate, Hidden, Judged, Known};

pub(super) fn baseline<'a>(report: &'a Report, baseline: &'a Baseline) -> wire::Baseline<'a> {
    let new = report.fresh().count();
    let gone = |known: &'a Known| wire::Gone {
        rule: redact(&known.rule),
        subject: redact(&known.subject),
        build: (!known.build.is_empty()).then(|| redact(&known.build)),
    };
    wire::Baseline {
        name: redact(&baseline.name),
        new,
        known: report.findings.len() - new,
        gone: report.gone().into_iter().map(gone).collect(),
    }
}

pub(super) fn against<'a>(report: &'a Report, there: &'a Against) -> wire::Against<'a> {
    wire::Against {
        branch: redact(&there.branch),
        run: there.run.as_deref().map(redact),
        new: report.fresh().count(),
        known: there.known.len(),
    }
}

pub(super) fn news(news: &News) -> wire::News<'_> {
    wire::News {
        earlier_runs: news.runs,
        new: &news.new,
        gone: news.gone.iter().map(no_more).collect(),
    }
}

fn no_more(gone: &GoneFinding) -> wire::NoMore<'_> {
    wire::NoMore { rule: redact(&gone.rule), title: redact(&gone.title) }
}

pub(super) fn hidden(hidden: &Hidden) -> wire::Hidden<'_> {
    wire::Hidden {
        rule: hidden.finding.rule,
        subject: redact(&hidden.finding.subject),
        fingerprint: hidden.finding.fingerprint(),
        reason: redact(&hidden.by.reason),
        by: redact(&hidden.by.place),
    }
}

pub(super) fn gate(gate: &Gate) -> wire::Gate<'_> {
    wire::Gate {
        name: gate.name,
        asked: redact(&gate.asked),
        passed: gate.passed,
        unmeasured: (!gate.unmeasured.is_empty()).then(|| redact(&gate.unmeasured)),
        builds: gate.builds.iter().map(judged).collect(),
    }
}

fn judged(build: &Judged) -> wire::Judged<'_> {
    wire::Judged { build: redact(&build.build), good: build.good, says: redact(&build.says) }
}
