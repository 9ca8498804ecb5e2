//! What a run says of its builder, its caches, its base images and its command lines.

use std::collections::BTreeSet;

use super::{Said, What, place};
use crate::model::{
    Asked, Build, CacheKind, CacheOperation, CacheOutcome, Command, Engine, NoteKind, Run,
    StepKind, Tool, Transfer,
};

/// What the run says of how this build was made.
#[must_use]
pub fn of(run: &Run, build: &Build) -> Said {
    let mut said = Said::new();
    builder(&mut said, build);
    let size = build.dockerfile.as_ref().map(|amount| &amount.size);
    tell(&mut said, What::Dockerfile, "", size);
    bases(&mut said, build);
    caches(&mut said, run, build);
    commands(&mut said, run.commands_of(build));
    ci(&mut said, run);
    said
}

fn say(said: &mut Said, what: What, of: &str, value: Option<String>) {
    said.insert((what, of.to_owned()), value);
}

/// What has no name in the log is not known.
fn tell(said: &mut Said, what: What, of: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        say(said, what, of, Some(value.to_string()));
    }
}

/// One value of all of them, `None` where there is none.
fn joined<T: AsRef<str> + Ord>(all: impl IntoIterator<Item = T>) -> Option<String> {
    let all: BTreeSet<T> = all.into_iter().collect();
    let all: Vec<&str> = all.iter().map(AsRef::as_ref).filter(|text| !text.is_empty()).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn builder(said: &mut Said, build: &Build) {
    tell(said, What::Builder, "", build.builder.as_ref());
    say(said, What::NewBuilder, "", build.booted.as_ref().map(|_| "made in the run".to_owned()));
    tell(said, What::Driver, "", build.driver.as_ref());
    let engine = match build.engine {
        Engine::Graphdriver => Some("dockerd's classic image store"),
        Engine::Containerd => Some("containerd's image store"),
        Engine::Buildkitd => Some("a BuildKit daemon of its own"),
        Engine::Unknown => None,
    };
    tell(said, What::Engine, "", engine);
    let counted = build.steps.iter().filter(|step| step.kind == StepKind::Counted);
    say(said, What::Platforms, "", joined(counted.map(|step| step.platform.as_str())));
}

fn bases(said: &mut Said, build: &Build) {
    for base in &build.bases {
        say(
            said,
            What::BaseImage,
            &place(&base.platform, &base.stage),
            Some(base.image.to_string()),
        );
        tell(said, What::BaseDigest, &place(&base.platform, &base.image), base.digest.as_ref());
    }
}

fn caches(said: &mut Said, run: &Run, build: &Build) {
    // Targets of one bake share an import, which is printed for one of them.
    let neighbours = || run.together(build).iter();
    let imports: Vec<&Transfer> = neighbours().flat_map(|build| &build.imports).collect();
    let named = |import: &&Transfer| match (&import.reference, import.kind) {
        (Some(reference), CacheKind::Unknown | CacheKind::Registry) => reference.to_string(),
        (Some(reference), kind) => format!("{} {reference}", kind.name()),
        (None, kind) => kind.name().to_owned(),
    };
    say(said, What::Imports, "", joined(imports.iter().map(named)));
    for import in &imports {
        tell(said, What::Import, &named(import), ended(import));
    }
    let exports = || neighbours().flat_map(|build| &build.exports);
    let inline = build.inline.as_ref().map(|_| CacheKind::Inline.name());
    say(said, What::Exports, "", joined(exports().map(|export| export.kind.name()).chain(inline)));
    for export in exports() {
        tell(said, What::Export, export.kind.name(), ended(export));
    }
}

fn ended(transfer: &Transfer) -> Option<String> {
    match &transfer.error {
        Some(error) => Some(format!("failed: {error}")),
        None => transfer.ended.then(|| "went well".to_owned()),
    }
}

/// Nothing is known of options where no command line is in the log.
fn commands(said: &mut Said, commands: &[Command]) {
    if commands.is_empty() {
        return;
    }
    let all = || commands.iter().map(|command| &*command.asked);
    let building = || all().filter(|asked| asked.tool != Tool::BuildxCreate);
    say(said, What::Tool, "", joined(building().map(|asked| tool(asked.tool))));
    say(
        said,
        What::CacheFrom,
        "",
        joined(all().flat_map(|asked| &asked.cache_from).map(|spec| spec.raw.as_str())),
    );
    say(
        said,
        What::CacheTo,
        "",
        joined(all().flat_map(|asked| &asked.cache_to).map(|spec| spec.raw.as_str())),
    );
    say(said, What::CacheOff, "", joined(all().flat_map(off)));
    tell(said, What::Builder, "", joined(all().filter_map(|asked| asked.builder.as_deref())));
    tell(said, What::Driver, "", joined(all().filter_map(|asked| asked.driver.as_deref())));
    say(said, What::Target, "", joined(all().filter_map(|asked| asked.target.as_deref())));
    say(said, What::File, "", joined(all().filter_map(|asked| asked.file.as_deref())));
    say(said, What::Pull, "", all().any(|asked| asked.pull).then(|| "yes".to_owned()));
    for argument in all().flat_map(|asked| &asked.build_args) {
        let (name, value) = argument.split_once('=').unwrap_or((argument, "from the environment"));
        say(said, What::BuildArg, name, Some(value.to_owned()));
    }
}

fn off(asked: &Asked) -> Vec<String> {
    let whole = asked.no_cache.then(|| "--no-cache".to_owned());
    let stages = asked.no_cache_filter.iter().map(|stage| format!("--no-cache-filter {stage}"));
    let layers = (asked.layers == Some(false)).then(|| "layers off".to_owned());
    whole.into_iter().chain(stages).chain(layers).collect()
}

fn tool(tool: Tool) -> &'static str {
    match tool {
        Tool::DockerBuild => "docker build",
        Tool::BuildxBuild => "docker buildx build",
        Tool::BuildxBake => "docker buildx bake",
        Tool::BuildxCreate => "docker buildx create",
        Tool::Compose => "docker compose build",
        Tool::Buildctl => "buildctl build",
        Tool::BuildPushAction => "docker/build-push-action",
        Tool::Buildah => "buildah build",
        Tool::Kaniko => "kaniko",
    }
}

fn ci(said: &mut Said, run: &Run) {
    tell(said, What::Ci, "", run.ci);
    let versions = run.notes.iter().filter(|note| note.kind == NoteKind::ComposePluginVersion);
    tell(said, What::Plugin, "", joined(versions.map(|note| note.value.as_str())));
    for (operation, of) in [(CacheOperation::Restore, "restore"), (CacheOperation::Save, "save")] {
        let caches = run.ci_caches.iter().filter(|cache| cache.operation == operation);
        say(said, What::CiCache, of, joined(caches.map(|cache| ci_cache(cache.outcome))));
    }
}

fn ci_cache(outcome: CacheOutcome) -> &'static str {
    match outcome {
        CacheOutcome::Hit => "found",
        CacheOutcome::Partial => "an older one found",
        CacheOutcome::Miss => "not found",
        CacheOutcome::Saved => "saved",
        CacheOutcome::Exists => "there already",
        CacheOutcome::Skipped => "skipped",
        CacheOutcome::Failed => "failed",
    }
}
