//! The command line tells the builder not to use its cache, or a file that the build left says that
//! it did.

use super::past::{self, Past, cost, header};
use super::planned;
use super::remedy::{At, Site, command_line, patch};
use super::{Effect, Rule, RuleMeta, Study};
use crate::config::Change;
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out};
use crate::model::{Build, CacheSpec, Command, EvidenceKind, NoCache, Outcome, Step, Text, Tool};

pub(super) struct NoCacheFlag;

static META: RuleMeta = RuleMeta {
    id: "no-cache-flag",
    title: "the cache is switched off for this build",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "`--no-cache`, `--no-cache-filter` or `no-cache: true` is on the command line of a build \
        whose steps then ran. Without a log: the option in the configuration, next to a cache that \
        is named there.",
    why: "Every step is executed, whatever any cache holds. The builder does not print that it was \
        asked to, so the log looks like a cache that is broken.",
    fix: "Take the option out of the build that every commit runs.",
    rules_out: "A command line without the option. Whether a fresh build is meant (a nightly one \
        for security updates) is not in a log: if fewer than half of the runs have the option, and \
        the newest does not, it is a note.",
    limits: "BuildKit does not print the option: only a command line, the inputs of an action, a \
        `.dockerbuild` record or provenance show it.",
    example: include_str!("examples/no-cache-flag.txt"),
    references: &["https://docs.docker.com/reference/cli/docker/buildx/build/#no-cache-filter"],
    since: "0.1.0",
};

impl Rule for NoCacheFlag {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let seen = past::judge(study, finding);
        planned::with_undecided(study, seen, |past| past.all_commands().next().is_some(), written)
    }
}

/// A run that was asked to, and the steps that ran for it.
struct Uncached<'a> {
    at: usize,
    /// As it was given: `--no-cache`.
    option: String,
    /// Where the log shows it; else a file that the build left does.
    command: Option<&'a Command>,
    ran: Vec<&'a Step>,
}

fn finding(past: &Past) -> Option<Finding> {
    let uncached: Vec<Uncached> = (0..past.len()).filter_map(|i| uncached(past, i)).collect();
    let last = uncached.last()?;
    let option = last.option.clone();
    let imports =
        !past.imports(last.at).is_empty() || last.command.is_some_and(|c| !c.cache_from.is_empty());
    Some(Finding {
        rule: META.id,
        severity: if is_now_and_then(past, &uncached) { Severity::Note } else { META.severity },
        confidence: Confidence::Proven,
        title: format!(
            "`{option}` {}: {} without the cache",
            if last.command.is_some() { "on the command line" } else { "was given" },
            match past.len() {
                1 => "the run builds".to_owned(),
                all => format!("{} of {all} runs build", uncached.len()),
            }
        ),
        cause: format!(
            "{} says `{option}`, so the steps are executed whatever the caches hold.{}",
            if last.command.is_some() { "The command" } else { "A file that the build left" },
            if imports { " Importing a cache as well only costs time." } else { "" }
        ),
        evidence: Proof::from_lines(
            uncached.iter().rev().take(3).rev().flat_map(|t| lines(past, t)).collect(),
        )?
        .seen_in(past.places(uncached.iter().map(|one| one.at))),
        fix: patched(past, last, fix(last.command, &option)),
        impact: cost(uncached.iter().flat_map(|t| t.ran.iter().copied()), uncached.len()),
        rules_out: vec![not_ruled_out(
            "a build that is meant to start without a cache, such as a nightly one (then ignore \
                this rule for that job)",
        )],
        subject: option,
    })
}

/// Fewer than half of the runs, and not the newest: as of a schedule, or by hand.
fn is_now_and_then(past: &Past, uncached: &[Uncached]) -> bool {
    let newest = uncached.last().is_some_and(|last| last.at + 1 == past.len());
    !newest && uncached.len() * 2 < past.len()
}

/// The configuration alone: a cache is named, and not to be used. One that is only written is made
/// anew for others.
fn written(at: At) -> Option<Finding> {
    let command = &at.place.command;
    // What a variable may hold need be no cache.
    if !command.no_cache || command.cache_from.iter().all(CacheSpec::is_hidden) {
        return None;
    }
    let option = option(command);
    let words = planned::Words {
        title: format!("`{option}` next to a cache: the build will not use it"),
        cause: format!(
            "The build names a cache and says `{option}`, so every step is executed whatever the \
                cache holds."
        ),
        fix: patch::with_change(
            fix(Some(command), &option),
            at,
            Change::UseCache { place: at.index },
        ),
        rules_out: vec![not_ruled_out(
            "a build that is meant to start without a cache, such as a nightly one (then leave the \
                caches out)",
        )],
        subject: option,
    };
    planned::finding(
        &META,
        META.severity,
        at.evidence("no cache is to be used").into_iter().collect(),
        words,
    )
}

fn uncached<'a>(past: &Past<'a>, i: usize) -> Option<Uncached<'a>> {
    let (_, build) = past.get(i)?;
    let command = past.commands(i).iter().find(|c| c.no_cache || !c.no_cache_filter.is_empty());
    let option = command.map(option).or_else(|| recorded(&build.no_cache))?;
    let has_to_run = |step: &Step| match command {
        Some(command) => command.ignores_caches_of(step),
        None => build.no_cache.holds_for(step),
    };
    let ran = build.decided().filter(|step| step.outcome == Outcome::Miss && has_to_run(step));
    let ran: Vec<&Step> = ran.collect();
    (!ran.is_empty()).then_some(Uncached { at: i, option, command, ran })
}

/// The option that a file tells.
fn recorded(no_cache: &NoCache) -> Option<String> {
    match no_cache {
        NoCache::Untold | NoCache::No => None,
        NoCache::All => Some("--no-cache".to_owned()),
        NoCache::Stages(stages) => Some(format!("--no-cache-filter {}", stages.join(","))),
    }
}

fn option(command: &Command) -> String {
    if let Some(ttl) = ttl(command) {
        return ttl;
    }
    match (command.tool, command.no_cache) {
        (Tool::BuildPushAction, true) => "no-cache: true".to_owned(),
        (_, true) => "--no-cache".to_owned(),
        (_, false) => format!("--no-cache-filter {}", command.no_cache_filter.join(",")),
    }
}

/// `--cache-ttl=0s` of buildah, as written.
fn ttl(command: &Command) -> Option<String> {
    let ttl = command.cache_ttl.as_ref()?;
    let own = command.line_with("--no-cache").text.contains("--no-cache");
    (command.no_cache && !own).then(|| format!("--cache-ttl={ttl}"))
}

fn lines(past: &Past, uncached: &Uncached) -> Vec<Evidence> {
    let Some((run, build)) = past.get(uncached.at) else { return Vec::new() };
    let asked = uncached.command.map(|command| command.line_with("-cache"));
    let asked = asked.map(|line| Study::quote(run, line, "no cache is to be used"));
    let ran = match recorded_in(build).filter(|_| asked.is_none()) {
        Some(file) => format!("ran: no cache was to be used, says {file}"),
        None => "and so it ran".to_owned(),
    };
    let ran = uncached.ran.iter().take(2).map(|step| header(run, step, &ran));
    asked.into_iter().chain(ran).collect()
}

/// The file that tells the option, by its name; of a record the file and not its part.
fn recorded_in(build: &Build) -> Option<&str> {
    use EvidenceKind::{DockerBuild, Inspect, Provenance};
    let tells =
        |(kind, _): &&(EvidenceKind, Text)| matches!(kind, DockerBuild | Provenance | Inspect);
    let (_, path) = build.told.iter().find(tells)?;
    let file = path.split("/blobs/").next()?;
    file.rsplit('/').next().filter(|name| !name.is_empty())
}

fn patched(past: &Past, uncached: &Uncached, fix: Fix) -> Fix {
    let place = past.get(uncached.at).and_then(|(run, build)| Site::of(past.study, run, build).at);
    let asks = |at: &At| at.place.command.no_cache || !at.place.command.no_cache_filter.is_empty();
    match place.filter(asks) {
        Some(at) => patch::with_change(fix, at, Change::UseCache { place: at.index }),
        None => fix,
    }
}

/// The command line as it is, and without the option.
fn before_and_after(command: &Command, option: &str) -> Option<String> {
    let text = command_line(command);
    let without =
        text.replace(&format!(" {option}"), "").replace(&option.replacen(' ', "=", 1), "");
    (without != text).then(|| format!("# before\n{text}\n# after\n{without}"))
}

fn fix(command: Option<&Command>, option: &str) -> Fix {
    Fix {
        summary: format!("remove `{option}`"),
        steps: vec![
            format!("Take `{option}` out of the build that runs for every commit."),
            "Where single steps must be fresh (package updates), rebuild in a scheduled job, or \
                pin the base image and let Renovate or Dependabot update it."
                .to_owned(),
        ],
        snippet: command.and_then(|command| before_and_after(command, option)),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    #[test]
    fn leaves_other_builds() {
        assert!(
            NoCacheFlag.check(&of(vec![made().command("docker build .").miss("RUN a")])).is_empty()
        );
        assert!(
            NoCacheFlag
                .check(&of(vec![made().command("docker build --no-cache=false .").miss("RUN a")]))
                .is_empty()
        );
        let other = made()
            .command("docker buildx build --no-cache-filter web .")
            .stage("api")
            .miss("RUN a");
        assert!(NoCacheFlag.check(&of(vec![other])).is_empty());
    }
}
