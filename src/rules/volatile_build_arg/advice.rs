//! The fix for a changing value, written with the steps that were seen.

use super::{Above, Culprit, Sign, order};
use crate::config::{Config, Stage};
use crate::finding::{Alternative, Fix, not_ruled_out, ruled_out, to_decide};
use crate::model::Dialect;
use crate::rules::build_args::names_a_run;
use crate::rules::dockerfile_at::with_changes;
use crate::rules::past::Past;

pub(super) fn fix(past: &Past, culprit: &Culprit) -> Fix {
    let name = culprit.names.first().map_or("NAME", String::as_str);
    match culprit.sign {
        Sign::Text => split(culprit, name),
        Sign::SameText | Sign::ValueAbove(_) | Sign::Metadata(_) => {
            in_file(move_down(past, culprit, name), culprit)
        }
    }
}

/// With the patch of the Dockerfile, where it is there and the names are known.
fn in_file(fix: Fix, culprit: &Culprit) -> Fix {
    let given = !culprit.given.is_empty();
    let names: Vec<&str> = culprit
        .names
        .iter()
        .map(String::as_str)
        .filter(|name| given || names_a_run(name))
        .collect();
    match &culprit.file {
        Some((config, stage)) if !names.is_empty() => patched(fix, config, stage, &names),
        _ => fix,
    }
}

/// Adds the patch that moves these names down.
pub(super) fn patched(fix: Fix, config: &Config, stage: &Stage, names: &[&str]) -> Fix {
    with_changes(fix, config, order::changes(stage, names))
}

fn files_above(above: Above) -> Alternative {
    match above {
        Above::Same => ruled_out(
            "changed files (a RUN reads none of the context, and the steps before it came from the \
                cache)",
        ),
        Above::CopyOfOneCommit => ruled_out("changed files (the runs build one commit)"),
        Above::Copy => {
            not_ruled_out("the files of the COPY right above (kaniko does not look that up)")
        }
        Above::Base => {
            not_ruled_out("a base image that changed under its tag (kaniko prints no digest)")
        }
    }
}

/// No command line shows the argument.
fn hidden(culprit: &Culprit) -> Vec<Alternative> {
    let other = match culprit.spot.last().and_then(|step| step.key.as_ref()) {
        Some(_) => "an ENV, or the default of an ARG, that the job writes into the Dockerfile",
        None if culprit.proven => "an ENV, USER or SHELL above it, or an option of the build",
        None => match culprit.dialect {
            // They have neither mounts nor here-documents.
            Dialect::Classic | Dialect::Kaniko => "a lost cache record",
            Dialect::Buildah => "a changed mount option or here-document, or a lost cache record",
            _ => {
                "`--no-cache-filter`, an option such as `--add-host`, a changed mount option or \
                    here-document, or a lost cache record"
            }
        },
    };
    let mut said = Vec::new();
    if culprit.proven {
        said.push(ruled_out("a lost cache record (the step is another operation each time)"));
    }
    said.push(not_ruled_out(other));
    said.push(to_decide(if culprit.file.is_some() {
        "give the command line of the build"
    } else {
        "give the command line of the build, or the Dockerfile"
    }));
    said
}

pub(super) fn rules_out(culprit: &Culprit) -> Vec<Alternative> {
    let mut said = match culprit.sign {
        Sign::ValueAbove(_) => {
            return vec![ruled_out("a lost cache record (a text above the step changed)")];
        }
        Sign::Text => vec![ruled_out(
            "an edited Dockerfile (it looks the same once, not in nearly every run)",
        )],
        _ => vec![files_above(culprit.above)],
    };
    if !matches!(culprit.sign, Sign::Text) && culprit.given.is_empty() {
        said.extend(hidden(culprit));
    }
    if culprit.stands_in_file() {
        said.extend([
            ruled_out("a `--build-arg` (the command lines show none that changes)"),
            not_ruled_out(
                "an ENV, or the default of an ARG, that the job writes into the Dockerfile",
            ),
        ]);
    }
    if culprit.names.len() > 1 {
        said.push(not_ruled_out(format!(
            "which of {} it is (the log does not show it)",
            culprit.names.join(", ")
        )));
    }
    said
}

fn move_down(past: &Past, culprit: &Culprit, name: &str) -> Fix {
    let steps =
        culprit.spot.broken.last().map(|&i| culprit.spot.rerun(past, i)).unwrap_or_default();
    let texts: Vec<&str> = steps.iter().map(|s| s.text.as_str()).collect();
    let texts = texts.join("\n");
    let line = match &culprit.sign {
        Sign::ValueAbove(text) => text.clone(),
        _ => format!("ARG {name}"),
    };
    let what = match name {
        _ if matches!(culprit.sign, Sign::ValueAbove(_)) => format!("`{line}`"),
        "NAME" if culprit.stands_in_file() => "the ENV or ARG that the job writes".to_owned(),
        "NAME" => "the argument".to_owned(),
        name => format!("`ARG {name}`"),
    };
    let label = match culprit.sign {
        Sign::ValueAbove(_) => String::new(),
        _ => format!("\nLABEL org.opencontainers.image.revision=${name}"),
    };
    Fix {
        summary: format!("declare {what} below the steps that do not need it"),
        steps: vec![
            format!("Move {what} (and an ENV or LABEL made of it) to right above the first \
                instruction that needs its value, best at the end of the stage."),
            "An ARG reaches every RUN below it, used or not. One given on the command line and not \
                declared in the stage has no effect.".to_owned(),
        ],
        snippet: Some(format!("# before\n{line}\n{texts}\n# after\n{texts}\n{line}{label}")),
        cost: String::new(),
        ..Fix::default()
    }
}

/// The commands of a step in whose text the value stands.
struct Commands<'a> {
    text: &'a str,
    instruction: &'a str,
    /// Those that show the value.
    with: Vec<&'a str>,
    without: Vec<&'a str>,
}

impl<'a> Commands<'a> {
    /// In the newest run that broke at the step: later ones may not have reached it warm.
    fn of(culprit: &Culprit<'a>) -> Self {
        let text = culprit.spot.last().map_or(culprit.spot.text, |step| step.text.as_str());
        let (instruction, rest) = text.split_once(' ').unwrap_or((text, ""));
        let changes = |part: &&str| {
            part.split_ascii_whitespace().any(|word| culprit.words.iter().any(|w| w == word))
        };
        let (with, without) = rest.split(" && ").partition(changes);
        Self { text, instruction, with, without }
    }
}

/// Each command of the step shows the value, and nothing else ran again for it: there is nothing to
/// be kept out of it.
pub(super) fn is_of_this_step_alone(past: &Past, culprit: &Culprit) -> bool {
    let alone = culprit.spot.impact(past).steps == culprit.spot.broken.len();
    matches!(culprit.sign, Sign::Text) && alone && Commands::of(culprit).without.is_empty()
}

/// Commands that do not show the value go into a step of their own, above the argument.
fn split(culprit: &Culprit, name: &str) -> Fix {
    let Commands { text, instruction, with, without } = Commands::of(culprit);
    let value = culprit.words.last().map_or("", String::as_str);
    let with = with.join(" && ").replace(value, &format!("${name}"));
    let without = without.join(" && ");
    let first = if without.is_empty() || instruction != "RUN" {
        String::new()
    } else {
        format!("RUN {without}\n")
    };
    let last = if instruction == "RUN" && !first.is_empty() {
        format!("ARG {name}\nRUN {with}")
    } else {
        format!(
            "ARG {name}\nLABEL org.opencontainers.image.version=${name}\n# and no {name} in: \
                {instruction} {with}"
        )
    };
    Fix {
        summary: "keep the value out of the expensive step".to_owned(),
        steps: vec![
            "Run what does not need the value in a step of its own, above the ARG.".to_owned(),
            "Where only the image has to carry the value, set it at the end (LABEL, ENV), or pass \
                it when the container starts."
                .to_owned(),
        ],
        snippet: Some(format!("# before\n{text}\n# after\n{first}{last}")),
        cost: String::new(),
        ..Fix::default()
    }
}
