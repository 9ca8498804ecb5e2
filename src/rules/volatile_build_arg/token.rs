//! A token of one job, given to a Dockerfile as an argument.
//!
//! The steps below need it, so that nothing is won by declaring it later: it has to be a secret,
//! which is no part of the key of a step
//! (<https://docs.docker.com/build/cache/invalidation/#build-secrets>).

use super::META;
use crate::config::dockerfile::{declared, mentions};
use crate::config::{Config, Instruction};
use crate::finding::{Fix, ruled_out};
use crate::rules::Study;
use crate::rules::changing_value::job_token;
use crate::rules::dockerfile_at::{all, line};
use crate::rules::instruction::brief;
use crate::rules::planned::{self, Ordered, Words};
use crate::rules::remedy::{At, patch};

const BOTH: &str = "the build and the Dockerfile have to change together, and which steps need the \
    token is your decision";

/// One finding for each argument of a Dockerfile.
pub(super) fn findings(study: &Study) -> Vec<Ordered<'_>> {
    all(study).flat_map(|config| of_file(study, config)).collect()
}

fn of_file<'a>(study: &Study, config: &'a Config) -> Vec<Ordered<'a>> {
    let mut found: Vec<Ordered> = Vec::new();
    let builds = planned::builds_of(study, config);
    for at in builds.into_iter().filter(|at| !at.place.command.no_cache) {
        for argument in &at.place.command.build_args {
            let Some(new) = finding(config, at, argument) else { continue };
            if found.iter().all(|one| one.finding.subject != new.finding.subject) {
                found.push(new);
            }
        }
    }
    found
}

fn finding<'a>(config: &'a Config, at: At, argument: &str) -> Option<Ordered<'a>> {
    let (name, value) = argument.split_once('=')?;
    let given = at.place.expanded(value.trim_matches(['"', '\'']));
    let token = job_token(&given).filter(|token| is_made(at.config, token))?;
    let Reached { declaration, invalidated, users } =
        config.content.stages.iter().find_map(|stage| reached(&stage.instructions, name))?;
    let step = brief(&invalidated.text);
    let lines = [
        at.evidence_of(name, "gives it the token of the job"),
        line(config, declaration.line, "takes it as an argument"),
        line(config, invalidated.line, "runs again with every token"),
    ];
    let words = Words {
        title: format!(
            "`{name}` is another token in each job, and invalidates `{step}` every time"
        ),
        cause: format!(
            "`{token}` is new in each job. The value of an ARG is part of the key of every RUN \
                below it, so that each of them is rebuilt in every run; the token stays readable \
                in the history of the image too."
        ),
        fix: patch::refused(fix(name, &users), at, BOTH),
        rules_out: vec![ruled_out(
            "an argument that is only declared too early (the steps below may need the token)",
        )],
        subject: format!("{}:{name}", config.path),
    };
    let finding =
        planned::finding(&META, META.severity, lines.into_iter().flatten().collect(), words)?;
    Some(Ordered { config, invalidated: invalidated.line, finding })
}

/// pip reads the variable whoever sets it; with a token of the job the task does.
fn is_made(config: &Config, token: &str) -> bool {
    !token.contains("PIP_EXTRA_INDEX_URL") || config.text.contains("PipAuthenticate")
}

/// What the argument reaches in a stage.
struct Reached<'a> {
    declaration: &'a Instruction,
    /// The first RUN below.
    invalidated: &'a Instruction,
    /// Those that name it; where none does, the first one may read it all the same.
    users: Vec<&'a Instruction>,
}

/// In the first stage that declares it above a RUN.
fn reached<'a>(instructions: &'a [Instruction], name: &str) -> Option<Reached<'a>> {
    let mut rest = instructions
        .iter()
        .skip_while(|i| i.keyword != "ARG" || !declared(&i.text).contains(&name));
    let declaration = rest.next()?;
    let runs: Vec<&Instruction> = rest.filter(|i| i.keyword == "RUN").collect();
    let invalidated = *runs.first()?;
    let names = |i: &&Instruction| mentions(&i.text, name) || mentions(&i.body, name);
    let mut users: Vec<&Instruction> = runs.into_iter().filter(names).collect();
    if users.is_empty() {
        users.push(invalidated);
    }
    Some(Reached { declaration, invalidated, users })
}

fn fix(name: &str, users: &[&Instruction]) -> Fix {
    let id = name.to_ascii_lowercase();
    let mounted = |run: &&Instruction| {
        let command = run.text.strip_prefix("RUN ").unwrap_or(&run.text);
        format!("RUN --mount=type=secret,id={id},env={name} {command}")
    };
    let mounted: Vec<String> = users.iter().map(mounted).collect();
    Fix {
        summary: format!("pass `{name}` as a secret, which is no part of the cache key"),
        steps: vec![
            format!(
                "Set `{name}` in the environment of the build, and give it with `--secret` in \
                    place of `--build-arg`."
            ),
            format!(
                "Take `ARG {name}` out, and mount the secret where the token is needed. Every \
                    builder since BuildKit 0.16 sets it as a variable (`env=`); older ones write \
                    it to /run/secrets/{id}."
            ),
        ],
        snippet: Some(format!("--secret id={id},env={name}\n# Dockerfile\n{}", mounted.join("\n"))),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_mounted_where_the_token_is_named() {
        let shown = |text: &str| {
            let config = Config::read("Dockerfile", text).unwrap().unwrap();
            let Reached { users, .. } =
                reached(&config.content.stages[0].instructions, "PAT").unwrap();
            fix("PAT", &users).snippet.unwrap()
        };
        let mount = "RUN --mount=type=secret,id=pat,env=PAT";
        let named = shown("FROM node\nARG PAT\nRUN npm ci\nRUN curl -u $PAT x\nRUN get ${PAT}\n");
        assert!(!named.contains("npm ci"), "{named}");
        assert!(named.ends_with(&format!("\n{mount} curl -u $PAT x\n{mount} get ${{PAT}}")));
        // npm may read it out of `.npmrc`.
        assert!(shown("FROM node\nARG PAT\nRUN npm ci\n").ends_with(&format!("{mount} npm ci")));
    }
}
