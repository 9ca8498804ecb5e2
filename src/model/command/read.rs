//! Reads the options of each tool into a [`Command`].

mod options;

use options::{Opt, OptionReader};

use super::images::{self, ImageCommand};
use super::operands::{context, targets};
use super::words::{Deletes, SimpleCall, call, deletes_images, empties, parts, prunes, simple};
use super::{Asked, CacheSpec, Command, Tool};
use crate::model::{Quote, Text};

impl Command {
    /// Reads the first command of a line that builds or creates a builder; `None` where none does.
    #[must_use]
    pub fn parse(text: &str, quote: &Quote) -> Option<Self> {
        Self::parse_all(text, quote).into_iter().next()
    }

    /// Reads every such command of a line: `docker buildx create --use && docker buildx build .`
    #[must_use]
    pub fn parse_all(text: &str, quote: &Quote) -> Vec<Self> {
        let commands = simple(text);
        commands.iter().filter_map(|words| call(words)).map(|found| read(&found, quote)).collect()
    }

    /// Some command of a line deletes steps of a builder's cache.
    #[must_use]
    pub fn prunes_a_builder(text: &str) -> bool {
        text.contains(" prune") && simple(text).iter().any(|words| prunes(words))
    }

    /// Some command of a line deletes images, and with them what a builder without a cache of its
    /// own keeps.
    #[must_use]
    pub fn deletes_images(text: &str) -> Option<Deletes> {
        let known = [" prune", " rmi", " image rm", " image remove", " system reset"];
        let may = known.iter().any(|verb| text.contains(verb));
        may.then(|| simple(text).iter().find_map(|words| deletes_images(words)))?
    }

    /// One command, given by its words, deletes all steps of a builder's cache.
    #[must_use]
    pub fn empties_a_builder(words: &[&str]) -> bool {
        empties(words)
    }

    /// The names that the commands of a line give to images which are built already.
    #[must_use]
    pub fn names(text: &str) -> Vec<String> {
        if !text.contains(" tag ") && !text.contains(" push ") && !text.contains(" imagetools ") {
            return Vec::new();
        }
        let of_images =
            simple(text).into_iter().filter_map(|words| images::behind_other_words(&words));
        of_images.flat_map(ImageCommand::names).collect()
    }

    /// The images that the commands of a line bring to this machine.
    #[must_use]
    pub fn fetches(text: &str) -> Vec<String> {
        if !text.contains(" pull ") && !text.contains(" docker-daemon:") {
            return Vec::new();
        }
        simple(text).iter().flat_map(|words| images::fetched(words)).collect()
    }

    /// Reads one command that is cut into words already: variables that are set for it, the
    /// program, its words.
    #[must_use]
    pub fn of_words(words: &[String], quote: &Quote) -> Option<Self> {
        call(words).filter(|found| found.first).map(|found| read(&found, quote))
    }

    /// Sets what an option of the `with:` block of an action says; lists come one item a call.
    pub fn input(&mut self, field: &str, value: &str) {
        match field {
            "cache-from" => self.cache_from.extend(CacheSpec::parse_list(value)),
            "cache-to" => self.cache_to.extend(CacheSpec::parse_list(value)),
            "no-cache" => self.no_cache = value == "true",
            "no-cache-filters" => self.no_cache_filter.extend(list(value)),
            "push" => self.push = value == "true",
            "pull" => self.pull = value == "true",
            "builder" => self.builder = Some(value.to_owned()),
            "file" => self.file = Some(value.to_owned()),
            "files" if self.file.is_none() => self.file = list(value).next(),
            "target" => self.target = Some(value.to_owned()),
            "targets" => self.targets.extend(list(value)),
            "tags" => self.tags.extend(list(value).map(Text::from)),
            "platforms" | "platform" => self.platforms.extend(list(value)),
            "build-args" => self.build_args.push(value.to_owned()),
            "set" => self.overridden(value),
            // A step's environment stands below its inputs.
            "SOURCE_DATE_EPOCH" => self.build_args.push(format!("{field}={value}")),
            "driver" => self.driver = Some(value.to_owned()),
            field => self.key_option(field, value),
        }
    }

    /// `*.cache-to=type=gha,mode=max` of bake's `--set` (`docker/buildx` `bake/bake.go`).
    fn overridden(&mut self, value: &str) {
        let Some((key, value)) = value.split_once('=') else { return };
        let Some((_, field)) = key.split_once('.') else { return };
        match field.strip_prefix("args.") {
            Some(name) => self.build_args.push(format!("{name}={value}")),
            None => match field {
                "dockerfile" => self.file = Some(value.to_owned()),
                "no-cache-filter" => self.no_cache_filter.extend(list(value)),
                _ => self.input(field, value),
            },
        }
    }

    /// `filename=`, `target=`, `build-arg:NAME=` of buildctl's `--opt`.
    fn frontend(&mut self, value: &str) {
        if let Some(argument) = value.strip_prefix("build-arg:") {
            self.build_args.push(argument.to_owned());
        }
        let Some((key, value)) = value.split_once('=') else {
            self.no_cache |= value == "no-cache";
            return;
        };
        match key {
            "filename" => self.file = Some(value.to_owned()),
            "target" => self.target = Some(value.to_owned()),
            "platform" => self.platforms.extend(list(value)),
            "no-cache" if value.is_empty() => self.no_cache = true,
            "no-cache" => self.no_cache_filter.extend(list(value)),
            key => self.key_option(key, value),
        }
    }

    /// An option that stays with the command whatever is said of its caches.
    fn other(&mut self, call: &SimpleCall, option: &str, value: Option<String>) {
        const RESULT: [&str; 2] = ["--load", "--progress"];
        if matches!(call.tool, Tool::DockerBuild | Tool::BuildxBuild) && !RESULT.contains(&option) {
            self.others.push((option.to_owned(), value));
        }
    }

    /// `type=image,name=r/a:1,push=true` of `--output`.
    fn output(&mut self, value: &str) {
        let spec = CacheSpec::parse(value);
        self.push |= spec.get("push") == Some("true") || spec.get("type") == Some("registry");
        self.tags.extend(spec.get("name").map(Text::new));
    }
}

fn list(value: &str) -> impl Iterator<Item = String> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned)
}

fn read(call: &SimpleCall, quote: &Quote) -> Command {
    let asked = Asked { tool: call.tool, ..Asked::default() };
    let mut command = Command { quote: quote.clone(), asked: asked.into(), ..Command::default() };
    global(&mut command, call);
    let mut reader = OptionReader { call, command, repository: None };
    let mut words = call.rest.iter();
    while let Some(word) = words.next() {
        let (name, inline) = parts(word);
        reader.option(&mut Opt { name, inline, words: &mut words });
    }
    let OptionReader { mut command, repository, .. } = reader;
    command.context = context(call);
    command.targets = targets(call);
    if let Some(spec) = repository {
        cached_in(&mut command, call, spec);
    }
    epoch(&mut command, call);
    command
}

/// What stands before the verb: buildah's variable, compose's file.
fn global(command: &mut Command, call: &SimpleCall) {
    let mut words = call.before.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-f" | "--file" if call.tool == Tool::Compose && command.file.is_none() => {
                command.file = words.next().map(|file| (*file).clone());
            }
            "BUILDAH_LAYERS=true" => command.layers = Some(true),
            "BUILDAH_LAYERS=false" => command.layers = Some(false),
            _ => {}
        }
    }
}

/// buildx gives the epoch of its environment to the build, unless an argument does
/// (`docker/buildx` `build/opt.go`): `SOURCE_DATE_EPOCH=0 docker buildx build .`.
fn epoch(command: &mut Command, call: &SimpleCall) {
    let buildx = matches!(call.tool, Tool::DockerBuild | Tool::BuildxBuild | Tool::BuildxBake);
    let is_epoch = |word: &str| word.starts_with("SOURCE_DATE_EPOCH=");
    if !buildx || command.build_args.iter().any(|argument| is_epoch(argument)) {
        return;
    }
    let set = call.before.iter().rfind(|word| is_epoch(word));
    command.build_args.extend(set.map(|word| (*word).clone()));
}

/// kaniko reads and writes one repository, where its cache is on.
fn cached_in(command: &mut Command, call: &SimpleCall, spec: CacheSpec) {
    if command.layers != Some(true) {
        return;
    }
    let keeps = !call.rest.iter().any(|w| w == "--no-push-cache" || w == "--no-push-cache=true");
    command.cache_to.extend(keeps.then(|| spec.clone()));
    command.cache_from.push(spec);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CacheKind;

    fn parse(text: &str) -> Option<Command> {
        Command::parse(text, &Quote::default())
    }

    #[test]
    fn reads_cache_options_in_both_spellings() {
        let c = parse(
            "docker buildx build --cache-from r/a:b \
            --cache-to=type=registry,ref=r/a:b,mode=max --build-arg BUILDKIT_INLINE_CACHE=1 -t \
            r/a:1 --push .",
        )
        .unwrap();
        assert_eq!(c.tool, Tool::BuildxBuild);
        assert_eq!(c.cache_from[0].get("ref"), Some("r/a:b"));
        assert_eq!(
            (c.cache_to[0].kind(), c.cache_to[0].get("mode")),
            (CacheKind::Registry, Some("max"))
        );
        assert!(c.inline() && c.push && c.tags == ["r/a:1"]);
    }

    #[test]
    fn knows_tools_and_leaves_other_commands() {
        assert_eq!(
            parse("DOCKER_BUILDKIT=1 docker build --no-cache .").unwrap().tool,
            Tool::DockerBuild
        );
        let compose = parse("docker compose -f a.yml build --pull web").unwrap();
        assert_eq!(
            (compose.tool, compose.file.as_deref(), compose.pull),
            (Tool::Compose, Some("a.yml"), true)
        );
        assert_eq!(
            parse("docker buildx create --driver docker-container --use")
                .unwrap()
                .driver
                .as_deref(),
            Some("docker-container")
        );
        for other in [
            "docker push r/a:1",
            "npm run build",
            "docker run x build",
            "docker images",
            "podman run x build",
            "podman --root /r run x build",
            "docker --context ci exec x build",
            "buildah push r/a:1",
            "./executor --cache",
        ] {
            assert!(parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn reads_every_command_of_a_line() {
        let all = Command::parse_all(
            "docker login r; docker buildx create --use --name ci && docker buildx build \
                --platform linux/amd64,linux/arm64 -f Dockerfile.web --target app . | tee log",
            &Quote::default(),
        );
        assert_eq!(
            all.iter().map(|c| c.tool).collect::<Vec<_>>(),
            [Tool::BuildxCreate, Tool::BuildxBuild]
        );
        assert_eq!(all[1].platforms, ["linux/amd64", "linux/arm64"]);
        assert_eq!(
            (all[1].file.as_deref(), all[1].target.as_deref()),
            (Some("Dockerfile.web"), Some("app"))
        );
    }

    #[test]
    fn the_context_is_no_value_of_an_option() {
        for (line, context) in [
            ("docker buildx build . -t r/a:1 --push --cache-to type=registry,ref=r/a:c", Some(".")),
            ("docker build --pull --no-cache web", Some("web")),
            ("docker buildx build --network host -f - app --load", Some("app")),
            ("docker build -t r/a:1 -", Some("-")),
            ("docker build -tr/a:1 -f- app", Some("app")),
            ("docker build --secret id=npm,src=.npmrc --progress plain", None),
            ("podman build --layers -t r/a:1 src", Some("src")),
            ("podman --storage-driver vfs --root=/r build src", Some("src")),
            ("docker --context ci --debug build src", Some("src")),
        ] {
            assert_eq!(parse(line).unwrap().context.as_deref(), context, "{line}");
        }
    }

    #[test]
    fn reads_buildah_and_podman() {
        let c = parse(
            "sudo buildah bud --layers --cache-from r/c --cache-to r/c --build-arg V=1 -t r/a:1 -f \
                Containerfile .",
        )
        .unwrap();
        assert_eq!((c.tool, c.layers), (Tool::Buildah, Some(true)));
        assert_eq!(
            (c.cache_from[0].get("ref"), c.cache_to[0].get("ref")),
            (Some("r/c"), Some("r/c"))
        );
        assert_eq!(
            (&*c.build_args[0], c.tags[0].as_str(), c.file.as_deref()),
            ("V=1", "r/a:1", Some("Containerfile"))
        );
        assert_eq!(parse("BUILDAH_LAYERS=true buildah build .").unwrap().layers, Some(true));
        let podman = parse("podman build --layers=false --no-cache --target x .").unwrap();
        assert_eq!(
            (podman.layers, podman.no_cache, podman.target.as_deref()),
            (Some(false), true, Some("x"))
        );
    }

    #[test]
    fn reads_what_is_handed_to_another_shell() {
        for line in [
            "docker exec k1 bash -c 'A=1 docker compose -f a.yml build --build-arg V=1'",
            "sh -c \"cd app && docker compose build --build-arg V=1\"",
            "/bin/sh -ec \"docker compose build --build-arg 'V=1'\"",
            "ssh -p 2222 ci@host 'docker compose build --build-arg V=1'",
            "ssh ci@host docker compose build --build-arg V=1",
            "su - ci -c 'docker compose build --build-arg V=1'",
            "nix-shell --run 'docker compose build --build-arg V=1'",
            "ssh host \"bash -lc 'docker compose build --build-arg V=1'\"",
            "docker exec -t k1 docker compose build --build-arg V=1",
            "kubectl exec pod -- sh -c 'docker compose build --build-arg V=1'",
        ] {
            let found = Command::parse_all(line, &Quote::default());
            assert_eq!(found.iter().map(|c| c.tool).collect::<Vec<_>>(), [Tool::Compose], "{line}");
            assert_eq!(found[0].build_args, ["V=1"], "{line}");
        }
        for other in [
            "docker exec k1 bash -c 'npm run build'",
            "docker run --rm -v a:b node sh -c 'npm run build'",
        ] {
            assert!(parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn reads_kaniko() {
        let line = "/kaniko/executor --context dir:///w --dockerfile /w/Dockerfile --destination \
            r/a:1 --cache=true --cache-repo r/a/cache --build-arg=V=1 --target app";
        let c = parse(line).unwrap();
        assert_eq!((c.tool, c.layers, c.cache_to.len()), (Tool::Kaniko, Some(true), 1));
        assert_eq!(c.cache_from[0].get("ref"), Some("r/a/cache"));
        assert_eq!((c.tags[0].as_str(), &*c.build_args[0]), ("r/a:1", "V=1"));
        let reads = parse(&format!("{line} --no-push-cache")).unwrap();
        assert_eq!((reads.cache_from.len(), reads.cache_to.len()), (1, 0));
        assert!(
            parse("/kaniko/executor --cache-repo r/c --destination r/a")
                .unwrap()
                .cache_from
                .is_empty()
        );
    }

    #[test]
    fn reads_bake_and_buildctl() {
        let c = parse(
            "docker buildx bake -f docker-bake.hcl --set *.cache-to=type=gha,mode=max \
            --set web.args.V=1 --set '*.platform=linux/arm64' --no-cache web",
        )
        .unwrap();
        assert_eq!(
            (c.tool, c.cache_to[0].kind(), c.no_cache),
            (Tool::BuildxBake, CacheKind::Gha, true)
        );
        assert_eq!((&*c.targets, &c.context), (&["web".to_owned()][..], &None));
        assert_eq!((&*c.build_args[0], &*c.platforms[0]), ("V=1", "linux/arm64"));
        let c = parse(
            "buildctl --addr tcp://b:1 build --frontend dockerfile.v0 --local context=. \
            --opt filename=D --opt target=x --opt build-arg:V=1 --opt no-cache= --output \
            type=image,name=r/a:1,push=true --export-cache type=inline --import-cache r/a:1",
        )
        .unwrap();
        assert_eq!(
            (c.file.as_deref(), c.target.as_deref(), c.no_cache),
            (Some("D"), Some("x"), true)
        );
        assert!(c.push && c.inline() && c.tags == ["r/a:1"] && c.build_args == ["V=1"]);
    }
}
