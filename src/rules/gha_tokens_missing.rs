//! A GitHub cache is asked for, and buildx drops it without a word.

mod written;

pub(super) use written::lacks_token;

use super::past::{self, Past, cost, header};
use super::planned;
use super::remedy::command_line;
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, Severity, ruled_out};
use crate::model::{CacheKind, Command, Tool};

pub(super) struct GhaTokensMissing;

static META: RuleMeta = RuleMeta {
    id: "gha-tokens-missing",
    title: "type=gha is asked for and never used",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "The command line asks for `type=gha`, the build ran, and the log has neither an import \
        nor an export of a GitHub cache. Without a log: a script of a job asks for it, and no step \
        before passes the token on.",
    why: "buildx drops `type=gha` silently where `ACTIONS_RUNTIME_TOKEN` and the service's URL are \
        not in its environment. GitHub gives them to actions only, not to `run:` steps and not to \
        other CI systems.",
    fix: "Expose the tokens with crazy-max/ghaction-github-runtime before the `run:` step, or \
        build with docker/build-push-action.",
    rules_out: "A cache that is imported or exported, with or without an error; builds that failed \
        before their first step; other command lines.",
    limits: "It needs the command line in the log: without it, a build that was never asked for a \
        GitHub cache looks the same.",
    example: include_str!("examples/gha-tokens-missing.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/gha/#authentication",
        "https://github.com/docker/buildx/blob/v0.36.0/build/opt.go",
    ],
    since: "0.1.0",
};

impl Rule for GhaTokensMissing {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let seen = past::judge(study, finding);
        planned::with_undecided(
            study,
            seen,
            |past| past.len() > 1,
            |at| written::finding(study, at),
        )
    }
}

fn finding(past: &Past) -> Option<Finding> {
    let dropped: Vec<(usize, &Command)> =
        (0..past.len()).filter_map(|i| Some((i, dropped(past, i)?))).collect();
    let (_, command) = dropped.last()?;
    let later = dropped.iter().filter(|(i, _)| *i > 0).filter_map(|(i, _)| past.builds.get(*i));
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!(
            "type=gha is asked for and dropped in {} of {} runs: no token",
            dropped.len(),
            past.len()
        ),
        cause: "The command asks for the GitHub cache, and the log shows no import and no export \
            of one. buildx leaves it out without a message where the runner's token or the \
            service's address is not in the environment."
            .to_owned(),
        evidence: Proof::from_lines(
            dropped.iter().rev().take(3).rev().flat_map(|(i, c)| lines(past, *i, c)).collect(),
        )?
        .seen_in(past.places(dropped.iter().map(|(i, _)| *i))),
        fix: fix(command),
        impact: cost(later.flat_map(|b| &b.steps), dropped.len()),
        rules_out: vec![ruled_out(
            "a service that is down or refuses (that prints an import with \
            an error)",
        )],
        subject: "type=gha".to_owned(),
    })
}

/// The command that asks for it, where the build has no trace of it.
fn dropped<'a>(past: &Past<'a>, i: usize) -> Option<&'a Command> {
    let (_, build) = past.get(i)?;
    let gha = |kind: CacheKind| matches!(kind, CacheKind::Gha | CacheKind::Unknown);
    let used =
        past.imports(i).iter().any(|t| gha(t.kind)) || build.exports.iter().any(|t| gha(t.kind));
    if used || !build.succeeded() || build.total() == 0 {
        return None;
    }
    let asks =
        |c: &&Command| c.cache_from.iter().chain(&c.cache_to).any(|s| s.kind() == CacheKind::Gha);
    past.commands(i).iter().find(asks)
}

fn lines(past: &Past, i: usize, command: &Command) -> Vec<Evidence> {
    let Some((run, build)) = past.get(i) else { return Vec::new() };
    let mut lines =
        vec![Study::quote(run, command.line_with("type=gha"), "the GitHub cache is asked for")];
    lines.extend(
        build
            .decided()
            .next()
            .map(|s| header(run, s, "the steps begin, and no cache was imported")),
    );
    lines
}

fn fix(command: &Command) -> Fix {
    let action = command.tool == Tool::BuildPushAction;
    let run = if action { "docker buildx build …".to_owned() } else { command_line(command) };
    Fix {
        summary: "give buildx the runner's cache token".to_owned(),
        steps: vec![
            "On GitHub: expose the token to `run:` steps as below, or build with \
                docker/build-push-action, which has it."
                .to_owned(),
            "On any other CI system type=gha cannot work: use type=registry.".to_owned(),
        ],
        snippet: Some(format!(
            "- uses: docker/setup-buildx-action@v3\n- uses: \
            crazy-max/ghaction-github-runtime@v3\n- run: {run}"
        )),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    const ASKS: &str = "docker buildx build --cache-from type=gha --cache-to type=gha,mode=max .";

    #[test]
    fn leaves_caches_that_are_used_and_failed_builds() {
        assert!(
            GhaTokensMissing
                .check(&of(vec![
                    made().command(ASKS).import("gha:15381314327497081110", None).miss("RUN a")
                ]))
                .is_empty()
        );
        assert!(
            GhaTokensMissing
                .check(&of(vec![
                    made().command(ASKS).export(CacheKind::Gha, Some("x")).miss("RUN a")
                ]))
                .is_empty()
        );
        assert!(
            GhaTokensMissing
                .check(&of(vec![made().command(ASKS).error("ERROR: failed to solve: x")]))
                .is_empty()
        );
        assert!(
            GhaTokensMissing
                .check(&of(vec![made().command("docker buildx build .").miss("RUN a")]))
                .is_empty()
        );
    }
}
