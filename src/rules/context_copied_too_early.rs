//! The whole context is copied before the steps that do not need it.

pub(super) mod advice;
pub(super) mod alone;
mod configured;
mod forgotten;
mod git;
mod inner;
pub(super) mod leave_out;
mod nixpacks;
pub(super) mod order;

pub(super) use inner::copies_sources;

use super::dockerfile_at::{self, DockerfileAt};
use super::installation;
use super::instruction::{
    brief, brings_settings, copies_a_folder, copies_context, copies_everything, installs,
    installs_from_mounts,
};
use super::past::{self, Past};
use super::planned;
use super::recurring::{Spot, same_stage, spots};
use super::{Cause, Rule, RuleMeta, Study};
use crate::finding::{Alternative, Confidence, Finding, Proof, Severity, not_ruled_out, to_decide};
use crate::model::{Build, Outcome, Step};
use crate::series::{Because, given_image};

pub(super) struct ContextCopiedTooEarly;

static META: RuleMeta = RuleMeta {
    id: "context-copied-too-early",
    title: "the whole build context is copied before dependencies are installed",
    group: "The Dockerfile and its inputs",
    severity: Severity::Warning,
    what: "The first COPY of a stage copies the whole context (`COPY . .`), or a COPY takes a \
        folder of sources before an installation; it is where the cache breaks in nearly every \
        run, and RUN steps after it install dependencies or prepare the build. Without a log: a \
        Dockerfile that copies the whole context, or the folder of a project, before an \
        installation; as a note, one that copies `.git` with it, which no `.dockerignore` \
        excludes.",
    why: "Any changed file in the context, a README or `.git` included, makes the COPY run again \
        and with it everything after it, the installation of dependencies above all.",
    fix: "Copy the files that name the dependencies first, install, and copy the rest after that. \
        Keep `.git` and what the build does not read out of the context with a `.dockerignore`.",
    rules_out: "Stages that copy something else of the context first (the usual good order; not \
        where it is known that the installation reads none of it), a whole-context COPY with only \
        one RUN after it that is not an installation, copies from other stages, changed base \
        images, a cache that was not found, `--no-cache`. One changed run proves nothing: two are \
        needed, and one log alone is a note about the order. If no RUN after it is a known \
        installation, it is a note: they may all need the sources. A Dockerfile without a log is \
        judged only where it is certain which files the installation reads.",
    limits: "It sees the order of instructions, not the files: check in the Dockerfile which of \
        them an installation needs.",
    example: include_str!("examples/context-copied-too-early.txt"),
    references: &[
        "https://docs.docker.com/build/cache/optimize/#order-your-layers",
        "https://docs.docker.com/build/concepts/context/#dockerignore-files",
    ],
    since: "0.1.0",
};

impl Rule for ContextCopiedTooEarly {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[
            Cause::Rule("cache-ref-shared"),
            Cause::Rule("build-downloads-dependencies"),
            Cause::Rule("buildah-cache-ends-at-arg"),
        ]
    }

    fn judges_files(&self) -> bool {
        true
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let mut seen = past::judge(study, findings);
        seen.extend(Past::all(study).filter_map(|past| alone::finding(&past)));
        let told = |past: &Past| !findings(past).is_empty();
        let mut written = configured::findings(study);
        let of_git = git::findings(study, &written);
        written.extend(of_git);
        seen.into_iter().chain(planned::ordered(study, written, told)).collect()
    }
}

fn findings(past: &Past) -> Vec<Finding> {
    let often = spots(past).into_iter().filter(Spot::mostly);
    often.filter_map(|spot| finding(past, &spot)).collect()
}

fn finding(past: &Past, spot: &Spot) -> Option<Finding> {
    let at = *spot.broken.last()?;
    let (run, build) = past.get(at)?;
    let step = spot.copy(past, at)?;
    if !finds_its_cache(past, spot) || !takes_too_much(build, step) {
        return None;
    }
    let everything = copies_everything(&step.text);
    let after: Vec<&Step> = runs_after(spot.rerun(past, at));
    let (shown, is_install) = worst(&after, everything)?;
    let changes = spot.changes(past);
    if spot.broken.len() < 2 && !(is_install && ran_in_the_first_run(past, spot)) {
        return None;
    }
    let sure = is_install && spot.behind_hits(past) && changes > 1;
    let fix = advice::fix(build, step, shown, &after);
    let file = dockerfile_at::of(past.study, run, build);
    let place = file.as_ref().and_then(|file| Some((file, file.of_step(build, step)?)));
    let copied = |file: &DockerfileAt| file.line_of(build, step, "copies the whole context");
    let mut evidence = lines(past, spot, shown);
    evidence.extend(file.as_ref().and_then(copied));
    Some(Finding {
        rule: META.id,
        severity: if is_install { META.severity } else { Severity::Note },
        confidence: if sure { Confidence::Likely } else { Confidence::Suspected },
        title: format!(
            "`{}` comes before `{}` and reruns it {}",
            step.text,
            brief(&shown.text),
            spot.often(past)
        ),
        cause: format!(
            "`{}` copies {} and is the first step that ran in these runs: something in it changed \
                each time. `{}` runs again with it, though {} can only need a few of the files.",
            step.text,
            if everything { "the whole build context" } else { "a folder of sources" },
            brief(&shown.text),
            advice::needs(&shown.text)
        ),
        evidence: Proof::from_lines(evidence)?,
        fix: match place {
            Some((file, place)) => advice::patched(fix, past.study, file.config, place),
            None => fix,
        },
        impact: spot.impact(past),
        rules_out: other_tool(past, spot)
            .into_iter()
            .chain(rules_out(is_install, changes))
            .collect(),
        subject: past.subject(&format!("{}:{}", step.stage, step.text)),
    })
}

/// The step whose rerun is to be shown, and whether it installs something. Behind a COPY of
/// everything any of several is one too many.
fn worst<'a>(after: &[&'a Step], everything: bool) -> Option<(&'a Step, bool)> {
    if let Some(install) = after.iter().copied().find(|step| installs(&step.text)) {
        return Some((install, true));
    }
    match after {
        [first, _, ..] if everything => Some((first, false)),
        _ => None,
    }
}

/// In each of the runs that broke here there was a cache to be used: the reason is in the files.
pub(super) fn finds_its_cache(past: &Past, spot: &Spot) -> bool {
    spot.broken.iter().all(|&i| past.is_kept(i) || stored(past, i))
}

/// It copies the whole context, and is the first to, or a folder of more than settings.
pub(super) fn takes_too_much(build: &Build, step: &Step) -> bool {
    if copies_everything(&step.text) {
        return !brings_manifests_first(build, step) && !stands_on_an_installation(build, step);
    }
    copies_a_folder(&step.text) && !brings_settings(&step.text)
}

/// An earlier run wrote a cache, and this one read one: a miss of the first step then has its
/// reason in the files.
fn stored(past: &Past, i: usize) -> bool {
    past.imported(i) && (0..i).any(|j| past.exported(j)) || i > 0 && is_given_the_last(past, i)
}

/// The classic builder was given the image that the run before made.
fn is_given_the_last(past: &Past, i: usize) -> bool {
    past.get(i).and_then(|(run, build)| given_image(run, build)).is_some_and(|given| given.is_own())
}

/// Something else of the context was copied before: the usual order, unless what the next
/// installation reads is known and none of that was: `COPY entrypoint.sh /`, `COPY . .`, `RUN npm
/// ci`.
fn brings_manifests_first(build: &Build, copy: &Step) -> bool {
    let earlier = || same_stage(build, copy).filter(|s| s.position < copy.position);
    if earlier().any(|s| installs_from_mounts(&s.text)) {
        return true;
    }
    let mut above = earlier().filter(|s| copies_context(&s.text)).peekable();
    let mut below = same_stage(build, copy).filter(|s| s.position > copy.position);
    let files = below.find_map(|s| installation::reads(&s.text).filter(|files| !files.is_empty()));
    above.peek().is_some()
        && files.is_none_or(|files| above.any(|s| inner::may_bring(&s.text, &files)))
}

/// The stage stands on another one, and single files were copied in another one before something
/// was installed there: the order is as it should be, and what is installed behind this COPY is
/// the project itself. Which stage it stands on, the log does not say.
fn stands_on_an_installation(build: &Build, copy: &Step) -> bool {
    let few = |s: &Step| copies_context(&s.text) && !copies_everything(&s.text);
    let prepared = |install: &Step| {
        let mut stage = same_stage(build, install);
        installs_from_mounts(&install.text)
            || installs(&install.text) && stage.any(|s| s.position < install.position && few(s))
    };
    let others = || build.steps.iter().filter(|s| s.stage != copy.stage);
    build.base_of(&copy.stage, &copy.platform).is_none() && others().any(prepared)
}

fn runs_after(steps: Vec<&Step>) -> Vec<&Step> {
    steps.into_iter().filter(|s| s.instruction == "RUN" && s.outcome == Outcome::Miss).collect()
}

fn lines(past: &Past, spot: &Spot, shown: &Step) -> Vec<crate::finding::Evidence> {
    let mut lines = spot.lines(past, "ran: something in the context changed");
    let run = spot.broken.last().and_then(|&i| past.get(i));
    lines.extend(run.map(|(run, _)| super::past::header(run, shown, "and so this ran as well")));
    lines
}

/// The first run given ran it too, on a builder that held the steps before it: two runs in a row.
fn ran_in_the_first_run(past: &Past, spot: &Spot) -> bool {
    let first = past.misses(0).find(|miss| miss.because == Because::Unknown);
    first.is_some_and(|miss| miss.step.stage == spot.stage && miss.step.text == spot.text)
}

/// No run had anything of the image that it was given: the texts of another builder are others.
fn other_tool(past: &Past, spot: &Spot) -> Option<Alternative> {
    let blind = past.builds.iter().all(|build| build.hits() == 0);
    let given = spot.broken.iter().any(|&i| is_given_the_last(past, i));
    (blind && given).then(|| {
        not_ruled_out("an image that BuildKit or another tool made (nothing of it is ever found)")
    })
}

fn rules_out(installs: bool, changes: usize) -> Vec<Alternative> {
    let mut said = vec![
        not_ruled_out("file modes or `.git` (which file changed is not in a build log)"),
        to_decide("run `git diff --stat` between the commits"),
    ];
    if changes < 2 {
        said.push(not_ruled_out(
            "a single change (no run since the first one stored a cache, so it may explain all of \
                these misses)",
        ));
    }
    if !installs {
        said.push(not_ruled_out(
            "RUN steps that all need the sources (none of them is a known installation: the \
                Dockerfile's author knows)",
        ));
    }
    said
}

#[cfg(test)]
mod tests;
