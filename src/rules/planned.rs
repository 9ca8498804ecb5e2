//! What the configuration alone tells, where no log was given: places that build, and the stages they
//! build.
//!
//! A helper of the rules; with a log at hand most of them tell nothing, since the log knows better.

mod open;
mod path;

pub(super) use open::Open;

pub(super) use path::{context, dockerfile_path};

use path::plain;

use super::Study;
use super::remedy::{At, place};
use crate::config::{Config, Stage};
use crate::finding::{Confidence, Evidence, Finding, Fix, Impact, Proof, Severity};
use crate::rules::RuleMeta;

/// Places of the configuration; none where a log shows a build or a cache of the CI.
pub(super) fn places(study: &Study) -> Vec<At<'_>> {
    if alone(study) { place::all(study).collect() } else { Vec::new() }
}

/// No log shows a build or a cache of the CI: the configuration is all there is.
pub(super) fn alone(study: &Study) -> bool {
    study.runs.iter().all(|run| run.builds.is_empty() && run.ci_caches.is_empty())
}

/// Words of a rule for what it finds in the configuration.
pub(super) struct Words {
    pub(super) title: String,
    pub(super) cause: String,
    pub(super) fix: Fix,
    pub(super) rules_out: Vec<String>,
    pub(super) subject: String,
}

/// A finding about what will go wrong: never more than likely.
pub(super) fn finding(meta: &RuleMeta, severity: Severity, evidence: Vec<Evidence>, words: Words) -> Option<Finding> {
    Some(Finding {
        rule: meta.id,
        severity,
        confidence: Confidence::Likely,
        title: words.title,
        cause: words.cause,
        evidence: Proof::from_lines(evidence)?,
        fix: words.fix,
        impact: Impact::default(),
        rules_out: words.rules_out,
        subject: words.subject,
    })
}

/// Stages that run something, that the image needs, and that are not the image itself.
pub(super) struct Inner<'a> {
    pub(super) config: &'a Config,
    pub(super) stages: Vec<&'a Stage>,
}

impl Inner<'_> {
    /// `` `build`, `deps` ``
    pub(super) fn names(&self) -> String {
        let name = |stage: &&Stage| if stage.name.is_empty() { stage.base.clone() } else { stage.name.clone() };
        self.stages.iter().map(|stage| format!("`{}`", name(stage))).collect::<Vec<_>>().join(", ")
    }

    /// Where the stages begin.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let lines = self.stages.iter().filter_map(|stage| self.config.quote(stage.line));
        lines.map(|line| Evidence::of(&self.config.path, &line, "a stage that is not the image")).collect()
    }
}

/// The inner stages of what a place builds; `None` where its Dockerfile is not among the configuration,
/// or has none.
pub(super) fn inner<'a>(study: &'a Study, at: At) -> Option<Inner<'a>> {
    let config = dockerfile(study, at)?;
    let all = &config.content.stages;
    let last = match &at.place.command.target {
        Some(target) => all.iter().position(|stage| stage.name.eq_ignore_ascii_case(target))?,
        None => all.len().checked_sub(1)?,
    };
    let needed = needed(all, last);
    let runs = |stage: &&Stage| stage.instructions.iter().any(|i| i.keyword == "RUN");
    let stages: Vec<&Stage> = needed.into_iter().filter_map(|index| all.get(index)).filter(runs).collect();
    (!stages.is_empty()).then_some(Inner { config, stages })
}

/// Stages whose files are copied into the image, or into one of these. What an image is built `FROM` is
/// part of the image: every cache stores that.
fn needed(stages: &[Stage], last: usize) -> Vec<usize> {
    let find = |name: &str, before: usize| {
        let number = name.parse::<usize>().ok().filter(|n| *n < before);
        number.or_else(|| stages.iter().take(before).rposition(|stage| stage.name.eq_ignore_ascii_case(name)))
    };
    let below = |mut at: usize| {
        let mut chain = vec![at];
        while let Some(base) = stages.get(at).and_then(|stage| find(&stage.base, at)) {
            chain.push(base);
            at = base;
        }
        chain
    };
    let image = below(last);
    let mut found: Vec<usize> = Vec::new();
    let mut open = image.clone();
    while let Some(at) = open.pop() {
        let copied = stages.get(at).into_iter().flat_map(|stage| &stage.instructions).flat_map(|i| &i.from);
        for from in copied.filter_map(|name| find(name, at)).flat_map(below) {
            if !image.contains(&from) && !found.contains(&from) {
                found.push(from);
                open.push(from);
            }
        }
    }
    found.sort_unstable();
    found
}

/// The Dockerfile a place names.
fn dockerfile<'a>(study: &'a Study, at: At) -> Option<&'a Config> {
    let wanted = dockerfile_path(at)?;
    let named = |config: &&Config| plain(&config.path) == wanted;
    study.configs.iter().filter(|config| !config.content.stages.is_empty()).find(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Instruction;

    fn stage(name: &str, base: &str, from: &[&str]) -> Stage {
        let copy =
            |from: &&str| Instruction { keyword: "COPY".into(), from: vec![(*from).into()], ..Instruction::default() };
        Stage {
            name: name.into(),
            base: base.into(),
            instructions: from.iter().map(copy).collect(),
            ..Stage::default()
        }
    }

    #[test]
    fn what_is_copied_is_needed_and_what_the_image_stands_on_is_the_image() {
        let stages = [
            stage("base", "alpine", &[]),
            stage("tools", "golang", &[]),
            stage("build", "golang", &["tools"]),
            stage("unused", "node", &[]),
            stage("", "base", &["build", "nginx:1"]),
        ];
        assert_eq!(needed(&stages, 4), [1, 2]);
        assert_eq!(needed(&stages, 2), [1]);
        let numbered = [stage("", "golang", &[]), stage("", "alpine", &["0"])];
        assert_eq!(needed(&numbered, 1), [0]);
    }
}
