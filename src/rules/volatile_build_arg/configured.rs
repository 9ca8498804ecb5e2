//! A Dockerfile without a log: an argument of one commit or run, declared above installations.

use super::{META, order};
use crate::config::dockerfile::declared;
use crate::config::{Config, Instruction, Stage};
use crate::finding::{Evidence, Finding, Fix};
use crate::rules::Study;
use crate::rules::build_args::names_one_commit;
use crate::rules::dockerfile_at::{all, line, with_changes};
use crate::rules::instruction::brief;
use crate::rules::planned::{self, Words};

/// One finding for each Dockerfile.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    all(study).filter_map(finding).collect()
}

/// What one stage declares too early.
struct Early<'a> {
    stage: &'a Stage,
    names: Vec<&'a str>,
    declaration: &'a Instruction,
    spoilt: &'a Instruction,
}

fn finding(config: &Config) -> Option<Finding> {
    let found: Vec<Early> = config.content.stages.iter().filter_map(early).collect();
    let first = found.first()?;
    let (name, spoilt) = (*first.names.first()?, brief(&first.spoilt.text));
    let changes = found.iter().map(|early| order::changes(early.stage, &early.names)).collect::<Result<Vec<_>, _>>();
    let fix = Fix {
        summary: format!("declare `{name}` below `{spoilt}`"),
        steps: vec![format!(
            "Move `ARG {name}`, and what is made of it, to right above the first instruction that needs it."
        )],
        ..Fix::default()
    };
    let words = Words {
        title: format!("`{name}` is declared above `{spoilt}`, which does not need it"),
        cause: format!(
            "The value of an ARG is part of what every RUN below it depends on, used or not. With another `{name}` in each build nothing below it ever comes from the cache."
        ),
        fix: with_changes(fix, config, changes.map(|changes| changes.concat())),
        rules_out: vec![format!(
            "a build that never gives `{name}` a value is not slowed down by it: the command line decides"
        )],
        subject: format!("{}:{name}", config.path),
    };
    planned::finding(&META, META.severity, found.iter().flat_map(|early| lines(config, early)).collect(), words)
}

fn early(stage: &Stage) -> Option<Early<'_>> {
    let change = |name: &str| order::change(stage, name).ok().filter(|change| !order::spoilt(stage, change).is_empty());
    let names: Vec<&str> =
        stage.instructions.iter().filter_map(per_commit).filter(|name| change(name).is_some()).collect();
    let name = *names.first()?;
    let spoilt = *order::spoilt(stage, &change(name)?).first()?;
    let declaration = stage.instructions.iter().find(|i| declared(&i.text).contains(&name))?;
    Some(Early { stage, names, declaration, spoilt })
}

fn lines(config: &Config, early: &Early) -> Vec<Evidence> {
    let declared = line(config, early.declaration.line, "its value is another one in each commit or run");
    let spoilt = line(config, early.spoilt.line, "does not need it, and runs again with every value");
    declared.into_iter().chain(spoilt).collect()
}

/// `ARG GIT_SHA`, `ARG BUILD_DATE=unknown`: a name that is given anew each time. One with a default that
/// is a value of its own is a pinned version.
fn per_commit(instruction: &Instruction) -> Option<&str> {
    let argument = instruction.text.strip_prefix("ARG ")?.trim();
    let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
    let value = value.trim_matches(['"', '\'']);
    let none = ["", "unknown", "none", "dev", "local", "development", "n/a", "unset"].contains(&value);
    (none && names_one_commit(name) && !name.contains(' ')).then_some(name)
}
