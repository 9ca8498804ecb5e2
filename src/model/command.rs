//! A command line echoed in the log, read for what it says about the cache.
//!
//! Only states what was written; whether an option makes sense is for the rules.

use super::{CacheKind, Quote};

/// The tool a command line calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tool {
    /// `docker build`.
    #[default]
    DockerBuild,
    /// `docker buildx build`.
    BuildxBuild,
    /// `docker buildx bake`.
    BuildxBake,
    /// `docker buildx create`.
    BuildxCreate,
    /// `docker compose build`, `docker-compose build`.
    Compose,
    /// `buildctl build`.
    Buildctl,
    /// The `with:` block of docker/build-push-action.
    BuildPushAction,
}

/// One `--cache-from` or `--cache-to`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CacheSpec {
    /// As written.
    pub raw: String,
    /// `key=value` parts, in order. A bare reference is `ref=…` of `type=registry`.
    pub attributes: Vec<(String, String)>,
    /// Parts without `=`.
    pub loose: Vec<String>,
}

/// One command line that builds an image or makes a builder.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// What is called.
    pub tool: Tool,
    /// The line.
    pub quote: Quote,
    /// `--cache-from`.
    pub cache_from: Vec<CacheSpec>,
    /// `--cache-to`.
    pub cache_to: Vec<CacheSpec>,
    /// `--build-arg` (`--opt build-arg:` of buildctl).
    pub build_args: Vec<String>,
    /// `--no-cache`.
    pub no_cache: bool,
    /// `--no-cache-filter`.
    pub no_cache_filter: Vec<String>,
    /// `--builder`.
    pub builder: Option<String>,
    /// `--driver` of `buildx create`.
    pub driver: Option<String>,
    /// `--file`.
    pub file: Option<String>,
    /// `--target`.
    pub target: Option<String>,
    /// `--tag`.
    pub tags: Vec<String>,
    /// `--push`.
    pub push: bool,
    /// `--pull`.
    pub pull: bool,
}

impl CacheSpec {
    /// Reads `type=registry,ref=r,mode=max` or a bare reference, as buildx does
    /// (`util/buildflags/cache.go`: a value without `=` is a registry reference).
    #[must_use]
    pub fn parse(raw: &str) -> Self {
        let raw = raw.trim();
        let mut spec = Self { raw: raw.to_owned(), ..Self::default() };
        if !raw.contains('=') {
            spec.attributes = vec![("type".into(), "registry".into()), ("ref".into(), raw.into())];
            return spec;
        }
        for part in raw.split(',') {
            match part.split_once('=') {
                Some((key, value)) => spec.attributes.push((key.to_owned(), value.to_owned())),
                None => spec.loose.push(part.to_owned()),
            }
        }
        spec
    }

    /// Value of an attribute; keys are compared without blanks and case, as buildx does.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(k, _)| k.trim().eq_ignore_ascii_case(key)).map(|(_, v)| v.as_str())
    }

    /// The backend; a specification without `type` is a registry one.
    #[must_use]
    pub fn kind(&self) -> CacheKind {
        CacheKind::from_type(self.get("type").unwrap_or("registry"))
    }
}

impl CacheKind {
    /// From the `type=` of a command line.
    #[must_use]
    pub fn from_type(name: &str) -> Self {
        match name {
            "registry" => Self::Registry,
            "local" => Self::Local,
            "gha" => Self::Gha,
            "s3" => Self::S3,
            "azblob" => Self::Azblob,
            "inline" => Self::Inline,
            _ => Self::Unknown,
        }
    }

    /// As written after `type=`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Local => "local",
            Self::Gha => "gha",
            Self::S3 => "s3",
            Self::Azblob => "azblob",
            Self::Inline => "inline",
            Self::Unknown => "unknown",
        }
    }
}

impl Command {
    /// Reads one command line; `None` where it neither builds nor creates a builder.
    #[must_use]
    pub fn parse(text: &str, quote: Quote) -> Option<Self> {
        let words = shlex::split(text).unwrap_or_else(|| text.split_ascii_whitespace().map(str::to_owned).collect());
        let (tool, rest) = tool_of(&words)?;
        let mut command = Self { tool, quote, ..Self::default() };
        let mut words = rest.iter().take_while(|w| !matches!(w.as_str(), "&&" | "||" | ";" | "|"));
        while let Some(word) = words.next() {
            let (option, inline) = match word.split_once('=') {
                Some((option, value)) if option.starts_with('-') => (option, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            let mut value = || inline.clone().or_else(|| words.next().cloned()).unwrap_or_default();
            match option {
                "--cache-from" | "--import-cache" => command.cache_from.push(CacheSpec::parse(&value())),
                "--cache-to" | "--export-cache" => command.cache_to.push(CacheSpec::parse(&value())),
                "--build-arg" => command.build_args.push(value()),
                "--opt" => command.build_args.extend(value().strip_prefix("build-arg:").map(str::to_owned)),
                "--no-cache" => command.no_cache = inline.as_deref() != Some("false"),
                "--no-cache-filter" => command.no_cache_filter.extend(value().split(',').map(str::to_owned)),
                "--builder" => command.builder = Some(value()),
                "--driver" => command.driver = Some(value()),
                "-f" | "--file" => command.file = Some(value()),
                "--target" => command.target = Some(value()),
                "-t" | "--tag" => command.tags.push(value()),
                "--push" => command.push = true,
                "--pull" => command.pull = true,
                _ => {}
            }
        }
        Some(command)
    }

    /// Inline cache is asked for.
    #[must_use]
    pub fn inline(&self) -> bool {
        self.build_args.iter().any(|a| a == "BUILDKIT_INLINE_CACHE=1")
            || self.cache_to.iter().any(|s| s.kind() == CacheKind::Inline)
    }
}

/// Finds the called tool and the words after it. Global options (`docker --context x`,
/// `docker-compose -f a.yml -p b`) and variables in front are skipped.
fn tool_of(words: &[String]) -> Option<(Tool, &[String])> {
    let start = words.iter().position(|w| {
        let name = w.rsplit('/').next().unwrap_or(w);
        matches!(name, "docker" | "docker-compose" | "buildctl" | "docker-buildx")
    })?;
    let program = words.get(start)?.rsplit('/').next()?;
    let rest = words.get(start + 1..)?;
    let verb = |tool, verbs: &[&str]| {
        let at = rest.iter().position(|w| verbs.contains(&w.as_str()))?;
        Some((tool, rest.get(at + 1..).unwrap_or_default()))
    };
    let has = |word: &str| rest.iter().take_while(|w| !matches!(w.as_str(), "&&" | ";" | "||")).any(|w| w == word);
    match program {
        "docker-compose" => verb(Tool::Compose, &["build", "up"]),
        "buildctl" => verb(Tool::Buildctl, &["build"]),
        _ if has("compose") => verb(Tool::Compose, &["build", "up"]),
        _ if has("bake") => verb(Tool::BuildxBake, &["bake"]),
        _ if has("create") && (has("buildx") || program == "docker-buildx") => verb(Tool::BuildxCreate, &["create"]),
        _ if has("buildx") || program == "docker-buildx" => verb(Tool::BuildxBuild, &["build", "b"]),
        _ => match rest.first().map(String::as_str) {
            Some("build" | "image" | "builder") => verb(Tool::DockerBuild, &["build"]),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Command> {
        Command::parse(text, Quote::default())
    }

    #[test]
    fn reads_cache_options_in_both_spellings() {
        let c = parse("docker buildx build --cache-from r/a:b --cache-to=type=registry,ref=r/a:b,mode=max --build-arg BUILDKIT_INLINE_CACHE=1 -t r/a:1 --push .").unwrap();
        assert_eq!(c.tool, Tool::BuildxBuild);
        assert_eq!(c.cache_from[0].get("ref"), Some("r/a:b"));
        assert_eq!((c.cache_to[0].kind(), c.cache_to[0].get("mode")), (CacheKind::Registry, Some("max")));
        assert!(c.inline() && c.push && c.tags == ["r/a:1"]);
    }

    #[test]
    fn knows_tools_and_leaves_other_commands() {
        assert_eq!(parse("DOCKER_BUILDKIT=1 docker build --no-cache .").unwrap().tool, Tool::DockerBuild);
        assert_eq!(parse("docker compose -f a.yml build --pull web").unwrap().tool, Tool::Compose);
        assert_eq!(
            parse("docker buildx create --driver docker-container --use").unwrap().driver.as_deref(),
            Some("docker-container")
        );
        for other in ["docker push r/a:1", "npm run build", "docker run x build", "docker images"] {
            assert!(parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn keeps_what_follows_a_blank_after_the_comma() {
        let spec = CacheSpec::parse("type=gha, scope=x");
        assert_eq!(spec.get("scope"), Some("x"));
        assert_eq!(spec.attributes[1].0, " scope");
    }
}
