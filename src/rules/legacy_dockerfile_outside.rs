//! A Dockerfile from outside the context makes the classic client send another `.dockerignore` each
//! time.

use super::instruction::copies_everything;
use super::legacy;
use super::past::Past;
use super::recurring::{Spot, spots};
use super::remedy::command_line;
use super::{Rule, RuleMeta, Study};
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, ruled_out,
};
use crate::model::Command;

pub(super) struct LegacyDockerfileOutside;

static META: RuleMeta = RuleMeta {
    id: "legacy-dockerfile-outside",
    title: "a Dockerfile from outside the context changes the `.dockerignore` that is copied",
    group: "The Dockerfile and its inputs",
    severity: Severity::Warning,
    what: "The classic builder gets its Dockerfile on standard input (`-f -`) or from a folder \
        above the context (`-f ../Dockerfile`), and a `COPY .` of the whole context is never found \
        in the cache, while the steps above it are.",
    why: "The client adds such a Dockerfile to the context under a random name, and writes that \
        name into the `.dockerignore` that it sends. Where the context has a `.dockerignore` that \
        does not list itself, that changed file is part of what `COPY .` copies, and differs in \
        each build.",
    fix: "List `.dockerignore` in `.dockerignore`, keep the Dockerfile inside the context, or \
        build with BuildKit.",
    rules_out: "A COPY that comes from the cache in some run; a COPY of named files; a Dockerfile \
        inside the context; BuildKit, which sends the file apart.",
    limits: "Whether the context has a `.dockerignore` is not in the log. Runs of several commits, \
        whose files differ anyway, make a note.",
    example: include_str!("examples/legacy-dockerfile-outside.txt"),
    references: &["https://github.com/docker/cli/blob/v25.0.0/cli/command/image/build/context.go"],
    since: "0.1.0",
};

impl Rule for LegacyDockerfileOutside {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        Past::all(study).filter_map(|past| finding(&past)).collect()
    }
}

fn finding(past: &Past) -> Option<Finding> {
    let spot = spots(past).into_iter().find(|spot| is_touched(past, spot))?;
    let last = *spot.broken.last()?;
    let (command, step) = (legacy::dockerfile_outside(past, last)?, spot.last()?);
    let file = command.file.as_deref()?;
    let one_commit = one_commit(past, &spot);
    Some(Finding {
        rule: META.id,
        severity: if one_commit { META.severity } else { Severity::Note },
        confidence: if one_commit { Confidence::Likely } else { Confidence::Suspected },
        title: format!(
            "`{}` is never found: the Dockerfile comes from outside the context (`-f \
            {file}`)",
            step.text
        ),
        cause: "The client adds a Dockerfile from outside the context under a random name, and \
            writes that name into the .dockerignore that it sends along. With a .dockerignore in \
            the context, a copy of the whole context therefore has different content in each \
            build, though no file of the repository changed."
            .to_owned(),
        evidence: Proof::from_lines(lines(past, &spot, command))?,
        fix: fix(command),
        impact: spot.impact(past),
        rules_out: vec![
            if one_commit {
                ruled_out("changed sources (the commit is the same)")
            } else {
                not_ruled_out("changed sources (the commits differ or are not shown)")
            },
            not_ruled_out(
                "a context without a .dockerignore (it is not touched by this; whether \
                there is one is not in the log)",
            ),
        ],
        subject: format!("{}:{}", step.stage, step.text),
    })
}

/// A copy of everything that no run found, with the Dockerfile from outside in each of them.
pub(super) fn is_touched(past: &Past, spot: &Spot) -> bool {
    copies_everything(spot.text)
        && spot.held.is_empty()
        && spot.nearly_always()
        && spot.broken.iter().all(|&i| legacy::dockerfile_outside(past, i).is_some())
}

fn one_commit(past: &Past, spot: &Spot) -> bool {
    let commit = |i: &usize| past.get(*i).and_then(|(run, _)| run.commit.clone());
    let first = spot.broken.first().and_then(commit);
    first.is_some() && spot.broken.iter().all(|i| commit(i) == first)
}

fn lines(past: &Past, spot: &Spot, command: &Command) -> Vec<Evidence> {
    let run = spot.broken.last().and_then(|&i| past.get(i)).map(|(run, _)| run);
    let asked =
        run.map(|run| Study::quote(run, &command.quote, "the Dockerfile is not in the context"));
    asked.into_iter().chain(spot.lines(past, "ran: the copied context changed")).collect()
}

fn fix(command: &Command) -> Fix {
    Fix {
        summary: "list .dockerignore in .dockerignore, or keep the Dockerfile inside the context"
            .to_owned(),
        steps: vec![
            "Add the line `.dockerignore` to .dockerignore: then the changed file is not copied."
                .to_owned(),
            "Or keep the Dockerfile inside the context, or build with BuildKit, which sends it \
                apart."
                .to_owned(),
        ],
        snippet: Some(format!(
            "echo .dockerignore >> .dockerignore\n# or, with BuildKit\nDOCKER_BUILDKIT=1 {}",
            command_line(command)
        )),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, study};
    use super::*;
    use crate::model::{Dialect, Run};

    fn run(command: &str, commit: &str, copy: &str) -> Run {
        let build =
            made().with(|b| b.dialect = Dialect::Classic).command(command).from("node:20", "aa");
        Run { commit: Some(commit.into()), ..build.hit("RUN a").miss(copy).run() }
    }

    fn check(command: &str, commits: [&str; 3], copy: &str) -> Vec<Finding> {
        LegacyDockerfileOutside
            .check(&study(commits.map(|commit| run(command, commit, copy)).into()))
    }

    #[test]
    fn fires_on_standard_input_and_on_a_folder_above() {
        for file in ["-", "../Dockerfile"] {
            let found = check(&format!("docker build -f {file} app"), ["c0ffee"; 3], "COPY . /src");
            assert_eq!((found.len(), found[0].confidence), (1, Confidence::Likely), "{file}");
        }
        let found = check("docker build -f - app", ["c0ffee", "beef", "dead"], "COPY . /src");
        assert_eq!(found[0].severity, Severity::Note);
    }

    #[test]
    fn leaves_dockerfiles_inside_and_named_files() {
        assert!(
            check("docker build -f app/Dockerfile app", ["c0ffee"; 3], "COPY . /src").is_empty()
        );
        assert!(
            check("docker build -f - app", ["c0ffee"; 3], "COPY package.json /src/").is_empty()
        );
    }
}
