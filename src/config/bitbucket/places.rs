//! Build commands in the scripts of steps.

use super::correct::{caches, settings};
use super::{CacheUse, Correction, PipelineStep, Pipelines};
use crate::config::script::{self, BuildSpot, Builders, Item};
use crate::config::yaml::{Document, field, key, span};
use crate::config::{Change, Fate, Kept, Place};

/// The predefined cache of images.
const DOCKER: &str = "docker";

/// Makes a docker-container builder; the engine is the step's own.
const MAKE: &str = "docker buildx create --name ci --driver docker-container --use";

/// Builds of all steps. A step that several pipelines use by alias is one place.
pub(super) fn find(doc: Option<&Document>, pipelines: &Pipelines) -> Vec<(Place, BuildSpot)> {
    let mut found: Vec<(Place, BuildSpot)> = Vec::new();
    let mut seen: Vec<(usize, &str)> = Vec::new();
    for (job, step) in pipelines.steps.iter().enumerate() {
        let written = doc.and_then(|doc| {
            Some((span(doc, &field(doc, &step.route, "script")?.route)?.start, step.name.as_str()))
        });
        if let Some(written) = written {
            if seen.contains(&written) {
                continue;
            }
            seen.push(written);
        }
        // Runtime 3 ignores the docker cache.
        let told = step.caches.iter().filter(|cache| !pipelines.ignores(step, &cache.name));
        let kept: Vec<Kept> = told.map(|cache| kept(pipelines, cache)).collect();
        let mut built = builds(doc, job, step);
        for (place, _) in &mut built {
            place.machine.fresh &= !kept.iter().any(|kept| kept.key == DOCKER);
            place.kept.clone_from(&kept);
        }
        found.extend(built);
    }
    found
}

/// A predefined cache has no directory here. What is stored stays for a week, whatever the key.
fn kept(pipelines: &Pipelines, cache: &CacheUse) -> Kept {
    let defined = pipelines.caches.iter().find(|defined| defined.name == cache.name);
    let path = defined.map_or("", |defined| defined.path.as_str());
    let fixed = defined.is_some_and(|defined| defined.key_files.is_empty());
    Kept { line: cache.line, ..Kept::of(path, cache.name.clone(), Fate::once(fixed)) }
}

fn builds(doc: Option<&Document>, job: usize, step: &PipelineStep) -> Vec<(Place, BuildSpot)> {
    let route = doc
        .and_then(|doc| field(doc, &step.route, "script"))
        .map_or_else(|| key(&step.route, "script"), |f| f.route);
    let items: Vec<Item> = step
        .script
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.starts_with("pipe: "))
        .map(|(index, value)| Item { route: route.with_key(index), value: value.as_str().into() })
        .collect();
    let mut builders = if step.self_hosted { Builders::unknown() } else { Builders::fresh() };
    let mut found = script::builds(doc, job, &items, &mut builders);
    for (place, _) in &mut found {
        builders.end(place);
        place.job.clone_from(&step.name);
        place.resolve();
        let section = step.pipeline.split_once('.').map_or("", |(_, name)| name);
        place.slashes = match step.pipeline.split('.').next() {
            Some("branches") => section.contains(['/', '*']),
            Some("tags" | "custom") => false,
            _ => true,
        };
    }
    found
}

/// Carries out changes. A step that gets a builder gets what it lacks for buildx too; the docker
/// cache, which that runtime ignores, goes.
pub(super) fn correct(text: &str, changes: &[Change]) -> Result<String, String> {
    let doc = Document::new(text)?;
    let pipelines = Pipelines::parse(text)?;
    let mut found = find(Some(&doc), &pipelines);
    found.retain(|(place, _)| place.call.is_none());
    let mut patch = script::patch(&doc, &found, changes, |_| vec![MAKE.to_owned()])?;
    for step in new_builders(&found, changes).into_iter().filter_map(|job| pipelines.steps.get(job))
    {
        let lacks = pipelines.lacks(step)?;
        settings::change(&doc, &step.route, &lacks, &mut patch)?;
        if lacks.runtime.is_some() && step.uses(DOCKER) {
            let gone = Correction {
                route: step.route.clone(),
                cache: DOCKER.to_owned(),
                ..Correction::default()
            };
            caches::change(&doc, &gone, &mut patch)?;
        }
    }
    let new = patch.apply(text).ok_or("the changes contradict each other")?;
    others_stay(&pipelines, &Pipelines::parse(&new)?)?;
    Ok(new)
}

/// Numbers of the steps for which a builder is made.
fn new_builders(found: &[(Place, BuildSpot)], changes: &[Change]) -> Vec<usize> {
    let asks =
        |change: &&Change| matches!(change, Change::Caches { settings, .. } if settings.builder);
    let spots =
        changes.iter().filter(asks).filter_map(|change| Some(&found.get(change.place()?)?.1));
    let mut jobs: Vec<usize> = spots.filter(|spot| !spot.capable).map(|spot| spot.job).collect();
    jobs.dedup();
    jobs
}

/// A step whose script is as it was runs where it ran.
fn others_stay(old: &Pipelines, new: &Pipelines) -> Result<(), String> {
    let caches = |step: &PipelineStep| {
        step.caches.iter().map(|cache| cache.name.clone()).collect::<Vec<_>>()
    };
    let moved = |a: &PipelineStep, b: &PipelineStep| {
        a.image != b.image || a.runtime != b.runtime || caches(a) != caches(b)
    };
    let other = old.steps.iter().zip(&new.steps).find(|(a, b)| a.script == b.script && moved(a, b));
    match other {
        Some((step, _)) => {
            Err(format!("step \"{}\" shares lines with the others by a YAML anchor", step.name))
        }
        None => Ok(()),
    }
}
