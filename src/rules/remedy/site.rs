//! What the input shows of the place where a fix is to be pasted.
//!
//! Reads model data only; a fact that is not there is left to a guess that says so.

use std::borrow::Cow;

use super::place::{self, At};
use super::{PLACEHOLDER, home, reference};
use crate::config::pattern::tells_nothing;
use crate::model::{
    Build, CacheKind, CacheSpec, CiNote, Command, Dialect, Engine, NoteKind, Run, Text, Tool,
};
use crate::rules::Study;

/// How the build is written down where it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `docker build`.
    DockerBuild,
    /// `docker buildx build`.
    #[default]
    Buildx,
    /// `docker buildx bake`.
    Bake,
    /// `docker compose build`.
    Compose,
    /// Buildkite's docker-compose plugin.
    ComposePlugin,
    /// docker/build-push-action.
    BuildPushAction,
    /// `buildctl build`.
    Buildctl,
    /// kaniko's executor.
    Kaniko,
    /// `buildah build`.
    Buildah,
    /// `podman build`.
    Podman,
}

/// What a fix has to be written for.
#[derive(Clone, Debug, Default)]
pub struct Site<'a> {
    /// The tool in use.
    pub form: Form,
    /// Reference for a cache of its own: the one found, or `:buildcache` beside the image.
    pub cache: String,
    /// Why `cache` is a placeholder though the image has a name; in words that complete "no
    /// patch:".
    pub unnamed: Option<String>,
    /// References the build imports now.
    pub imports: Vec<String>,
    /// Images that `docker load` brings in: dockerd's own builder reads an inline cache from them,
    /// and no other builder has them.
    pub loaded: Vec<String>,
    /// The image as tagged, or a placeholder.
    pub image: String,
    /// The image as the command names it, where that tells no name: `$IMAGE`.
    pub tag: Option<String>,
    /// Bake target or compose service.
    pub target: Option<String>,
    /// The call of bake sets the caches, before those of the bake file.
    pub set_at_call: bool,
    /// Stage asked for with `--target`.
    pub stage: Option<String>,
    /// Dockerfile or bake file named on the command line.
    pub file: Option<String>,
    /// Options that stay as they are, in the form of a shell: `--build-arg DEBUG=yes`.
    pub kept: Vec<String>,
    /// Build arguments, but for the one that asks for an inline cache.
    pub arguments: Vec<String>,
    /// Platforms asked for.
    pub platforms: Vec<String>,
    /// Directory that is built.
    pub context: Option<String>,
    /// The builder can write every kind of cache already.
    pub capable: bool,
    /// The image is pushed.
    pub push: bool,
    /// The export as it is asked for: `type=gha,scope=web`.
    pub export: Option<String>,
    /// The CI system that runs it, as `Run::ci` names it.
    pub ci: Option<&'static str>,
    /// Where the configuration asks for the build.
    pub at: Option<At<'a>>,
}

impl<'a> Site<'a> {
    /// Gathers it for one build.
    #[must_use]
    pub fn of(study: &'a Study, run: &Run, build: &Build) -> Self {
        let command = command_of(run, build);
        let image = image_of(run, build, command);
        let form = form_of(run, build, command);
        let loaded: Vec<String> = run.loads.iter().map(|load| load.image.to_string()).collect();
        let cache = cache_of(run, build, command, image.as_deref(), &loaded);
        let (cache, unnamed) = or_placeholder(cache);
        Self {
            form,
            cache,
            unnamed,
            imports: imports_of(run, build, command),
            loaded,
            tag: command.and_then(|c| c.tags.first()).map(ToString::to_string),
            target: target_of(run, build, command, form),
            set_at_call: command.is_some_and(sets_caches),
            stage: command.and_then(|c| c.target.clone()),
            file: command.and_then(|c| c.file.clone()),
            kept: command.map(kept).unwrap_or_default(),
            arguments: command.map(arguments).unwrap_or_default(),
            platforms: command.map(|c| c.platforms.clone()).unwrap_or_default(),
            context: command.and_then(|c| c.context.clone()),
            capable: capable(run, build),
            push: command.is_some_and(|c| c.push) || build.engine == Engine::Buildkitd,
            image: image.unwrap_or_else(|| PLACEHOLDER.to_owned()),
            export: command.and_then(own_export),
            ci: run.ci,
            at: place::of(study, run, build, command),
        }
    }

    /// A place of the configuration, with the names as they are written there.
    #[must_use]
    pub fn written(at: At<'a>) -> Self {
        let command = &at.place.command;
        // A bare `$IMAGE` may hold a tag: no other can be put behind it.
        let named = |name: &&Text| !tells_nothing(name) || reference::tag(name).is_some();
        let image = command.tags.iter().find(named).map(|name| reference_of(name));
        let (cache, unnamed) = or_placeholder(home::at(at.place));
        Self {
            form: form_of_tool(command.tool, at),
            cache,
            unnamed,
            imports: command.cache_from.iter().filter_map(registry_ref).collect(),
            // Which images a script loads is not written in it.
            loaded: Vec::new(),
            tag: command.tags.first().map(ToString::to_string),
            target: at.place.target.clone(),
            set_at_call: at.ci().is_some() && sets_caches(command),
            stage: command.target.clone(),
            file: command.file.clone(),
            kept: kept(command),
            arguments: arguments(command),
            platforms: command.platforms.clone(),
            context: command.context.clone().or_else(|| at.place.context.clone()),
            capable: at.driver().is_some_and(|driver| driver != "docker"),
            push: command.push,
            image: image.unwrap_or_else(|| PLACEHOLDER.to_owned()),
            export: own_export(command),
            ci: at.ci(),
            at: Some(at),
        }
    }

    /// A builder of its own finds it: a name that has a registry, and no image from a file.
    pub(super) fn is_in_a_registry(&self, name: &str) -> bool {
        is_named_in_one(name) && !is_loaded(&self.loaded, name)
    }

    /// The image that is built is kept in a file from run to run.
    pub(super) fn is_kept_in_a_file(&self) -> bool {
        is_loaded(&self.loaded, &self.image)
    }

    /// Name for the service or target, where one is needed.
    #[must_use]
    pub fn target_name(&self) -> &str {
        self.target.as_deref().unwrap_or("SERVICE")
    }
}

/// What a command asks for beside caches: a fix that is pasted must not lose it.
fn kept(command: &Command) -> Vec<String> {
    let arguments = arguments(command).into_iter();
    let mut kept: Vec<String> =
        arguments.map(|argument| format!("--build-arg {}", assignment(&argument))).collect();
    if !command.platforms.is_empty() {
        kept.push(format!("--platform {}", command.platforms.join(",")));
    }
    kept.extend(command.pull.then(|| "--pull".to_owned()));
    kept.extend(command.others.iter().map(|(option, value)| match value {
        Some(value) => format!("{option} {}", word(value)),
        None => option.clone(),
    }));
    kept
}

fn arguments(command: &Command) -> Vec<String> {
    let own = |argument: &&String| !argument.starts_with("BUILDKIT_INLINE_CACHE");
    command.build_args.iter().filter(own).cloned().collect()
}

/// `NAME=value`; a name alone takes its value from the environment.
fn assignment(argument: &str) -> String {
    match argument.split_once('=') {
        Some((name, value)) => format!("{name}={}", word(value)),
        None => argument.to_owned(),
    }
}

/// One word of a shell. A variable is to be filled in by it.
fn word(text: &str) -> Cow<'_, str> {
    if text.contains(['$', '`']) {
        return if text.contains(' ') { Cow::Owned(format!("\"{text}\"")) } else { text.into() };
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.,:=/@%+".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.into();
    }
    shlex::try_quote(text).unwrap_or_else(|_| text.into())
}

/// The last building command before the build; the first of the log where none is before it
/// (a `with:` block may be printed later than the action's own lines).
fn command_of<'a>(run: &'a Run, build: &Build) -> Option<&'a Command> {
    let building = || run.commands.iter().filter(|c| c.tool != Tool::BuildxCreate);
    building().rfind(|c| c.quote.line <= build.line).or_else(|| building().next())
}

fn notes(run: &Run, kind: NoteKind) -> impl DoubleEndedIterator<Item = &CiNote> {
    run.notes.iter().filter(move |n| n.kind == kind)
}

/// The plugin and the action echo the command they make; the fix belongs in their configuration.
fn form_of(run: &Run, build: &Build, command: Option<&Command>) -> Form {
    match build.dialect {
        Dialect::Kaniko => return Form::Kaniko,
        Dialect::Buildah => return command.map_or(Form::Buildah, of_buildah),
        _ => {}
    }
    let plugin = [
        NoteKind::ComposePluginVersion,
        NoteKind::ComposePluginBuilds,
        NoteKind::ComposePluginPullsCache,
        NoteKind::ComposePluginDriver,
    ];
    if run.notes.iter().any(|n| plugin.contains(&n.kind)) {
        return Form::ComposePlugin;
    }
    let since =
        run.builds.iter().map(|b| b.line).filter(|line| *line < build.line).max().unwrap_or(0);
    let mut between =
        run.commands.iter().filter(|c| c.quote.line > since && c.quote.line <= build.line);
    if between.any(|c| c.tool == Tool::BuildPushAction) {
        return Form::BuildPushAction;
    }
    match command.map(|c| c.tool) {
        Some(Tool::DockerBuild) => Form::DockerBuild,
        Some(Tool::BuildxBake) => Form::Bake,
        Some(Tool::Compose) => Form::Compose,
        Some(Tool::Buildctl) => Form::Buildctl,
        Some(Tool::BuildPushAction) => Form::BuildPushAction,
        Some(Tool::Buildah) => command.map_or(Form::Buildah, of_buildah),
        Some(Tool::Kaniko) => Form::Kaniko,
        // The classic builder knows no bake.
        None if build.target.is_some() && build.dialect == Dialect::Classic => Form::Compose,
        None if build.target.is_some() => Form::Bake,
        None if build.is_by_docker_driver() || build.engine == Engine::Graphdriver => {
            Form::DockerBuild
        }
        Some(Tool::BuildxBuild | Tool::BuildxCreate) | None => Form::Buildx,
    }
}

fn of_buildah(command: &Command) -> Form {
    if command.is_podman() { Form::Podman } else { Form::Buildah }
}

fn form_of_tool(tool: Tool, at: At) -> Form {
    match tool {
        Tool::DockerBuild => Form::DockerBuild,
        Tool::BuildxBuild | Tool::BuildxCreate => Form::Buildx,
        Tool::BuildxBake => Form::Bake,
        Tool::Compose if at.ci() == Some("buildkite") => Form::ComposePlugin,
        Tool::Compose => Form::Compose,
        Tool::Buildctl => Form::Buildctl,
        Tool::BuildPushAction => Form::BuildPushAction,
        Tool::Buildah => of_buildah(&at.place.command),
        Tool::Kaniko => Form::Kaniko,
    }
}

/// The last export that is no inline one.
fn own_export(command: &Command) -> Option<String> {
    command
        .cache_to
        .iter()
        .rev()
        .find(|spec| spec.kind() != CacheKind::Inline)
        .map(|spec| spec.raw.clone())
}

fn image_of(run: &Run, build: &Build, command: Option<&Command>) -> Option<String> {
    let tag = command.and_then(|c| c.tags.first());
    let note = notes(run, NoteKind::ComposeImage).next_back().map(|n| &n.value);
    let named =
        build.images.iter().find(|name| !place::is_of_project(name, build.target.as_deref()));
    named.or(tag).or(note).map(|name| reference_of(name))
}

/// Digests and the names the engine adds itself are taken off.
fn reference_of(name: &str) -> String {
    reference::without_hub(name.split_once('@').map_or(name, |(name, _)| name)).to_owned()
}

/// The reference, or a placeholder and why.
fn or_placeholder(cache: Result<String, String>) -> (String, Option<String>) {
    match cache {
        Ok(cache) => (cache, None),
        Err(why) => {
            (reference::with_tag(PLACEHOLDER, home::TAG), Some(why).filter(|why| !why.is_empty()))
        }
    }
}

fn cache_of(
    run: &Run,
    build: &Build,
    command: Option<&Command>,
    image: Option<&str>,
    loaded: &[String],
) -> Result<String, String> {
    let note = notes(run, NoteKind::ComposeCacheTo)
        .filter_map(|n| registry_ref(&CacheSpec::parse(&n.value)))
        .next_back();
    let written = command.and_then(exported_ref).or(note);
    if let Some(written) = written {
        return Ok(written);
    }
    if let Some(image) = image
        && is_loaded(loaded, image)
    {
        return Err(format!("`{image}` comes from a file, not from a registry"));
    }
    let mut imports = imports_of(run, build, command);
    imports.retain(|name| is_named_in_one(name) && !is_loaded(loaded, name));
    let inline = build.inline.is_some() || command.is_some_and(Command::inline);
    home::beside(imports.pop(), image, inline)
}

/// `docker load` brings the image in.
fn is_loaded(loaded: &[String], name: &str) -> bool {
    loaded.iter().any(|image| reference::same(image, name))
}

/// Names without a slash are those of official images, which nobody else writes to. What is in a
/// variable is not known.
pub(super) fn is_named_in_one(name: &str) -> bool {
    name.contains('/') || tells_nothing(name)
}

/// What is imported: as the build says, else as it was asked for.
fn imports_of(run: &Run, build: &Build, command: Option<&Command>) -> Vec<String> {
    let named = |kind| matches!(kind, CacheKind::Registry | CacheKind::Inline);
    let printed =
        build.imports.iter().filter(|i| named(i.kind)).filter_map(|i| i.reference.as_deref());
    let printed: Vec<_> = printed.map(str::to_owned).collect();
    if !printed.is_empty() {
        return printed;
    }
    let asked: Vec<_> =
        command.into_iter().flat_map(|c| &c.cache_from).filter_map(registry_ref).collect();
    if !asked.is_empty() {
        return asked;
    }
    notes(run, NoteKind::ComposeCacheFrom)
        .filter_map(|n| registry_ref(&CacheSpec::parse(&n.value)))
        .collect()
}

pub(super) fn exported_ref(command: &Command) -> Option<String> {
    command.cache_to.iter().filter_map(registry_ref).next_back()
}

pub(super) fn registry_ref(spec: &CacheSpec) -> Option<String> {
    if spec.kind() != CacheKind::Registry {
        return None;
    }
    let name = spec.get("ref")?;
    (!name.is_empty()).then(|| name.split_once('@').map_or(name, |(name, _)| name).to_owned())
}

fn target_of(run: &Run, build: &Build, command: Option<&Command>, form: Form) -> Option<String> {
    let named = || match command.map(|c| c.targets.as_slice()) {
        Some([one]) => Some(one.as_str()),
        _ => None,
    };
    let note = || notes(run, NoteKind::ComposePluginBuilds).next_back().map(|n| &n.value);
    let target = match form {
        Form::ComposePlugin => build.target.as_ref().or_else(note),
        _ => build.target.as_ref(),
    };
    target.map(Text::as_str).or_else(named).map(str::to_owned)
}

/// A call of bake has caches of its own by `--set` alone.
fn sets_caches(command: &Command) -> bool {
    let own = !command.cache_from.is_empty() || !command.cache_to.is_empty();
    command.tool == Tool::BuildxBake && own
}

fn capable(run: &Run, build: &Build) -> bool {
    let noted = notes(run, NoteKind::ComposePluginDriver).next_back().map(|n| n.value.as_str());
    let driver = build.driver.as_deref().or(noted);
    let created = || {
        run.commands
            .iter()
            .any(|c| c.tool == Tool::BuildxCreate && c.driver.as_deref() != Some("docker"))
    };
    match driver {
        Some(driver) => driver != "docker",
        None => {
            matches!(build.engine, Engine::Buildkitd | Engine::Containerd)
                || build.booted.is_some()
                || created()
        }
    }
}
