//! What an instruction of a Dockerfile does, read from its text once.
//!
//! Source: `moby/buildkit` `frontend/dockerfile/instructions/parse.go`: options stand in front, a
//! RUN's `--from=build` further on is a word of its command.

use std::sync::OnceLock;

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Operation {
    /// Executes a command, with these mounts.
    Run(Vec<Mount>),
    /// COPY or ADD.
    Copy(Copying),
    /// Makes a directory.
    Workdir,
    /// Anything else.
    #[default]
    Other,
}

/// A `--mount=` of a RUN.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Mount {
    /// `bind` unless another type is written.
    pub kind: String,
    /// Stage or image; without one a bind mount is of the build context.
    pub from: Option<String>,
}

/// What a COPY or ADD takes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Copying {
    /// Stage, image or named context; `None` is the build context.
    pub from: Option<String>,
    /// Sources as written; of the context, of the stage, or addresses of an ADD.
    pub sources: Vec<String>,
    /// `--link`: the step does not depend on those before it.
    pub link: bool,
}

impl Operation {
    /// Reads the text of an instruction: `COPY --from=build /app /app`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (instruction, rest) = text.split_once(' ').unwrap_or((text, ""));
        match instruction.to_ascii_uppercase().as_str() {
            "RUN" => Self::Run(options(rest).filter_map(mount).collect()),
            "COPY" | "ADD" => Self::Copy(copying(rest)),
            "WORKDIR" => Self::Workdir,
            _ => Self::Other,
        }
    }

    /// Names of the stages or images whose files it takes.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        let (mounts, copy) = match self {
            Self::Run(mounts) => (mounts.as_slice(), None),
            Self::Copy(copying) => (&[][..], copying.from.as_deref()),
            Self::Workdir | Self::Other => (&[][..], None),
        };
        mounts
            .iter()
            .filter(|mount| mount.binds())
            .filter_map(|mount| mount.from.as_deref())
            .chain(copy)
    }

    /// It takes files of the build context, or from an address.
    #[must_use]
    pub fn reads_context(&self) -> bool {
        match self {
            Self::Run(mounts) => mounts.iter().any(|mount| mount.binds() && mount.from.is_none()),
            Self::Copy(copying) => copying.from.is_none() && !copying.is_written(),
            Self::Workdir | Self::Other => false,
        }
    }

    /// A COPY with `--link`.
    #[must_use]
    pub fn is_link(&self) -> bool {
        matches!(self, Self::Copy(copying) if copying.link)
    }
}

impl Copying {
    /// Every source is a here-document, whose lines are no part of the printed text:
    /// `COPY <<EOF /etc/motd`.
    #[must_use]
    pub fn is_written(&self) -> bool {
        !self.sources.is_empty() && self.sources.iter().all(|source| source.starts_with("<<"))
    }
}

impl Mount {
    /// It brings files in that are part of the cache key.
    #[must_use]
    pub fn binds(&self) -> bool {
        self.kind == "bind"
    }
}

/// Words in front that begin with `--`.
fn options(rest: &str) -> impl Iterator<Item = &str> {
    rest.split_ascii_whitespace().take_while(|word| word.starts_with("--"))
}

/// `--mount=type=bind,from=build,target=/x`
fn mount(option: &str) -> Option<Mount> {
    let parts = option.strip_prefix("--mount=")?;
    let value = |key: &str| parts.split(',').find_map(|part| part.strip_prefix(key));
    let kind = value("type=").unwrap_or("bind").to_owned();
    Some(Mount { kind, from: value("from=").map(str::to_owned) })
}

/// Both texts are one but for the ids of cache mounts and for how these are shared, which are no
/// part of the key from `BuildKit` 0.13 on. A mount without an id has another key than one with.
#[must_use]
pub fn differ_in_cache_ids(a: &str, b: &str) -> bool {
    a != b && a.split(' ').map(without_id).eq(b.split(' ').map(without_id))
}

/// A word of an instruction; of a cache mount the parts that are in its key.
fn without_id(word: &str) -> Vec<&str> {
    let parts = || word.split(',');
    if !word.starts_with("--mount=") || !parts().any(|part| part.ends_with("type=cache")) {
        return vec![word];
    }
    let keyed = parts().filter(|part| !part.starts_with("sharing="));
    keyed.map(|part| if part.starts_with("id=") { "id" } else { part }).collect()
}

fn copying(rest: &str) -> Copying {
    let from = options(rest).find_map(|option| option.strip_prefix("--from="));
    let link = options(rest).any(|option| matches!(option, "--link" | "--link=true"));
    let separators = |c: char| c.is_ascii_whitespace() || matches!(c, '[' | ']' | ',');
    let words = rest.split(separators).map(|word| word.trim_matches('"'));
    let words = words.filter(|word| !word.is_empty()).skip_while(|word| word.starts_with("--"));
    let mut sources: Vec<String> = words.map(str::to_owned).collect();
    sources.pop();
    Copying { from: from.map(str::to_owned), sources, link }
}

/// An operation that is read when it is first asked for. Equal texts have equal ones, so it takes
/// no part in comparisons; a clone, which may get another text, reads anew.
#[derive(Debug, Default)]
pub struct Lazy(OnceLock<Operation>);

impl Lazy {
    /// The operation of this text.
    pub(super) fn of(&self, text: &str) -> &Operation {
        self.0.get_or_init(|| Operation::parse(text))
    }
}

impl Clone for Lazy {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Lazy {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Lazy {}

impl std::hash::Hash for Lazy {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_cache_mount_is_told_from_what_is_in_the_key() {
        let of = |options: &str| format!("RUN --mount=type=cache,target=/c{options} make");
        let differ = |a: &str, b: &str| differ_in_cache_ids(&of(a), &of(b));
        assert!(differ(",id=a", ",id=b") && differ(",id=a", ",id=b,sharing=locked"));
        assert!(!differ("", ",id=a") && !differ(",id=a", ",id=a") && !differ(",id=a", ",uid=5"));
        assert!(!differ_in_cache_ids("RUN make id=a", "RUN make id=b"));
    }

    fn sources(text: &str) -> Vec<String> {
        Operation::parse(text).sources().map(str::to_owned).collect()
    }

    #[test]
    fn only_options_name_stages() {
        assert_eq!(sources("COPY --chown=1 --from=build /a /a"), ["build"]);
        assert_eq!(sources("RUN --mount=type=bind,from=deps,target=/d make"), ["deps"]);
        assert!(sources("RUN tool --from=build run").is_empty());
        assert!(sources("RUN --mount=type=cache,from=build,target=/b make").is_empty());
    }

    #[test]
    fn a_bind_mount_without_source_reads_the_context() {
        let reads = |text| Operation::parse(text).reads_context();
        assert!(reads("RUN --mount=source=go.mod,target=go.mod go build") && reads("COPY a /a"));
        assert!(!reads("RUN --mount=type=cache,target=/root/.npm npm ci") && !reads("RUN make"));
        assert!(!reads("RUN --mount=type=bind,from=deps,target=/d make"));
    }

    #[test]
    fn copies_are_taken_apart() {
        let Operation::Copy(copying) = Operation::parse("COPY --link [\"a b\", \"/c\"]") else {
            panic!()
        };
        assert!(copying.link && copying.from.is_none());
        let Operation::Copy(copying) = Operation::parse("ADD a.txt b.txt /dir/") else { panic!() };
        assert_eq!(copying.sources, ["a.txt", "b.txt"]);
        let written = Operation::parse("COPY <<\"EOF\" <<B /etc/");
        assert!(!written.reads_context() && Operation::parse("COPY <<A b /").reads_context());
    }
}
