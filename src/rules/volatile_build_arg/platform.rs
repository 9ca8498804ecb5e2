//! A Dockerfile without a log: the platform that is built for, declared above installations in a
//! stage that runs on the builder's own platform. They run once for each platform, with the same
//! result.
//!
//! <https://docs.docker.com/build/building/multi-platform/#cross-compilation>

use super::META;
use crate::config::dockerfile::{declared, mentions};
use crate::config::{Change, Config, Instruction, Stage};
use crate::finding::{Evidence, Fix, Severity, not_ruled_out};
use crate::rules::Study;
use crate::rules::dockerfile_at::{all, line, with_changes};
use crate::rules::installation;
use crate::rules::instruction::brief;
use crate::rules::planned::{self, Ordered, Words};

/// One note for each Dockerfile that is built for several platforms.
pub(super) fn findings(study: &Study) -> Vec<Ordered<'_>> {
    all(study).filter_map(|config| finding(study, config)).collect()
}

/// What one stage declares too early.
struct EarlyPlatform<'a> {
    arguments: Vec<&'a Instruction>,
    invalidated: &'a Instruction,
    user: &'a Instruction,
}

fn finding<'a>(study: &Study, config: &'a Config) -> Option<Ordered<'a>> {
    let several = |platforms: &Vec<String>| {
        platforms.len() > 1 || platforms.iter().any(|all| all.contains(','))
    };
    if !planned::builds_of(study, config).iter().any(|at| several(&at.place.command.platforms)) {
        return None;
    }
    let found: Vec<EarlyPlatform> = config.content.stages.iter().filter_map(early).collect();
    let first = found.first()?;
    let (argument, invalidated) = (first.arguments.first()?, brief(&first.invalidated.text));
    let change = |early: &EarlyPlatform| Change::DeclareLater {
        declared: early.arguments.iter().map(|argument| argument.line).collect(),
        before: early.user.line,
    };
    let fix = Fix {
        summary: format!("declare the platform below `{invalidated}`"),
        steps: vec![format!(
            "Move `{}` to right above `{}`, the first that needs it.",
            argument.text,
            brief(&first.user.text)
        )],
        ..Fix::default()
    };
    let lines = found.iter().flat_map(|early| lines(config, early));
    let words = Words {
        title: format!(
            "`{}` is declared above `{invalidated}`, which then runs once for each platform",
            argument.text
        ),
        cause: "The stage runs on the builder's own platform, so its steps are the same for every \
            platform that is built for, until one of them depends on it. The value of an ARG is \
            part of what every RUN below it depends on, used or not."
            .to_owned(),
        fix: with_changes(fix, config, Ok(found.iter().map(change).collect())),
        rules_out: vec![not_ruled_out(
            "an installation that reads the platform from the \
            environment, though its text does not name it",
        )],
        subject: format!("{}:platform", config.path),
    };
    let finding = planned::finding(&META, Severity::Note, lines.collect(), words)?;
    Some(Ordered { config, invalidated: first.invalidated.line, finding })
}

fn lines(config: &Config, early: &EarlyPlatform) -> impl Iterator<Item = Evidence> {
    const ONCE: &str = "is the same for all platforms, and runs for each";
    let declared = early.arguments.first();
    let declared =
        declared.and_then(|i| line(config, i.line, "a different value for each platform"));
    declared.into_iter().chain(line(config, early.invalidated.line, ONCE))
}

fn early(stage: &Stage) -> Option<EarlyPlatform<'_>> {
    const NAMES: [&str; 4] = ["TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT"];
    if !["--platform=$BUILDPLATFORM", "--platform=${BUILDPLATFORM}"]
        .iter()
        .any(|own| stage.text.contains(own))
    {
        return None;
    }
    let of_platform = |i: &&Instruction| {
        let names = declared(&i.text);
        i.keyword == "ARG" && !names.is_empty() && names.iter().all(|name| NAMES.contains(name))
    };
    let arguments: Vec<&Instruction> = stage.instructions.iter().filter(of_platform).collect();
    let first = arguments.first()?;
    let uses = |i: &&Instruction| {
        NAMES.iter().any(|name| mentions(&i.text, name) || mentions(&i.body, name))
    };
    let below = || stage.instructions.iter().filter(|i| i.line > first.line && i.keyword != "ARG");
    let needing = below().find(uses)?;
    let invalidated =
        below().find(|i| i.line < needing.line && installation::reads(&i.text).is_some())?;
    let arguments = arguments.into_iter().filter(|argument| argument.line < needing.line).collect();
    Some(EarlyPlatform { arguments, invalidated, user: needing })
}
