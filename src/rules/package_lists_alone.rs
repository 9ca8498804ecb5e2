//! The lists of the system's packages are fetched in a step of their own, which the cache then
//! answers for ever.

use super::dockerfile_at::{all, line};
use super::instruction::{brief, commands, script};
use super::planned::{self, Words};
use super::{Rule, RuleMeta, Study};
use crate::config::{Config, Instruction, Stage};
use crate::finding::{Finding, Fix, Severity, not_ruled_out};

pub(super) struct PackageListsAlone;

static META: RuleMeta = RuleMeta {
    id: "package-lists-alone",
    title: "package lists are fetched in a step of their own",
    group: "The Dockerfile and its inputs",
    severity: Severity::Note,
    what: "A Dockerfile fetches the lists of its packages in one RUN (`apt-get update`) and \
        installs from them in a later one of the same stage that fetches none.",
    why: "The step that fetches the lists has the same text in every build, so it comes from the \
        cache, with the lists of the day it ran. A changed installation below it then asks for \
        versions that the archive no longer has, or gets old ones.",
    fix: "Fetch the lists and install in one RUN: `apt-get update && apt-get install -y …`.",
    rules_out: "An installation that fetches the lists itself, and lists that nothing of the stage \
        installs from.",
    limits: "Stages that are built on this one are not looked at.",
    example: include_str!("examples/package-lists-alone.txt"),
    references: &[
        "https://docs.docker.com/build/building/best-practices/#apt-get",
        "https://docs.docker.com/build/cache/invalidation/#run-instructions",
    ],
    since: "0.1.0",
};

impl Rule for PackageListsAlone {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        all(study).filter_map(finding).collect()
    }
}

fn finding(config: &Config) -> Option<Finding> {
    let (lists, install) = config.content.stages.iter().find_map(alone)?;
    let words = Words {
        title: format!(
            "`{}` is a step of its own: from the cache its lists are as old as the cache",
            lists.text
        ),
        cause: format!(
            "Nothing in the text of `{}` changes, so it comes from the cache with the lists of the \
                day it ran; `{}` installs from those.",
            lists.text,
            brief(&install.text)
        ),
        fix: Fix {
            summary: "fetch the lists and install in one RUN".to_owned(),
            steps: vec![
                format!(
                    "Put `{}` in front of the installation, joined by `&&`.",
                    lists.text.trim_start_matches("RUN ")
                ),
                format!(
                    "No patch for {}: which of the steps below need the lists is your decision.",
                    config.path
                ),
            ],
            ..Fix::default()
        },
        rules_out: vec![not_ruled_out(
            "a cache that is never older than a day (then the lists are new enough)",
        )],
        subject: format!("{}:{}", config.path, lists.text),
    };
    let fetched = line(config, lists.line, "fetches the lists");
    let installed = line(config, install.line, "installs from them");
    planned::finding(&META, META.severity, fetched.into_iter().chain(installed).collect(), words)
}

/// The RUN that only fetches lists, and the first behind it that installs without fetching.
fn alone(stage: &Stage) -> Option<(&Instruction, &Instruction)> {
    let runs = || stage.instructions.iter().filter(|i| i.keyword == "RUN");
    let lists = runs().find(|run| fetches(run) && !installs(run))?;
    let next = runs().find(|run| run.line > lists.line && (installs(run) || fetches(run)))?;
    (!fetches(next)).then_some((lists, next))
}

fn fetches(run: &Instruction) -> bool {
    calls(run, &["update"])
}

fn installs(run: &Instruction) -> bool {
    calls(run, &["install", "add", "upgrade", "dist-upgrade", "build-dep"])
}

/// Some command of the RUN is the package manager with one of these verbs.
fn calls(run: &Instruction, verbs: &[&str]) -> bool {
    let mut all = [script(&run.text), run.body.as_str()].into_iter().flat_map(commands);
    all.any(|command| {
        let mut words = command.split_ascii_whitespace();
        let manager = words.any(|word| matches!(word, "apt-get" | "apt" | "aptitude"));
        manager
            && words.find(|word| !word.starts_with('-')).is_some_and(|verb| verbs.contains(&verb))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(runs: &[&str]) -> Stage {
        let run = |(text, line): (&&str, u64)| Instruction {
            keyword: "RUN".into(),
            text: format!("RUN {text}"),
            line,
            ..Instruction::default()
        };
        Stage { instructions: runs.iter().zip(1..).map(run).collect(), ..Stage::default() }
    }

    #[test]
    fn lists_and_installation_apart_are_found() {
        assert!(alone(&stage(&["apt-get update", "apt-get install -y curl"])).is_some());
        assert!(
            alone(&stage(&[
                "apt-get update -qq && apt-get clean",
                "echo",
                "sudo apt-get -y install git"
            ]))
            .is_some()
        );
        for runs in [
            &["apt-get update && apt-get install -y curl", "apt-get install -y git"][..],
            &["apt-get update", "apt-get update && apt-get install -y curl"],
            &["apt-get update"],
            &["apk update", "apk add curl"],
        ] {
            assert!(alone(&stage(runs)).is_none(), "{runs:?}");
        }
    }
}
