//! The corrected pipelines file as a diff, or why none can be given.
//!
//! A diff is given only where it is right by itself: it must not break a step that worked.

use super::recipe::Recipe;
use super::rewrite;
use super::{Builder, Worth};
use crate::config::Config;
use crate::config::bitbucket::{CacheDefinition, Correction, PipelineStep, Pipelines, correct};
use crate::finding::Edit;

/// Changes so many of the sharing steps that no two save the same cache any more.
pub(super) fn edit(
    config: &Config,
    groups: &[Vec<&PipelineStep>],
    recipes: &[Recipe],
    cache: &str,
    (builder, worth): (Builder, Worth),
) -> Result<Edit, String> {
    let file = config.content.pipelines.as_ref().ok_or("it holds no pipelines")?;
    let recipe_of = |step: &PipelineStep| {
        recipes.iter().find(|r| r.name == step.name && r.items == step.script)
    };
    let mut corrections = Vec::new();
    let mut refused = Ok(());
    for group in groups {
        let mut left = 0;
        for step in group {
            let taken_out = without(step, cache);
            let change = |recipe| match worth {
                Worth::Replaced => Ok(taken_out.clone()),
                _ => correction(file, recipe, taken_out.clone(), builder),
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
    let definitions = match builder {
        Builder::Classic => definitions(recipes, &corrections),
        Builder::BuildKit => Vec::new(),
    };
    let new = config.with_body(&correct(config.body(), &corrections, &definitions)?)?;
    Ok(Edit {
        path: config.path.clone(),
        diff: new.diff,
        change: new.change,
        safe: worth == Worth::Replaced,
        builders: Vec::new(),
    })
}

/// Those of the caches that the corrected steps have now, each once.
fn definitions(recipes: &[Recipe], corrections: &[Correction]) -> Vec<CacheDefinition> {
    let mut definitions = Vec::new();
    for recipe in recipes {
        let name = Some(rewrite::cache_name(recipe));
        let definition = rewrite::definition(recipe);
        if corrections.iter().any(|c| c.instead == name) && !definitions.contains(&definition) {
            definitions.push(definition);
        }
    }
    definitions
}

/// One anchored step used twice stays one step: it cannot get two caches.
fn twins(group: &[&PipelineStep], builder: Builder) -> Result<(), String> {
    let mut rest = group;
    while let Some((step, others)) = rest.split_first() {
        if builder == Builder::Classic
            && others.iter().any(|o| o.name == step.name && o.script == step.script)
        {
            return Err(format!("step \"{}\" is in the group twice", step.name));
        }
        rest = others;
    }
    Ok(())
}

/// The step no longer names the cache.
fn without(step: &PipelineStep, cache: &str) -> Correction {
    Correction { route: step.route.clone(), cache: cache.to_owned(), ..Correction::default() }
}

fn correction(
    file: &Pipelines,
    recipe: &Recipe,
    taken_out: Correction,
    builder: Builder,
) -> Result<Correction, String> {
    let Some(step) = recipe.step else { return Ok(taken_out) };
    if recipe.builds().is_empty() {
        return Err(format!("step \"{}\" has no `docker build` line in its script", step.name));
    }
    if recipe.repeats() {
        return Err(format!(
            "step \"{}\" builds in a loop or a function, so one cache would be of several images",
            step.name
        ));
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
    correction.setting = file.lacks(step)?;
    Ok(correction)
}
