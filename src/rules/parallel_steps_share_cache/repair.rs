//! The corrected pipelines file as a diff, or why none can be given.
//!
//! A diff is given only where it is right by itself: it must not break a step that worked.

use super::{Builder, Worth};
use super::recipe::Recipe;
use super::rewrite::{self, IMAGE};
use crate::config::Config;
use crate::config::bitbucket::{Correction, Step, correct};
use crate::config::patch::unified_diff;
use crate::finding::Edit;

/// Commands that Docker's own client image has (`docker:28-cli` is Alpine: busybox and the client).
const IN_DOCKER_IMAGE: &[&str] = &[
    "docker", "echo", "printf", "export", "unset", "cd", "ls", "mkdir", "cp", "mv", "rm", "cat", "set", "test", "[",
    "if", "then", "else", "fi", "true", "false", ":", "exit", "sleep", "pwd", "env", "date", "sh", "grep", "sed",
    "cut", "head", "tail", "tr", "touch", "tar", "pipe:", "!", "}", "{",
];

/// Changes so many of the sharing steps that no two save the same cache any more.
pub(super) fn edit(
    config: &Config,
    groups: &[Vec<&Step>],
    recipes: &[Recipe],
    cache: &str,
    (builder, worth): (Builder, Worth),
) -> Result<Edit, String> {
    let recipe_of = |step: &Step| recipes.iter().find(|r| r.name == step.name && r.items == step.script);
    let mut corrections = Vec::new();
    let mut refused = Ok(());
    for group in groups {
        let mut left = 0;
        for step in group {
            let taken_out = without(step, cache);
            let change = |recipe| match worth {
                Worth::Replaced => Ok(taken_out.clone()),
                _ => correction(recipe, step, taken_out.clone(), builder),
            };
            match recipe_of(step).map_or(Err(String::new()), change) {
                Ok(correction) => corrections.push(correction),
                Err(why) => {
                    left += 1;
                    refused = refused.and(Err(why));
                }
            }
        }
        if left > 1 {
            return Err(refused.err().unwrap_or_default());
        }
        twins(group, builder)?;
    }
    let changed = |recipe: &&Recipe| {
        builder == Builder::Classic && corrections.iter().any(|c| c.instead == Some(rewrite::cache_name(recipe)))
    };
    let definitions: Vec<_> = recipes.iter().filter(changed).map(rewrite::definition).collect();
    let new = correct(&config.text, &corrections, &definitions)?;
    let diff = unified_diff(&config.path, &config.text, &new).ok_or("nothing to change was found")?;
    Ok(Edit { path: config.path.clone(), diff, text: new, safe: worth == Worth::Replaced })
}

/// One anchored step used twice stays one step: it cannot get two caches.
fn twins(group: &[&Step], builder: Builder) -> Result<(), String> {
    let mut rest = group;
    while let Some((step, others)) = rest.split_first() {
        if builder == Builder::Classic && others.iter().any(|o| o.name == step.name && o.script == step.script) {
            return Err(format!("step \"{}\" is in the group twice", step.name));
        }
        rest = others;
    }
    Ok(())
}

/// The step no longer names the cache.
fn without(step: &Step, cache: &str) -> Correction {
    Correction {
        route: step.route.clone(),
        cache: cache.to_owned(),
        instead: None,
        image: None,
        runtime: None,
        builds: Vec::new(),
    }
}

fn correction(recipe: &Recipe, step: &Step, taken_out: Correction, builder: Builder) -> Result<Correction, String> {
    if recipe.builds().is_empty() {
        return Err(format!("step \"{}\" has no `docker build` line in its script", step.name));
    }
    let mut correction = taken_out;
    if builder == Builder::Classic {
        correction.instead = Some(rewrite::cache_name(recipe));
        correction.builds = rewrite::classic(recipe);
        return Ok(correction);
    }
    if recipe.caches_itself() {
        return Ok(correction);
    }
    correction.builds = rewrite::buildkit(recipe);
    if recipe.setting.modern {
        return Ok(correction);
    }
    if step.self_hosted {
        return Err(format!("step \"{}\" runs on a runner of its own, whose Docker is not known", step.name));
    }
    correction.runtime = Some("3".to_owned());
    if !recipe.setting.docker_image {
        if let Some(tool) = foreign_tool(recipe) {
            return Err(format!(
                "step \"{}\" also calls `{tool}`, so its image cannot simply become {IMAGE}",
                step.name
            ));
        }
        correction.image = Some(IMAGE.to_owned());
    }
    Ok(correction)
}

/// First command of the script that Docker's image may not have.
pub(super) fn foreign_tool(recipe: &Recipe) -> Option<String> {
    let after = recipe.step.into_iter().flat_map(|step| &step.after_script);
    let items = recipe.items.iter().chain(after);
    let joined: Vec<String> = items.map(|i| i.replace("\\\r\n", " ").replace("\\\n", " ")).collect();
    let pieces = joined.iter().flat_map(|item| item.split(['\n', ';', '|', '&', '(', '`']));
    let commands = pieces.filter_map(|piece| {
        let mut words = piece.split_ascii_whitespace();
        words.find(|word| !is_assignment(word) && !matches!(*word, "if" | "then" | "else" | "!"))
    });
    commands
        .filter(|word| !word.starts_with(['#', ')']))
        .find(|word| !IN_DOCKER_IMAGE.contains(word))
        .map(str::to_owned)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}
