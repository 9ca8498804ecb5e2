//! A Dockerfile without a log: it is built with a `SOURCE_DATE_EPOCH` that is another one in each
//! commit, and something is run below a WORKDIR.
//!
//! Docker's own guide gives it the time of the commit
//! (<https://docs.docker.com/build/ci/github-actions/reproducible-builds/>).

use super::META;
use crate::config::{Config, Instruction, Stage, pieces};
use crate::finding::{Confidence, not_ruled_out};
use crate::rules::Study;
use crate::rules::changing_value::changing;
use crate::rules::dockerfile_at::{all, line};
use crate::rules::instruction::brief;
use crate::rules::planned::{self, Ordered, Words};
use crate::rules::remedy::At;
use crate::series::EPOCH;

/// One finding for each Dockerfile.
pub(super) fn findings(study: &Study) -> Vec<Ordered<'_>> {
    all(study).filter_map(|config| finding(study, config)).collect()
}

fn finding<'a>(study: &Study, config: &'a Config) -> Option<Ordered<'a>> {
    let builds = planned::builds_of(study, config);
    let (at, value) = builds.iter().find_map(|at| Some((at, given(*at)?)))?;
    let (workdir, run) = config.content.stages.iter().find_map(below)?;
    let sure = changing(&value).is_some();
    let (text, again) = (&workdir.text, brief(&run.text));
    let words = Words {
        title: format!(
            "`{EPOCH}` is {} with every commit: `{text}` and all below it run again",
            if sure { "another one" } else { "probably another one" }
        ),
        cause: format!(
            "The build is given `{EPOCH}={value}`. Since BuildKit 0.22 it is the time of the \
                directory that a WORKDIR makes, and so part of its cache key: with another value \
                `{text}` runs again, and `{again}` with it."
        ),
        fix: super::given::fix_of_epoch(),
        rules_out: vec![not_ruled_out(
            "a builder before BuildKit 0.22, whose WORKDIR does not depend on it",
        )],
        subject: format!("{}:{EPOCH}", config.path),
    };
    let lines = [
        at.evidence_of(EPOCH, "gives it"),
        line(config, workdir.line, "depends on it"),
        line(config, run.line, "runs again with it"),
    ];
    let lines = lines.into_iter().flatten().collect();
    let mut finding = planned::finding(&META, META.severity, lines, words)?;
    if !sure {
        finding.confidence = Confidence::Suspected;
    }
    Some(Ordered { config, invalidated: run.line, finding })
}

/// The value that a build gives it, as an argument or in its environment, from where buildx takes
/// it; one that is a plain number stays.
fn given(at: At) -> Option<String> {
    let command = &at.place.command;
    if command.no_cache {
        return None;
    }
    let argument = command.build_args.iter().rev().find_map(|argument| {
        let (name, value) = argument.split_once('=')?;
        (name.trim() == EPOCH).then(|| value.to_owned())
    });
    let variables = at.place.variables.iter();
    let set = || variables.rev().find(|(name, _)| name == EPOCH).map(|(_, value)| value.clone());
    let value = at.place.expanded(argument.or_else(set)?.trim_matches(['"', '\'']));
    let stays = pieces(&value).all(|piece| piece.form.is_none()) || value.contains("vars.");
    (!stays).then_some(value)
}

/// The first WORKDIR of a stage, and the first RUN below it.
fn below(stage: &Stage) -> Option<(&Instruction, &Instruction)> {
    let workdir = stage.instructions.iter().find(|i| i.keyword == "WORKDIR")?;
    let mut runs = stage.instructions.iter().filter(|i| i.line > workdir.line);
    Some((workdir, runs.find(|i| i.keyword == "RUN")?))
}
