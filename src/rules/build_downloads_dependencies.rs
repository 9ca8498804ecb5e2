//! One RUN behind the COPY of the sources fetches packages and builds with them.

mod alone;
mod configured;
mod tools;

use super::context_copied_too_early::{self, takes_too_much};
use super::dockerfile_at::{self, DockerfileAt, with_changes};
use super::instruction::{brief, installs};
use super::past::{self, Past, header};
use super::planned;
use super::recurring::{Spot, same_stage, spots};
use super::{Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Impact, Proof, Severity, not_ruled_out,
    to_decide,
};
use crate::model::{Build, Outcome, Step};
use crate::series::chain;
use tools::PackageTool;

pub(super) struct BuildDownloadsDependencies;

static META: RuleMeta = RuleMeta {
    id: "build-downloads-dependencies",
    title: "a build behind the COPY of the sources downloads its dependencies again",
    group: "The Dockerfile and its inputs",
    severity: Severity::Warning,
    what: "One RUN behind a COPY of the sources fetches packages and builds with them (`go build`, \
        `cargo build`, `mvn package`, `gradle build`, `dotnet publish`, `pip install .`, \
        `swift build`), and nothing of the stage fetches them before. Without a log: a Dockerfile written so, as a note.",
    why: "A changed source file makes the COPY run again, and with it the RUN: what it downloads \
        and, with some tools, compiles for the packages is the same as before, and no step of its \
        own holds it in the cache.",
    fix: "Copy the files that name the packages, fetch those, and copy the sources after that.",
    rules_out: "A stage that has the packages fetched above the COPY, by any command of the tool, \
        or stands on one that does; a cache mount; commands that fetch nothing (`-mod=vendor`, \
        `--offline`, `--no-restore`); a folder `vendor` beside the Dockerfile; a COPY of single \
        files. One changed run proves nothing: two are needed, and one log alone is a note where it \
        shows a download.",
    limits: "Of a command's output only few lines are looked at: where none of them names a \
        download, the finding is a note and `suspected`. How much of the step's time the downloads \
        take is not in a log.",
    example: include_str!("examples/build-downloads-dependencies.txt"),
    references: &[
        "https://docs.docker.com/build/cache/optimize/#order-your-layers",
        "https://docs.docker.com/guides/golang/build-images/",
    ],
    since: "0.1.0",
};

impl Rule for BuildDownloadsDependencies {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn judges_files(&self) -> bool {
        true
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let mut seen = past::judge(study, findings);
        seen.extend(Past::all(study).filter_map(|past| alone::finding(&past)));
        let reported = |past: &Past| !findings(past).is_empty();
        let written = configured::findings(study);
        seen.into_iter().chain(planned::ordered(study, written, reported)).collect()
    }
}

fn findings(past: &Past) -> Vec<Finding> {
    let often = spots(past).into_iter().filter(Spot::nearly_always);
    often.filter_map(|spot| finding(past, &spot)).collect()
}

/// The RUN that fetches and builds, and its tool.
struct Fetching<'a> {
    run: &'a Step,
    tool: &'static PackageTool,
}

fn finding(past: &Past, spot: &Spot) -> Option<Finding> {
    let at = *spot.broken.last()?;
    let (run, build) = past.get(at)?;
    let copy = spot.copy(past, at)?;
    if !takes_too_much(build, copy) || !context_copied_too_early::finds_its_cache(past, spot) {
        return None;
    }
    let found = fetching(build, copy, spot.rerun(past, at))?;
    let file = dockerfile_at::of(past.study, run, build);
    if file.as_ref().is_some_and(|file| configured::holds_packages(file.config, found.tool)) {
        return None;
    }
    let downloads = downloads(past, spot, &found);
    let (text, packages) = (brief(&found.run.text), found.tool.packages);
    let seen = !downloads.is_empty();
    let mut evidence = downloads;
    evidence.extend(spot.lines(past, "ran: something in it changed"));
    if !seen {
        evidence.push(header(run, found.run, "and so this ran as well"));
    }
    Some(Finding {
        rule: META.id,
        severity: if seen { META.severity } else { Severity::Note },
        confidence: if seen { Confidence::Likely } else { Confidence::Suspected },
        title: title(&text, &copy.text, packages, seen),
        cause: cause(&copy.text, &text, packages),
        evidence: Proof::from_lines(evidence)?,
        fix: fix(file.as_ref(), build, copy, found.tool),
        // How much of its time the downloads take, the log does not show.
        impact: Impact::default(),
        rules_out: rules_out(
            found.tool,
            seen,
            "look into the step's output for downloads, and for how long they take",
        ),
        subject: past.subject(&format!("{}:{}", copy.stage, found.run.text)),
    })
}

/// The first RUN behind the COPY that fetches and builds, where nothing above the COPY, nothing
/// between the two and no stage below, or that it copies from, has fetched anything.
fn fetching<'a>(build: &Build, copy: &Step, rerun: Vec<&'a Step>) -> Option<Fetching<'a>> {
    let mut runs = rerun.into_iter().filter(|step| step.instruction == "RUN");
    let first = runs.find(|step| installs(&step.text) || tools::of(&step.text).is_some())?;
    let tool = tools::of(&first.text)?;
    let above = same_stage(build, copy).filter(|step| step.position < copy.position);
    let below = build.steps.iter().filter(|step| step.stage != copy.stage);
    let unknown_base = build.base_of(&copy.stage, &copy.platform).is_none();
    let copies: Vec<&Step> = same_stage(build, copy)
        .filter(|step| step.instruction == "COPY" && step.position < first.position)
        .collect();
    let of_source = |step: &&Step| copies.iter().any(|copy| chain::reads(build, copy, &step.stage));
    let mut prepared = above.chain(below.filter(|step| unknown_base || of_source(step)));
    if first.outcome != Outcome::Miss || prepared.any(|step| tool.has_run(&step.text)) {
        return None;
    }
    Some(Fetching { run: first, tool })
}

/// For some runs: the line of its output that names a download.
fn downloads(past: &Past, spot: &Spot, found: &Fetching) -> Vec<Evidence> {
    let line = |&i: &usize| {
        let (run, build) = past.get(i)?;
        let step = spot.rerun(past, i).into_iter().find(|step| step.text == found.run.text)?;
        let mut lines = build.downloads.iter();
        let (_, line) = lines.find(|(header, _)| *header == step.header.line)?;
        Some(Study::quote(run, line, &format!("it downloads {} here", found.tool.packages)))
    };
    spot.broken.iter().rev().filter_map(line).take(2).collect()
}

fn title(run: &str, copy: &str, packages: &str, seen: bool) -> String {
    if seen {
        return format!("`{run}` downloads its {packages} again whenever a file changes");
    }
    format!("`{run}` fetches its {packages} behind `{copy}`: each changed file repeats it")
}

fn cause(copy: &str, run: &str, packages: &str) -> String {
    format!(
        "`{copy}` runs again as soon as any file that it copies changes, and with it `{run}`, which \
            fetches the {packages} each time. These are named in files that seldom change: fetched \
            in a step of their own above the COPY, they come from the cache."
    )
}

/// The sources may hold what is downloaded elsewhere, unless a download was seen.
fn rules_out(tool: &PackageTool, seen: bool, decides: &str) -> Vec<Alternative> {
    let held = format!("{} that lie in the repository, or none at all", tool.packages);
    let held = if seen { None } else { Some(not_ruled_out(&held)) };
    held.into_iter().chain([to_decide(decides)]).collect()
}

/// The order to have, and the patch where it is certain to build.
fn fix(file: Option<&DockerfileAt>, build: &Build, copy: &Step, tool: &PackageTool) -> Fix {
    let place = file.and_then(|file| Some((file, file.of_step(build, copy)?)));
    let fix = advice(&copy.text, tool);
    match place {
        Some((file, (stage, written))) => {
            with_changes(fix, file.config, configured::change(file.config, stage, written, tool))
        }
        None => fix,
    }
}

/// What to do, whatever file it is.
fn advice(copy: &str, tool: &PackageTool) -> Fix {
    let files = tool.files.join(" and ");
    let mut steps = vec![format!(
        "Copy {files} above `{copy}`, fetch the {} there, and leave the rest as it is.",
        tool.packages
    )];
    steps.extend((!tool.note.is_empty()).then(|| tool.note.to_owned()));
    Fix {
        summary: format!("fetch the {} in a step of their own above `{copy}`", tool.packages),
        steps,
        snippet: Some(format!("# above `{copy}`\n{}", tool.alone)),
        ..Fix::default()
    }
}
