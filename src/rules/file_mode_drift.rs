//! Runs of one commit copy different files: file modes, or files that are not in the commit.

mod expected;
mod machines;
mod two_clients;

use foldhash::HashSet;

use super::command_lines;
use super::context_copied_too_early::leave_out::without_git;
use super::dockerfile_at;
use super::instruction::{brief, copies_context, copies_everything};
use super::past::{self, Past};
use super::recurring::{Spot, spots};
use super::volatile_build_arg::{culprits, explains};
use super::{Cause, Rule, RuleMeta, Study, cache_ref_shared, legacy, legacy_dockerfile_outside};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, ruled_out,
    to_decide,
};
use crate::model::{Build, Dialect, NoCache, Outcome, Run, Step};
use crate::series::Because;
use crate::series::chain::{Input, input};

pub(super) struct FileModeDrift;

static META: RuleMeta = RuleMeta {
    id: "file-mode-drift",
    title: "the same commit gives a different build context",
    group: "The Dockerfile and its inputs",
    severity: Severity::Warning,
    what: "A COPY of the context broke the cache although the run before built the same commit, \
        and everything before the COPY came from the cache, or, where it is the first step, steps \
        of other stages did; or the COPY of the few files that an \
        installation reads breaks it in nearly every run, three times or more; or docker-compose 1 \
        and `docker build` make the same classic build in one log, and the second runs a COPY \
        again that the first had.",
    why: "Content and mode bits of the copied files are part of the cache key. Two agents with \
        different umasks, or a checkout that leaves other untracked files behind, never find each \
        other's cache entries.",
    fix: "Set the umask and the modes after the checkout the same way everywhere, and keep \
        untracked files out of the context with `.dockerignore`.",
    rules_out: "Different commits, and logs that do not print theirs: what changed a COPY is not \
        in a build log. Modification times do not matter to BuildKit, owners neither. Two runs of \
        one commit are a note: files that the job makes before the build differ on purpose. \
        Branches of bots that raise dependencies, and the run after one whose installation failed, \
        do not count.",
    limits: "A build log holds neither file names nor modes: that it is the mode, and not a file \
        that the job writes before the build, follows from the commit alone.",
    example: include_str!("examples/file-mode-drift.txt"),
    references: &[
        "https://docs.docker.com/build/cache/invalidation/#add-and-copy",
        "https://github.com/moby/buildkit/blob/v0.32.0/cache/contenthash/tarsum.go",
    ],
    since: "0.1.0",
};

impl Rule for FileModeDrift {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[
            Cause::Rule("ci-cache-frozen"),
            Cause::Rule("cache-ref-shared"),
            Cause::Rule("stale-cache-ref"),
            Cause::Rule("compose-drops-cache-to"),
            Cause::Rule("buildah-cache-ends-at-arg"),
        ]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, findings).into_iter().chain(two_clients::findings(study)).collect()
    }
}

fn findings(past: &Past) -> Vec<Finding> {
    // With an image as its only cache the classic builder compares with that image, never with the
    // run before.
    let fixed = |s: &Spot| s.broken.iter().any(|&i| legacy::compares_with_a_fixed_image(past, i));
    let counts = |s: &Spot| {
        copies_context(s.text) && !fixed(s) && !legacy_dockerfile_outside::is_touched(past, s)
    };
    // A value in its own text reruns it, whatever the files.
    let known = culprits(past);
    let copies = spots(past).into_iter().filter(counts).filter(|spot| !explains(&known, spot));
    copies.filter_map(|spot| manifests(past, &spot).or_else(|| finding(past, spot))).collect()
}

fn finding(past: &Past, mut spot: Spot) -> Option<Finding> {
    spot.broken =
        spot.broken.iter().copied().filter(|&i| found_other_files(past, &spot, i)).collect();
    let at = *spot.broken.last()?;
    if !spot.behind_what_is_known(past) {
        return None;
    }
    let step = spot.last()?;
    let (run, _) = past.get(at)?;
    let commit = run.commit.as_deref()?;
    Some(Finding {
        rule: META.id,
        // Files that the job makes before the build, on purpose, look the same.
        severity: Severity::Note,
        confidence: Confidence::Suspected,
        title: format!(
            "`{}` found different files in two runs of commit {}",
            step.text,
            commit.get(..12).unwrap_or(commit)
        ),
        cause:
            "Both runs built one commit, yet the copied files differ. A checkout gives the same \
                content, so what differs is the mode bits (agents with different umasks), or files \
                that are not in the commit: build results, `.git`, downloads."
                .to_owned(),
        evidence: Proof::from_lines(lines(past, &spot))?
            .seen_in(past.places(spot.broken.iter().copied())),
        fix: patched(past, &spot, fix(spot.text)),
        impact: spot.impact(past),
        rules_out: outside(past, &spot)
            .into_iter()
            .chain([
                ruled_out("changed sources (the commit is the same)"),
                not_ruled_out("file modes or untracked files: which of the two"),
                to_decide(
                    "run `git \
                status --ignored --short` and `find . -printf '%m %p\\n'` on both agents",
                ),
            ])
            .collect(),
        subject: past.subject(&format!("{}:{}", step.stage, step.text)),
    })
}

/// Without a command line nothing tells where the Dockerfile of the classic builder came from
/// (`docker/utils/build.py` of the SDK for Python does as the client does).
fn outside(past: &Past, spot: &Spot) -> Option<Alternative> {
    let &last = spot.broken.last()?;
    let classic = past.get(last).is_some_and(|(_, build)| build.dialect == Dialect::Classic);
    let unknown = classic && past.commands(last).is_empty() && copies_everything(spot.text);
    unknown.then(|| {
        not_ruled_out(
            "a Dockerfile from outside the context (`-f -`, `-f \
        ../Dockerfile`, the Docker SDK's `dockerfile=`): client and SDK write a random name into \
        the .dockerignore that they send, unless it lists itself",
        )
    })
}

/// Files that name the dependencies, in nearly every run another: they are stamped, or their modes
/// differ.
fn manifests<'a>(past: &Past<'a>, spot: &Spot<'a>) -> Option<Finding> {
    let install = spot.installs_what_it_copies(past)?;
    let spot = &expected::without(past, spot, install);
    let step = spot.last()?;
    let often = spot.changes(past) > 2
        && spot.mostly_of_all()
        && spot.behind_what_is_known(past)
        && machines::agree(past, spot);
    if !often {
        return None;
    }
    // What a commit holds cannot differ between two runs of it.
    let one_commit = spot.broken.iter().all(|&i| past.builds_the_commit_before(i));
    if ran_without_files(past, spot) || commits_take_turns(past, spot) {
        return None;
    }
    let other = told_to_use_none(past, spot);
    let sure =
        if one_commit && other.is_none() { Confidence::Likely } else { Confidence::Suspected };
    let mut evidence = spot.lines(past, "ran: the copied files, or their modes, differ");
    evidence.extend(dockerfile_at::line_of(past, spot, "copies them"));
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: sure,
        title: format!(
            "`{}` copies different files {} and reruns `{}`",
            step.text,
            spot.often(past),
            brief(&install.text)
        ),
        cause: format!(
            "`{}` copies the few files that name the dependencies, and something about them \
                differs in nearly every run: mode bits set by another umask, a version that the \
                job writes into them, a lock file that the job regenerates. `{}` runs again each \
                time.",
            step.text,
            brief(&install.text)
        ),
        evidence: Proof::from_lines(evidence)?.seen_in(past.places(spot.broken.iter().copied())),
        fix: fix(spot.text),
        impact: spot.impact(past),
        rules_out: dependencies(one_commit)
            .into_iter()
            .chain(other)
            .chain([
                not_ruled_out("another job that replaces the cache, with other dependencies"),
                to_decide("give that job's logs too"),
            ])
            .collect(),
        subject: past.subject(&format!("{}:{}", step.stage, step.text)),
    })
}

/// Half of the runs or more build a commit that an earlier one had built, and not the run right
/// before: the files are those of two lines of commits, which share a cache.
fn commits_take_turns(past: &Past, spot: &Spot) -> bool {
    let mut seen: HashSet<&str> = HashSet::default();
    let mut again = 0;
    for (i, run) in past.runs.iter().enumerate() {
        let Some(commit) = run.commit.as_deref() else { continue };
        let known = !seen.insert(commit) && !past.builds_the_commit_before(i);
        again += usize::from(known && spot.broken.binary_search(&i).is_ok());
    }
    again * 2 >= spot.broken.len()
}

/// Every step ran but those that make a directory: `--no-cache` spares them alone.
fn spared_directories_alone(past: &Past, i: usize) -> bool {
    let Some(build) = past.builds.get(i) else { return false };
    let hit = |step: &Step| step.outcome == Outcome::Hit && !NoCache::spares(step);
    !build.decided().any(hit)
}

/// In each of these runs every step of the build ran, one that no file reaches too: files are not
/// the cause.
fn ran_without_files(past: &Past, spot: &Spot) -> bool {
    let reached = |build: &Build, step: &Step| {
        let below = |s: &&Step| s.is_of(&step.stage, &step.platform) && s.position <= step.position;
        build.decided().filter(below).any(|s| !matches!(input(s), Input::None | Input::Values))
    };
    let bare = |build: &Build| {
        let mut ran = build.decided().filter(|s| s.outcome == Outcome::Miss);
        ran.any(|s| s.instruction == "RUN" && !reached(build, s))
    };
    let like = |&i: &usize| {
        spared_directories_alone(past, i) && past.builds.get(i).is_some_and(|build| bare(build))
    };
    spot.broken.iter().all(like)
}

/// The picture of a build that is told to use no cache, by a command that no log shows.
fn told_to_use_none(past: &Past, spot: &Spot) -> Option<Alternative> {
    let shown = past.all_commands().next().is_some();
    let shown = shown && !past.all_commands().any(command_lines::may_hold_options);
    let alike = !shown && spot.broken.iter().all(|&i| spared_directories_alone(past, i));
    alike.then(|| {
        not_ruled_out(
            "`--no-cache` (a WORKDIR comes from the cache all the same; no log shows \
            all options of the command)",
        )
    })
}

fn dependencies(one_commit: bool) -> [Alternative; 2] {
    if one_commit {
        return [
            ruled_out("dependencies that really change (the commit is the same)"),
            to_decide("compare `sha256sum` and `stat -c '%a %n'` of these files in two runs"),
        ];
    }
    [
        not_ruled_out("dependencies that really change in each of these commits"),
        to_decide("run `git diff` on the copied files between the commits"),
    ]
}

/// It has the commit and the text of the run before, and nothing shows that the files are the same.
fn found_other_files(past: &Past, spot: &Spot, i: usize) -> bool {
    let Some(step) = spot.step(i) else { return false };
    let mut misses = past.misses_of(i, step);
    let files = misses.any(|miss| miss.because == Because::InputsChanged);
    files && same_commit(past, i).is_some() && spot.has_kept_its_text(past, i)
}

/// The run before, where it built the same commit.
fn same_commit<'a>(past: &Past<'a>, i: usize) -> Option<&'a Run> {
    let before = past.previous(i)?;
    let same = past.builds_the_commit_before(i) && stored(past, before, i);
    if same { past.runs.get(before).copied() } else { None }
}

/// The run before left its cache where this one looks, as far as the command lines tell.
fn stored(past: &Past, before: usize, i: usize) -> bool {
    let inline = past.builds.get(before).is_some_and(|build| build.inline.is_some());
    let written = inline || past.exported(before);
    (written && !cache_ref_shared::are_apart(past, before, i)) || past.never_imports()
}

fn lines(past: &Past, spot: &Spot) -> Vec<Evidence> {
    let mut lines =
        spot.lines(past, "ran, with the same commit as the run before: the files it copies differ");
    lines.extend(dockerfile_at::line_of(past, spot, "copies them"));
    lines
}

/// A checkout's `.git` is another one on each agent: it has no place in the context.
fn patched(past: &Past, spot: &Spot, fix: Fix) -> Fix {
    let file = spot
        .broken
        .last()
        .and_then(|&i| past.get(i))
        .and_then(|(run, build)| dockerfile_at::of(past.study, run, build));
    match file {
        Some(file) if copies_everything(spot.text) => without_git(fix, past.study, file.config),
        _ => fix,
    }
}

fn fix(copy: &str) -> Fix {
    const SAME: &str = "umask 022\ngit clean -ffdx\nchmod -R u=rwX,go=rX .";
    // A COPY that names its files takes nothing else.
    let everything = copies_everything(copy);
    let ignore = "List in `.dockerignore` what is not in the commit.".to_owned();
    Fix {
        summary: "make the context the same on every agent".to_owned(),
        steps: [
            "Before the build, remove what is not in the commit (`git clean -ffdx` takes all \
                untracked files of the workspace), and set the modes that git does not keep: it \
                keeps the executable bit only."
                .to_owned(),
            "Do not write versions or build numbers into files that are copied before the \
                installation; commit the lock file."
                .to_owned(),
        ]
        .into_iter()
        .chain(everything.then_some(ignore))
        .collect(),
        snippet: Some(if everything {
            format!("{SAME}\n\n# .dockerignore\n.git")
        } else {
            SAME.to_owned()
        }),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, study};
    use super::*;
    #[test]
    fn fires_on_manifests_that_are_others_each_time() {
        let run = || {
            let run =
                made().import("r.example.com/a:c", None).from("node:20", "aa").hit("WORKDIR /app");
            run.miss("COPY package.json ./").miss("RUN npm ci").miss("COPY . .").run()
        };
        assert_eq!(FileModeDrift.check(&study(vec![run(), run(), run(), run()])).len(), 1);
        assert!(FileModeDrift.check(&study(vec![run(), run(), run()])).is_empty());
    }
}
