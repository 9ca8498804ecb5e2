//! Steps that run side by side and save different images into one cache of the CI.
//!
//! Where a save failed, and where a pipelines file without a log shows that one will.

mod advice;
mod recipe;
mod repair;
mod rewrite;
mod snippet;
mod wording;
mod written;

use super::cache_saves::{self, FailedSave, Sharing};
use super::{Effect, Rule, RuleMeta, Study};
use crate::config::bitbucket::PipelineStep;
use crate::config::{Config, asks_for_buildkit, turns_buildkit_off};
use crate::finding::{Evidence, Finding, Impact, Proof, Severity};
use crate::model::{Dialect, Run, Transfer};
use advice::Situation;

pub(super) struct ParallelStepsShareCache;

/// What the cache is to the builds of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    /// A build without it has no cache.
    Layers,
    /// `BuildKit` takes nothing from docker.tar.
    Nothing,
    /// The same, and the builds have caches of their own.
    Replaced,
}

/// Which builder the advice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Builder {
    BuildKit,
    Classic,
}

static META: RuleMeta = RuleMeta {
    id: "parallel-steps-share-cache",
    title: "parallel steps save different images into one cache",
    group: "The cache at the CI's teardown",
    severity: Severity::Error,
    what: "At the end of a Bitbucket step the upload of a cache fails (`Cache \"docker: \
        docker.tar\": Upload failed`), and other steps of the same commit save under the same \
        name: steps of one `parallel:` group in bitbucket-pipelines.yml, or other logs of the \
        commit. Without a log: steps of one `parallel:` group that build images and name the \
        predefined docker cache.",
    why: "A cache name is one file. The predefined `docker` cache is docker.tar with all images of \
        the step. The first step that ends uploads its images; for the others the upload fails. \
        The stored file is never overwritten and lives a week, so with the classic builder all \
        other images are built without a cache until then. BuildKit takes no layers out of \
        docker.tar at all: there the upload is time lost, and a cache of another kind is what \
        helps.",
    fix: "Give each image a cache of its own. With BuildKit that is a registry cache with one \
        reference per image; with the classic builder a custom cache per image, filled with \
        `docker save` and read with `docker load`.",
    rules_out: "Bitbucket prints no reason for a failed upload. Over 1 GB compressed and a fault \
        of the storage look the same; so one log alone, without the pipelines file, is never \
        called proven. `Skipping upload for existing cache` is no failure.",
    limits: "It knows this conflict from Bitbucket. Only the pipelines file says whether the steps \
        really ran at the same time.",
    example: include_str!("examples/parallel-steps-share-cache.txt"),
    references: &[
        "https://support.atlassian.com/bitbucket-cloud/kb/resolving-docker-cache-upload-failure-in-parallel-pipeline-steps/",
        "https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/",
        "https://support.atlassian.com/bitbucket-cloud/docs/enable-and-use-runtime-v3/",
        "https://jira.atlassian.com/browse/BCLOUD-15634",
    ],
    since: "0.1.0",
};

impl Rule for ParallelStepsShareCache {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::LostCiCache]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let failed = cache_saves::failed(study);
        let seen: Vec<Finding> = failed
            .iter()
            .filter_map(|save| finding(save, &cache_saves::sharing(study, save)?))
            .collect();
        // An upload that was tried tells of the same cache; the others are left as they are
        // written.
        if failed.is_empty() { written::findings(study) } else { seen }
    }
}

fn finding(failed: &FailedSave, sharing: &Sharing) -> Option<Finding> {
    let mut evidence = failed.evidence("the upload of the cache failed");
    evidence.extend(more_evidence(failed, sharing));
    let same = same_image(sharing);
    let case = case(failed, sharing);
    let mild = same || case.worth == Worth::Replaced;
    Some(Finding {
        rule: META.id,
        severity: if mild { Severity::Warning } else { META.severity },
        confidence: sharing.confidence(),
        title: wording::title(failed.cache, sharing, same),
        cause: wording::cause(failed.cache, sharing, same, &case),
        evidence: Proof::from_lines(evidence)?,
        fix: advice::fix(case),
        impact: Impact { runs: failed.runs().len(), ..Impact::default() },
        rules_out: wording::rules_out(failed.cache, sharing),
        subject: failed.cache.to_owned(),
    })
}

fn more_evidence(failed: &FailedSave, sharing: &Sharing) -> Vec<Evidence> {
    match sharing {
        Sharing::File { config, groups } => groups
            .iter()
            .flatten()
            .filter_map(|step| declared(config, step, failed.cache))
            .collect(),
        Sharing::Commit(runs) | Sharing::Folder(runs) => {
            // A failing step may print `Uploading` as well: its own lines show no other step.
            let failing = failed.runs();
            let holds =
                |runs: &[&Run], run: &Run| runs.iter().any(|known| std::ptr::eq(*known, run));
            let others =
                failed.saves.iter().filter(|s| !holds(&failing, s.run) && holds(runs, s.run));
            others
                .map(|s| Study::quote(s.run, &s.entry.quote, "another step saves the same cache"))
                .collect()
        }
        Sharing::Predefined => Vec::new(),
    }
}

fn declared(config: &Config, step: &PipelineStep, cache: &str) -> Option<Evidence> {
    let used = step.caches.iter().find(|c| c.name == cache && c.line > 0)?;
    let index = usize::try_from(used.line).ok()?.checked_sub(1)?;
    let text = config.text.lines().nth(index)?.to_owned();
    Some(Evidence {
        source: config.path.clone(),
        line: used.line,
        text,
        shows: format!("step \"{}\" saves it", step.name),
    })
}

fn case<'a>(failed: &FailedSave<'a>, sharing: &'a Sharing) -> Situation<'a> {
    let runs = failed.runs();
    let (recipes, file) = match sharing {
        Sharing::File { config, groups } => {
            (recipe::from_file(&groups.concat()), Some((*config, groups)))
        }
        Sharing::Commit(runs) | Sharing::Folder(runs) => (recipe::from_runs(runs), None),
        Sharing::Predefined => (recipe::from_runs(&runs), None),
    };
    let (builder, builder_known) = builder(&runs, &recipes);
    let worth = worth(failed, builder, &recipes);
    let edit = file.map(|(config, groups)| {
        repair::edit(config, groups, &recipes, failed.cache, (builder, worth))
    });
    let same_script = matches!(sharing, Sharing::File { groups, .. } if groups.iter().all(|group| one_script(group)));
    let from_file = file.is_some();
    Situation {
        cache: failed.cache,
        builder,
        builder_known,
        worth,
        recipes,
        same_script,
        from_file,
        edit,
    }
}

/// What is lost where the cache is not saved.
fn worth(failed: &FailedSave, builder: Builder, recipes: &[recipe::Recipe]) -> Worth {
    if builder == Builder::Classic || failed.cache != "docker" {
        return Worth::Layers;
    }
    let own = !recipes.is_empty() && recipes.iter().all(recipe::Recipe::caches_itself);
    let runs: Vec<&Run> = failed.saves.iter().map(|save| save.run).collect();
    if own || imports_help(&runs) { Worth::Replaced } else { Worth::Nothing }
}

/// Every build of the logs found steps in a cache that it imported.
fn imports_help(runs: &[&Run]) -> bool {
    let mut builds = runs.iter().flat_map(|run| &run.builds).peekable();
    builds.peek().is_some()
        && builds.all(|build| build.hits() > 0 && build.imports.iter().any(Transfer::ok))
}

/// The builder of the logs; else the one the script sets; else today's default.
fn builder(runs: &[&Run], recipes: &[recipe::Recipe]) -> (Builder, bool) {
    let mut dialects =
        runs.iter().flat_map(|run| &run.builds).map(|build| build.dialect).peekable();
    if dialects.peek().is_some() {
        let classic = dialects.all(|dialect| dialect == Dialect::Classic);
        return (if classic { Builder::Classic } else { Builder::BuildKit }, true);
    }
    if recipes.iter().any(|recipe| recipe.says(turns_buildkit_off)) {
        return (Builder::Classic, true);
    }
    let asks = |item: &str| asks_for_buildkit(item) || item.contains("docker buildx");
    (Builder::BuildKit, recipes.iter().any(|recipe| recipe.says(asks)))
}

/// One script with one explicit tag builds one image; `docker build .` alone does not tell.
fn same_image(sharing: &Sharing) -> bool {
    let Sharing::File { groups, .. } = sharing else { return false };
    groups.iter().all(|group| {
        let tagged = group.first().is_some_and(|step| {
            let mut builds = step.script.iter().flat_map(|item| recipe::builds(item)).peekable();
            builds.peek().is_some() && builds.all(|build| !build.command.tags.is_empty())
        });
        tagged && one_script(group)
    })
}

fn one_script(group: &[&PipelineStep]) -> bool {
    let mut scripts = group.iter().map(|step| &step.script);
    let first = scripts.next();
    scripts.all(|script| Some(script) == first)
}

#[cfg(test)]
mod tests;
