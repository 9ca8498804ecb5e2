//! The script of a step with a cache of its own: by a registry cache, or by images saved to a tar.
//!
//! Facts: ci-logs §3d and §3e. Writes commands only; the file is changed by `config`.

use super::recipe::{Build, Recipe, plain};
use crate::config::bitbucket::{BuildChange, CacheDefinition};
use crate::config::image_builds;
use crate::rules::remedy::reference;

/// Stands for a repository where the script pushes to none.
pub(super) const VARIABLE: &str = "$CACHE_REPOSITORY";

const CREATE: &str = "docker buildx create --use --driver docker-container";

/// With a registry cache. `--load` keeps the image where later commands look for it, and
/// `ignore-error` keeps a registry that refuses the cache from failing the build.
pub(super) fn buildkit(recipe: &Recipe) -> Vec<BuildChange> {
    let mut number = 0;
    let mut changes: Vec<BuildChange> = Vec::new();
    for (item, builds) in recipe.builds() {
        let verbs = builds.iter().map(|build| {
            number += 1;
            with_registry(build, &cache_ref(recipe, build, number))
        });
        changes.push(changed(recipe, item, verbs.collect()));
    }
    if !recipe.says(|item| item.contains("buildx create"))
        && let Some(first) = changes.first_mut()
    {
        first.before.push(CREATE.to_owned());
    }
    changes
}

/// References the caches of a recipe get; none where it has caches.
pub(super) fn references(recipe: &Recipe) -> Vec<String> {
    if recipe.caches_itself() {
        return Vec::new();
    }
    let builds = recipe.builds().into_iter().flat_map(|(_, builds)| builds).enumerate();
    builds.map(|(index, build)| cache_ref(recipe, &build, index + 1)).collect()
}

fn with_registry(build: &Build, place: &str) -> String {
    let asks = &build.command;
    if !asks.cache_to.is_empty() {
        return build.verb.clone();
    }
    let load = if asks.push { "" } else { " --load" };
    format!(
        "docker buildx build{load} --cache-from type=registry,ref={place} --cache-to \
            type=registry,ref={place},mode=max,ignore-error=true"
    )
}

/// In the repository that the image is pushed to, where that is written.
fn cache_ref(recipe: &Recipe, build: &Build, number: usize) -> String {
    let pushed = recipe.pushed();
    let tags: Vec<&str> = build.command.tags.iter().map(|tag| reference::repository(tag)).collect();
    let own = pushed.iter().find(|name| tags.contains(&name.as_str()));
    let single = pushed.first().filter(|first| pushed.iter().all(|name| name == *first));
    let repository = own.or(single).map_or(VARIABLE, String::as_str);
    format!("{repository}:buildcache-{}", numbered(&recipe.slug, number))
}

/// With images in a tar: Atlassian's recipe, repaired. One named file in place of a glob, tags in
/// place of all image ids, and a directory outside of the checkout, so that the tar does not become
/// part of what `COPY . .` copies.
pub(super) fn classic(recipe: &Recipe) -> Vec<BuildChange> {
    let mut tags: Vec<String> = Vec::new();
    let mut changes: Vec<BuildChange> = Vec::new();
    for (item, builds) in recipe.builds() {
        let verbs = builds.iter().map(|build| {
            let tag = format!("{}:ci", numbered(&cache_name(recipe), tags.len() + 1));
            let words = format!("{} -t {tag} --cache-from {tag}", build.verb);
            tags.push(tag);
            words
        });
        changes.push(changed(recipe, item, verbs.collect()));
    }
    let folder = folder(recipe);
    if let Some(first) = changes.first_mut() {
        first.before.push(format!(
            "if [ -f {folder}/image.tar ]; then docker load -i {folder}/image.tar; fi"
        ));
    }
    if let Some(last) = changes.last_mut() {
        let layers = tags.iter().map(|tag| format!("$(docker history -q {tag} | grep -v missing)"));
        let all: Vec<String> = layers.chain(tags.iter().cloned()).collect();
        last.after.push(format!(
            "mkdir -p {folder} && docker save -o {folder}/image.tar {}",
            all.join(" ")
        ));
    }
    changes
}

/// Definition of the custom cache of a recipe.
pub(super) fn definition(recipe: &Recipe) -> CacheDefinition {
    let builds: Vec<Build> = recipe.builds().into_iter().flat_map(|(_, builds)| builds).collect();
    let moved =
        recipe.items.iter().any(|item| item.split_ascii_whitespace().any(|word| word == "cd"));
    let files: Option<Vec<String>> = builds.iter().map(dockerfile).collect();
    let key_files =
        files.filter(|files| !moved && files.iter().all(|f| plain(f))).unwrap_or_default();
    CacheDefinition { name: cache_name(recipe), path: folder(recipe), key_files }
}

/// Name of the custom cache of a recipe.
pub(super) fn cache_name(recipe: &Recipe) -> String {
    format!("docker-{}", recipe.slug)
}

fn changed(recipe: &Recipe, item: usize, verbs: Vec<String>) -> BuildChange {
    let text = recipe.items.get(item).cloned().unwrap_or_default();
    BuildChange { item, text, verbs, ..BuildChange::default() }
}

/// Script of a recipe after changes.
pub(super) fn apply(recipe: &Recipe, changes: &[BuildChange]) -> Vec<String> {
    let mut script = Vec::new();
    for (index, item) in recipe.items.iter().enumerate() {
        match changes.iter().find(|change| change.item == index) {
            Some(change) => {
                script.extend(change.before.iter().cloned());
                script.push(replaced(item, change));
                script.extend(change.after.iter().cloned());
            }
            None => script.push(item.clone()),
        }
    }
    script
}

fn replaced(item: &str, change: &BuildChange) -> String {
    let mut text = item.to_owned();
    for (build, words) in image_builds(item).into_iter().zip(&change.verbs).rev() {
        text.replace_range(build.verb, words);
    }
    text
}

fn folder(recipe: &Recipe) -> String {
    format!("~/{}", cache_name(recipe))
}

fn numbered(name: &str, number: usize) -> String {
    if number > 1 { format!("{name}-{number}") } else { name.to_owned() }
}

/// The file whose change makes the stored layers useless.
fn dockerfile(build: &Build) -> Option<String> {
    if let Some(file) = &build.command.file {
        return Some(file.trim_start_matches("./").to_owned()).filter(|f| !f.contains('$'));
    }
    let context = build.context.as_deref()?.trim_start_matches("./").trim_end_matches('/');
    let local = !context.contains(['$', ':']);
    local.then(|| {
        if matches!(context, "" | ".") {
            "Dockerfile".to_owned()
        } else {
            format!("{context}/Dockerfile")
        }
    })
}
