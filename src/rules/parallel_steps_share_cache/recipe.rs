//! What a step builds and where its cache could go: from the pipelines file or from a log.
//!
//! States what is written; the words that go in its place are `rewrite`'s.

use crate::config::bitbucket::PipelineStep;
use crate::config::image_builds;
use crate::model::{Command, Run};
use crate::rules::remedy::{command_line, reference};

/// One step to mend.
pub(super) struct Recipe<'a> {
    /// As the file names it, or the label of the log.
    pub(super) name: String,
    /// The same, fit for names of caches and tags.
    pub(super) slug: String,
    /// Items of the script; of a log only the build commands are known.
    pub(super) items: Vec<String>,
    /// The step of the file.
    pub(super) step: Option<&'a PipelineStep>,
}

/// One build command of a recipe.
pub(super) struct Build {
    /// Words that call it: `docker build`.
    pub(super) verb: String,
    /// What they ask for.
    pub(super) command: Command,
    /// Directory that is built, where it can be told.
    pub(super) context: Option<String>,
}

/// From steps of the file, each different step once.
pub(super) fn from_file<'a>(steps: &[&'a PipelineStep]) -> Vec<Recipe<'a>> {
    let mut recipes: Vec<Recipe> = Vec::new();
    for step in steps {
        if recipes.iter().any(|r| r.name == step.name && r.items == step.script) {
            continue;
        }
        let slug = slug_of_twin(&recipes, step).unwrap_or_else(|| free_slug(&recipes, &step.name));
        recipes.push(Recipe {
            name: step.name.clone(),
            slug,
            items: step.script.clone(),
            step: Some(step),
        });
    }
    recipes
}

/// From the logs of steps.
pub(super) fn from_runs<'a>(runs: &[&Run]) -> Vec<Recipe<'a>> {
    let mut recipes: Vec<Recipe> = Vec::new();
    for run in runs {
        let quoted = run.commands.iter().map(command_line);
        let mut items: Vec<String> = quoted.filter(|text| !image_builds(text).is_empty()).collect();
        if items.is_empty() {
            let image = run.builds.iter().flat_map(|build| &build.images).next();
            items.push(
                image.map_or("docker build .".to_owned(), |name| {
                    format!("docker build -t {name} .")
                }),
            );
        }
        let name = name_of(run);
        let slug = free_slug(&recipes, &name);
        recipes.push(Recipe { name, slug, items, step: None });
    }
    recipes
}

/// Bitbucket's logs do not name their step: the image it makes does, else the file.
fn name_of(run: &Run) -> String {
    let tags = run.commands.iter().flat_map(|command| &command.tags);
    let image = run.builds.iter().flat_map(|build| &build.images).chain(tags).next();
    let last = image.and_then(|name| reference::repository(name).rsplit('/').next());
    last.unwrap_or(&run.label).to_owned()
}

/// Build commands of one item, in order.
pub(super) fn builds(item: &str) -> Vec<Build> {
    let found = image_builds(item).into_iter().filter_map(|build| {
        Some(Build {
            verb: item.get(build.verb)?.to_owned(),
            command: build.command,
            context: build.context,
        })
    });
    found.collect()
}

impl Recipe<'_> {
    /// Build commands with the item that holds them.
    pub(super) fn builds(&self) -> Vec<(usize, Vec<Build>)> {
        let items = self.items.iter().enumerate().map(|(index, item)| (index, builds(item)));
        items.filter(|(_, builds)| !builds.is_empty()).collect()
    }

    /// Each build reads a cache that it also writes: nothing is missing where the CI keeps none.
    pub(super) fn caches_itself(&self) -> bool {
        let builds: Vec<Build> = self.builds().into_iter().flat_map(|(_, builds)| builds).collect();
        let writes = |command: &Command| command.inline() || !command.cache_to.is_empty();
        !builds.is_empty()
            && builds.iter().all(|b| !b.command.cache_from.is_empty() && writes(&b.command))
    }

    /// A command of its stands for several builds.
    pub(super) fn repeats(&self) -> bool {
        self.items.iter().flat_map(|item| image_builds(item)).any(|build| build.repeated)
    }

    /// Repositories the script pushes to.
    pub(super) fn pushed(&self) -> Vec<String> {
        let lines = self.items.iter().flat_map(|item| item.lines());
        let pushed =
            lines.filter_map(|line| line.split_once("docker push ")).filter_map(|(_, rest)| {
                rest.split_ascii_whitespace()
                    .find(|word| !word.starts_with('-'))
                    .map(|word| word.trim_matches(['"', '\'']))
            });
        let mut all: Vec<String> =
            pushed.map(|name| reference::repository(name).to_owned()).collect();
        let builds = self.builds().into_iter().flat_map(|(_, builds)| builds);
        let direct = builds.filter(|b| b.command.push).flat_map(|b| b.command.tags.clone());
        all.extend(direct.map(|tag| reference::repository(&tag).to_owned()));
        all.retain(|name| plain(name));
        all
    }

    /// Some command of the script is such a one.
    pub(super) fn says(&self, such: impl Fn(&str) -> bool) -> bool {
        self.items.iter().any(|item| such(item))
    }
}

/// A reference that needs no quotes, in YAML or in a shell.
pub(super) fn plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._/:${}-@".contains(c))
}

/// Letters, digits and dashes: `Build & push (api)` is `build-push-api`.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    if slug.is_empty() { "image".to_owned() } else { slug.chars().take(60).collect() }
}

/// One script under two names, in groups that do not run side by side: it builds one image, and may
/// stand in the file only once.
fn slug_of_twin(recipes: &[Recipe], step: &PipelineStep) -> Option<String> {
    let twin = |recipe: &&Recipe| {
        recipe.items == step.script
            && recipe.step.is_some_and(|other| other.parallel != step.parallel)
    };
    recipes.iter().find(twin).map(|recipe| recipe.slug.clone())
}

fn free_slug(taken: &[Recipe], name: &str) -> String {
    let slug = slug(name);
    let free = |candidate: &str| !taken.iter().any(|recipe| recipe.slug == candidate);
    if free(&slug) {
        return slug;
    }
    (2..1000).map(|n| format!("{slug}-{n}")).find(|candidate| free(candidate)).unwrap_or(slug)
}
