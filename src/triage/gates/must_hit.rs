//! `--must-hit`: a step that must come from the cache in the newest run of each build that has it.

use std::collections::BTreeSet;

use wildmatch::WildMatch;

use super::{Gate, Judged};
use crate::model::{Build, Outcome, Run, Step, StepKind};
use crate::rules::Study;
use crate::series::Series;

/// A step by its stage and the beginning of its instruction, with `*` and `?`: `build: RUN npm ci`,
/// `COPY package*`.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPattern {
    text: String,
    /// Any stage where none is named.
    stage: Option<WildMatch>,
    instruction: WildMatch,
}

impl StepPattern {
    /// Reads it. A colon within an instruction (`RUN echo a: b`) comes after a blank and names no
    /// stage.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let stage = text.split_once(": ").filter(|(stage, _)| !stage.contains(char::is_whitespace));
        let (stage, instruction) =
            stage.map_or((None, text), |(stage, rest)| (Some(stage), rest.trim_start()));
        Self {
            text: text.to_owned(),
            // BuildKit prints names of stages in lower case, whatever the Dockerfile says.
            stage: stage.map(WildMatch::new_case_insensitive),
            instruction: WildMatch::new(&format!("{instruction}*")),
        }
    }

    fn matches(&self, step: &Step) -> bool {
        step.kind == StepKind::Counted
            && self.stage.as_ref().is_none_or(|stage| stage.matches(&step.stage))
            && self.instruction.matches(&step.text)
    }
}

pub(super) fn gate(study: &Study, series: &[Series], pattern: &StepPattern) -> Gate {
    let builds: Vec<Judged> =
        series.iter().filter_map(|series| judged(study, series, pattern)).collect();
    let unmeasured = if builds.is_empty() {
        unmatched(study, series, pattern)
    } else {
        "no newest run of these logs reached the step".to_owned()
    };
    Gate::of("must-hit", pattern.text.clone(), builds, unmeasured)
}

/// The newest run alone: what was mended since does not count.
fn judged(study: &Study, series: &Series, pattern: &StepPattern) -> Option<Judged> {
    let (run, build) = study.members(series).next_back()?;
    let steps: Vec<&Step> = build.steps.iter().filter(|step| pattern.matches(step)).collect();
    let worst = steps.iter().copied().max_by_key(|step| badness(step))?;
    let (good, says) = match worst.outcome {
        Outcome::Hit => (Some(true), "came from the cache"),
        Outcome::Miss => (Some(false), "ran again"),
        Outcome::Failed => (Some(false), "ran and failed"),
        Outcome::Canceled | Outcome::Unknown => (None, "not measured: was not reached"),
    };
    Some(Judged {
        build: series.key.clone(),
        good,
        says: format!("{says} in its newest run, {}", place(run, worst)),
    })
}

fn badness(step: &Step) -> u8 {
    match step.outcome {
        Outcome::Unknown | Outcome::Canceled => 0,
        Outcome::Hit => 1,
        Outcome::Miss => 2,
        Outcome::Failed => 3,
    }
}

fn place(run: &Run, step: &Step) -> String {
    format!("{}:{}: {}", run.source, step.header.line, step.text)
}

/// Steps that are compared with a pattern that fits none.
const LOOKED_AT: usize = 2_000;
/// Of them those that are named.
const NAMED: usize = 3;

fn unmatched(study: &Study, series: &[Series], pattern: &StepPattern) -> String {
    let newest = series.iter().filter_map(|series| study.members(series).next_back());
    let names: BTreeSet<String> =
        newest.flat_map(|(_, build)| names(build)).take(LOOKED_AT).collect();
    let length = pattern.text.chars().count();
    let likeness = |name: &String| {
        let start: String = name.chars().take(length).collect();
        strsim::normalized_damerau_levenshtein(&pattern.text, &start)
    };
    let mut near: Vec<(f64, String)> =
        names.into_iter().map(|name| (likeness(&name), name)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let near: Vec<String> =
        near.into_iter().take(NAMED).map(|(_, name)| format!("'{name}'")).collect();
    if near.is_empty() {
        return "there is no RUN, COPY, ADD or WORKDIR step in these logs".to_owned();
    }
    format!("no step of the newest runs matches; the nearest: {}", near.join(", "))
}

/// As one writes them in a pattern.
fn names(build: &Build) -> impl Iterator<Item = String> {
    let counted = build.steps.iter().filter(|step| step.kind == StepKind::Counted);
    counted.map(|step| match &*step.stage {
        "" => step.text.to_string(),
        stage => format!("{stage}: {}", step.text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Instruction;

    fn fits(pattern: &str, stage: &str, text: &str) -> bool {
        let what = Instruction { stage: stage.into(), text: text.into(), ..Instruction::default() };
        StepPattern::new(pattern).matches(&Step { what: what.into(), ..Step::default() })
    }

    #[test]
    fn a_pattern_is_stage_and_beginning() {
        assert!(fits("build: RUN npm ci", "build", "RUN npm ci --ignore-scripts"));
        assert!(fits("Build: RUN npm ci", "build", "RUN npm ci"));
        assert!(!fits("build: RUN npm ci", "test", "RUN npm ci"));
        assert!(!fits("build: npm ci", "build", "RUN npm ci"));
        assert!(fits("RUN npm ci", "build", "RUN npm ci"));
        assert!(fits("RUN npm ci", "", "RUN npm ci"));
        assert!(fits("*: RUN *npm ci", "test", "RUN --mount=type=cache,target=/x npm ci"));
        assert!(fits(
            "stage-?: COPY package*",
            "stage-1",
            "COPY package.json package-lock.json ./"
        ));
        assert!(fits("RUN echo a: b", "", "RUN echo a: b c"));
    }
}
