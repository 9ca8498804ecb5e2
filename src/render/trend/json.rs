//! The trend for programs, version 1. Its structs are its own: nothing internal is serialised.

mod wire;

use std::cell::RefCell;
use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::{Question, TrendFormat};
use crate::model::{Outcome, Step};
use crate::render::redact::redact;
use crate::render::{Screen, json, names};
use crate::trend::{self, RememberedJob};
use crate::triage;

/// `--format json`.
#[derive(Debug)]
pub(super) struct Json;

impl TrendFormat for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn write(
        &self,
        jobs: &mut dyn Iterator<Item = RememberedJob>,
        question: Question,
        _screen: Screen,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let tool = json::Tool::this();
        let jobs = JobList(RefCell::new(jobs));
        json::write(&wire::Report { schema_version: 1, tool, last: question.last, jobs }, out)
    }
}

/// Jobs that are read when they are written.
struct JobList<'a>(RefCell<&'a mut dyn Iterator<Item = RememberedJob>>);

impl Serialize for JobList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for job in &mut **self.0.borrow_mut() {
            list.serialize_element(&of_job(&job))?;
        }
        list.end()
    }
}

fn of_job(job: &RememberedJob) -> wire::Job<'_> {
    let given = |text: &'_ str| (!text.is_empty()).then(|| redact(text).into_owned());
    wire::Job {
        repository: given(&job.repository),
        pipeline: given(&job.pipeline),
        name: given(&job.name),
        leg: given(&job.leg),
        branches: job.branches.iter().map(branch).collect(),
    }
}

fn branch(branch: &trend::Branch) -> wire::Branch<'_> {
    wire::Branch {
        name: branch.name.as_deref().map(redact),
        runs: branch.runs.len(),
        builds: trend::trends(branch).iter().map(build).collect(),
    }
}

fn build<'a>(trend: &trend::Trend<'a>) -> wire::Build<'a> {
    wire::Build {
        key: redact(&trend.key).into_owned(),
        whole: figures(&trend.whole),
        runs: trend.members.iter().map(run).collect(),
        steps: trend.steps.iter().map(step).collect(),
        changes: trend.changes.iter().map(change).collect(),
        follows: trend.follows.as_ref().map(followed),
    }
}

fn followed(followed: &trend::Followed) -> wire::Followed {
    wire::Followed {
        key: redact(&followed.key).into_owned(),
        dialect: names::dialect(followed.dialect),
        whole: figures(&followed.whole),
    }
}

fn run<'a>(member: &trend::Member<'a>) -> wire::Run<'a> {
    let (run, build) = (member.run, member.build);
    let rfc = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    wire::Run {
        name: redact(run.earlier.as_ref().map_or(&*run.label, |earlier| &*earlier.name)),
        time: run.started.or(run.earlier.as_ref().map(|earlier| earlier.recorded)).map(rfc),
        commit: run.commit.as_deref().map(redact),
        outcome: names::build_outcome(build.outcome),
        counts: member.counts(),
        hits: build.hits(),
        total: build.total(),
        seconds: build.seconds_executed(),
    }
}

fn step<'a>(step: &trend::StepTrend<'a>) -> wire::Step<'a> {
    wire::Step {
        stage: redact(step.row.stage),
        platform: redact(step.row.platform),
        text: redact(step.row.text),
        outcomes: step
            .row
            .cells
            .iter()
            .map(|cell| cell.map(|step| names::outcome(step.outcome)))
            .collect(),
        seconds: step.row.cells.iter().map(|cell| executed(*cell)).collect(),
        hits: step.hits,
        total: step.total,
        median_seconds: step.seconds,
        in_turns: step.in_turns,
    }
}

fn executed(cell: Option<&Step>) -> Option<f64> {
    cell.filter(|step| step.outcome == Outcome::Miss).and_then(|step| step.seconds)
}

fn change(change: &trend::Change<'_>) -> wire::Change {
    let moved = |moved: &trend::Moved| wire::Moved {
        step: moved.step,
        before: counted(moved.before),
        after: counted(moved.after),
    };
    wire::Change {
        direction: if change.better { "better" } else { "worse" },
        last_before: change.between.0,
        first_after: change.between.1,
        steps: change.steps.iter().map(moved).collect(),
        before: figures(&change.before),
        after: figures(&change.after),
        changed: change.differences.iter().map(difference).collect(),
        found: change.came.iter().map(|finding| named(finding)).collect(),
        gone: change.gone.iter().map(|finding| named(finding)).collect(),
    }
}

fn counted(counted: trend::StepRuns) -> wire::Counted {
    wire::Counted { hits: counted.hits, total: counted.total }
}

fn figures(figures: &triage::Figures) -> wire::Figures {
    wire::Figures {
        runs: figures.runs,
        hits: figures.hits,
        total: figures.total,
        median_seconds: figures.seconds,
    }
}

fn difference(difference: &trend::Difference) -> wire::Difference {
    let text = |text: &String| redact(text).into_owned();
    wire::Difference {
        what: difference.what.name(),
        of: text(&difference.of),
        before: difference.before.as_ref().map(text),
        after: difference.after.as_ref().map(text),
        varied_before: difference.varied_before,
        varies_since: difference.varies_since,
    }
}

fn named(finding: &trend::Reported) -> wire::Finding {
    wire::Finding {
        rule: finding.rule.clone(),
        fingerprint: finding.fingerprint.clone(),
        title: redact(&finding.title).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use schemars::generate::SchemaSettings;

    use super::*;

    const FILE: &str = "schema/trend-v1.schema.json";

    #[test]
    fn the_committed_schema_is_the_one_of_the_structs() {
        let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        let schema = generator.into_root_schema_for::<wire::Report<'static>>();
        let generated = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(FILE, &generated).unwrap();
        }
        assert!(
            fs::read_to_string(FILE).unwrap() == generated,
            "run: UPDATE_DOCS=1 cargo test --lib trend::json"
        );
    }
}
