//! Caches of a job: `restore_cache` and `save_cache`.
//!
//! A key is saved once, and `restore_cache` takes the newest that begins with one of its keys
//! (<https://circleci.com/docs/caching/>).

use yaml_serde::Value;

use crate::config::jobs::JobStep;
use crate::config::yaml::{Route, key, one_or_more, text};
use crate::config::{Fate, Kept};

/// What the step saves; of one that restores, the keys that it asks for.
pub(super) fn of_step(name: &str, value: &Value, at: &Route) -> Vec<JobStep> {
    let named = |name: &str| value.get(name).map(one_or_more).unwrap_or_default();
    if name == "restore_cache" {
        let older = Some([named("key"), named("keys")].concat());
        return vec![JobStep::Kept(Kept { older, ..Kept::default() }, key(at, "key"))];
    }
    let Some(written) = value.get("key").and_then(text) else { return Vec::new() };
    let fate = Fate::once(is_fixed(&written));
    vec![JobStep::Kept(Kept::of(&named("paths").join("\n"), written, fate), key(at, "key"))]
}

/// The steps of a job, with its caches before the first build: an engine of its own comes without
/// them, and they are restored to it.
pub(super) fn early(steps: Vec<JobStep>) -> Vec<JobStep> {
    let (caches, mut steps): (Vec<JobStep>, Vec<JobStep>) =
        steps.into_iter().partition(|step| matches!(step, JobStep::Kept(..)));
    let mut restored: Vec<String> = Vec::new();
    let mut saved = Vec::new();
    for step in caches {
        match step {
            JobStep::Kept(kept, _) if kept.key.is_empty() => {
                restored.extend(kept.older.unwrap_or_default());
            }
            JobStep::Kept(kept, route) => saved.push((kept, route)),
            _ => {}
        }
    }
    // Another job may restore what this one saves.
    saved.retain(|_| !restored.is_empty());
    let engine = steps.iter().rposition(|step| matches!(step, JobStep::Engine { .. }));
    let behind = engine.map_or(0, |engine| engine + 1);
    let older = Some(restored);
    let caches = saved
        .into_iter()
        .map(|(kept, route)| JobStep::Kept(Kept { older: older.clone(), ..kept }, route));
    let _ = steps.splice(behind..behind, caches).count();
    steps
}

/// Nothing in it changes from run to run of a branch. `checksum` changes with the file; a variable
/// is one of the project, else `CircleCI`'s own.
fn is_fixed(key: &str) -> bool {
    const OWN: [&str; 5] = [
        "CIRCLE_BRANCH",
        "CIRCLE_JOB",
        "CIRCLE_NODE_INDEX",
        "CIRCLE_PROJECT_REPONAME",
        "CIRCLE_PROJECT_USERNAME",
    ];
    let parts = key.split("{{").skip(1).map(|part| part.split_once("}}"));
    let same = |inside: &str| {
        let variable = inside.trim().strip_prefix(".Environment.");
        matches!(inside.trim(), "arch" | ".Branch")
            || variable.is_some_and(|name| !name.starts_with("CIRCLE_") || OWN.contains(&name))
    };
    !key.contains("<<") && parts.flatten().all(|(inside, _)| same(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_fixed_where_nothing_in_it_changes() {
        for (key, fixed) in [
            ("layers-v1", true),
            ("v{{ .Environment.CACHE_VERSION }}-{{ arch }}-{{ .Branch }}", true),
            ("layers-{{ .Revision }}", false),
            ("layers-{{ epoch }}", false),
            ("layers-{{ .Environment.CIRCLE_SHA1 }}", false),
            ("layers-{{ checksum \"Dockerfile\" }}", false),
            ("layers-<< pipeline.number >>", false),
        ] {
            assert_eq!(is_fixed(key), fixed, "{key}");
        }
    }
}
