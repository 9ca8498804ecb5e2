//! The configuration: a call of bake or Compose on a machine that is new each time, whose targets
//! name no cache.

use std::collections::{BTreeMap, HashMap};

use super::META;
use crate::config::Config;
use crate::finding::{Evidence, Finding, Fix, Severity, not_ruled_out, to_decide};
use crate::model::{Command, Tool};
use crate::rules::Study;
use crate::rules::planned::{self, Words, bake};
use crate::rules::remedy::{At, Site};

/// What a call builds.
struct Called<'a> {
    at: At<'a>,
    file: &'a Config,
    targets: Vec<At<'a>>,
}

/// Targets and services by their names: several files may be one configuration.
type Targets<'a> = HashMap<&'a str, Vec<At<'a>>>;

/// One note for each file of targets.
pub(super) fn findings<'a>(study: &'a Study, places: &[At<'a>]) -> Vec<Finding> {
    let mut targets = Targets::new();
    for at in planned::places(study).filter(|at| at.config.kind.ci().is_none()) {
        if let Some(name) = &at.place.target {
            targets.entry(name).or_default().push(at);
        }
    }
    let mut found: BTreeMap<&str, Called> = BTreeMap::new();
    for called in places.iter().filter_map(|at| cold(study, &targets, *at)) {
        found.entry(&called.file.path).or_insert(called);
    }
    found.values().filter_map(finding).collect()
}

/// The call, if nothing that it builds has a cache.
fn cold<'a>(study: &'a Study, targets: &Targets<'a>, at: At<'a>) -> Option<Called<'a>> {
    let place = at.place;
    let calls = matches!(place.command.tool, Tool::BuildxBake | Tool::Compose);
    if !calls || !place.machine.fresh || place.machine.classic || at.ci().is_none() {
        return None;
    }
    let (file, built) = bake::built(study, at)?;
    let names = built.all.iter().filter_map(|at| file.content.places.get(*at)?.target.as_deref());
    let built: Vec<At> = names.filter_map(|name| targets.get(name)).flatten().copied().collect();
    let cached = built.iter().any(|at| has_cache(&at.place.command)) || has_cache(&place.command);
    let mut targets = built;
    targets.retain(|at| at.config.path == file.path);
    targets.sort_by_key(|at| at.index);
    let runs = targets.iter().any(|at| runs_something(study, *at));
    (!cached && runs).then_some(Called { at, file, targets })
}

fn has_cache(command: &Command) -> bool {
    !command.cache_from.is_empty()
        || !command.cache_to.is_empty()
        || command.inline()
        || command.no_cache
}

fn runs_something(study: &Study, at: At) -> bool {
    let instructions = |file: &Config| {
        file.content.stages.iter().flat_map(|stage| &stage.instructions).any(|i| i.keyword == "RUN")
    };
    planned::dockerfile(study, at).is_some_and(instructions)
}

fn finding(called: &Called) -> Option<Finding> {
    let path = &called.file.path;
    let (builds, start) = match called.targets.as_slice() {
        [one] => (format!("`{}`", one.place.target.as_deref().unwrap_or_default()), "starts"),
        many => (format!("{} builds", many.len()), "start"),
    };
    let words = Words {
        title: format!(
            "{builds} of {path} {start} on a new machine each time, and no cache is imported"
        ),
        cause:
            "The machine and its builder are new in each run, and neither the call nor the file \
            names a cache: every step runs every time."
                .to_owned(),
        fix: fix(called),
        rules_out: vec![
            not_ruled_out("steps so quick that no cache is needed"),
            to_decide("give logs: they show how long the steps take"),
        ],
        subject: path.clone(),
    };
    let mut lines: Vec<Evidence> =
        called.at.evidence("builds on a new machine").into_iter().collect();
    lines.extend(
        called
            .targets
            .iter()
            .take(3)
            .filter_map(|at| at.evidence("neither cache-from nor cache-to")),
    );
    planned::finding(&META, Severity::Note, lines, words)
}

/// What is set at the call holds in the CI alone.
fn fix(called: &Called) -> Fix {
    let compose = called.at.place.command.tool == Tool::Compose;
    let how = if compose {
        "Name the caches in a second Compose file that only the CI gives: in the first they would \
            be used on the machines of developers too."
    } else {
        "Set the caches at the call: in the file they would be used on the machines of developers \
            too, which may have no builder that exports them."
    };
    let steps = vec![
        how.to_owned(),
        "Give each target a cache of its own, with mode=max where it has several stages."
            .to_owned(),
        format!(
            "No patch for {}: where to name the caches is your decision.",
            called.at.config.path
        ),
    ];
    Fix {
        summary: "give each target a cache of its own (mode=max)".to_owned(),
        steps,
        snippet: Some(if compose { second_file(called) } else { settings(called) }),
        cost: "the caches are stored and transferred in each run".to_owned(),
        ..Fix::default()
    }
}

fn settings(called: &Called) -> String {
    let action =
        !called.at.config.quote(called.at.place.command.quote.line).is_some_and(|line| {
            line.text.contains("bake ") || line.text.trim_end().ends_with("bake")
        });
    let lines = called.targets.iter().flat_map(|at| {
        let name = at.place.target.as_deref().unwrap_or_default();
        let cache = if action { format!("type=gha,scope={name}") } else { registry(*at) };
        [format!("{name}.cache-from={cache}"), format!("{name}.cache-to={cache},mode=max")]
    });
    let lines: Vec<String> = lines.collect();
    if action {
        return format!("set: |\n  {}", lines.join("\n  "));
    }
    format!("docker buildx bake \\\n  --set {} …", lines.join(" \\\n  --set "))
}

/// Each target has a tag of its own: several may be pushed under one name.
fn registry(at: At) -> String {
    let cache = Site::written(at).cache;
    match (&at.place.target, &at.place.cache_tag) {
        (Some(name), None) => format!("type=registry,ref={cache}-{name}"),
        _ => format!("type=registry,ref={cache}"),
    }
}

fn service(at: At) -> String {
    let name = at.place.target.as_deref().unwrap_or_default();
    let cache = registry(at);
    format!(
        "\n  {name}:\n    build:\n      cache_from:\n        - {cache}\n      cache_to:\n        - \
            {cache},mode=max"
    )
}

fn second_file(called: &Called) -> String {
    let services: String = called.targets.iter().map(|at| service(*at)).collect();
    format!(
        "# compose.ci.yaml: docker compose -f {} -f compose.ci.yaml build\nservices:{services}",
        called.file.path
    )
}
