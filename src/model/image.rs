//! The name of an image in a registry, taken apart.
//!
//! Source: `distribution/reference` `normalize.go`: Docker Hub's host and the folder `library` may
//! be left out, a missing tag is `latest`. Asked of every pair of names that are compared, so bytes
//! are looked for.

use memchr::{memchr, memchr2, memrchr};

/// `registry/repository:tag@digest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImageRef<'a> {
    /// Host with port; Docker Hub's where none is written.
    pub registry: &'a str,
    /// Path in the registry.
    pub repository: &'a str,
    /// Tag, where written.
    pub tag: Option<&'a str>,
    /// `sha256:…`, where written.
    pub digest: Option<&'a str>,
}

/// Where an image or a cache is kept, as it is written: the name without tag and digest, and the
/// tag. `localhost:5000/team/app:cache` is `localhost:5000/team/app` and `cache`.
#[must_use]
pub fn repository_and_tag(name: &str) -> (&str, Option<&str>) {
    split_tag(split_digest(name).0)
}

impl<'a> ImageRef<'a> {
    /// Takes a name apart.
    #[must_use]
    pub fn parse(name: &'a str) -> Self {
        let (name, digest) = split_digest(name);
        let (name, tag) = split_tag(name);
        let (registry, path) = match split(name, memchr(b'/', name.as_bytes())) {
            // No name in Docker Hub has another letter: `***`, `[MASKED]` and `$REGISTRY` stand for
            // a host.
            Some((host, path)) if !host.bytes().all(is_of_name) || host == "localhost" => {
                (host, path)
            }
            _ => ("docker.io", name),
        };
        let hub = registry == "docker.io";
        let repository = if hub { path.strip_prefix("library/").unwrap_or(path) } else { path };
        Self { registry, repository, tag, digest }
    }

    /// Another tag or digest is the same repository.
    #[must_use]
    pub fn is_of(&self, other: &Self) -> bool {
        self.registry == other.registry && self.repository == other.repository
    }

    /// The same repository and tag.
    #[must_use]
    pub fn has_tag_of(&self, other: &Self) -> bool {
        self.is_of(other) && self.tag.unwrap_or("latest") == other.tag.unwrap_or("latest")
    }
}

/// What CI systems print in the place of a secret, beside a run of stars.
const MASKS: [&str; 2] = ["[MASKED]", "[REDACTED]"];

/// Whether something in the name is masked.
#[must_use]
pub fn is_masked(name: &str) -> bool {
    readable(name).is_some()
}

/// Whether two names, parts of which may be masked, can be one: what is readable of one does not
/// contradict the other.
#[must_use]
pub fn may_be_one(a: &str, b: &str) -> bool {
    match (readable(a), readable(b)) {
        (None, None) => a == b,
        (Some((begin, end)), None) => b.starts_with(begin) && b.ends_with(end),
        (None, Some((begin, end))) => a.starts_with(begin) && a.ends_with(end),
        (Some((begin, end)), Some((other, tail))) => {
            let begins = begin.starts_with(other) || other.starts_with(begin);
            begins && (end.ends_with(tail) || tail.ends_with(end))
        }
    }
}

/// What stands before the first mask and behind the last: `ghcr.io/` and `/web` of
/// `ghcr.io/***/web`. `None` without any.
#[must_use]
pub fn readable(name: &str) -> Option<(&str, &str)> {
    memchr2(b'*', b'[', name.as_bytes())?;
    let masks = || MASKS.iter().chain(&["*"]);
    let begin = masks()
        .filter_map(|mask| Some(name.split_once(mask)?.0))
        .min_by_key(|begin| begin.len())?;
    let end =
        masks().filter_map(|mask| Some(name.rsplit_once(mask)?.1)).min_by_key(|end| end.len())?;
    Some((begin, end))
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// A name without its digest, and the digest.
fn split_digest(name: &str) -> (&str, Option<&str>) {
    match split(name, memchr(b'@', name.as_bytes())) {
        // `r.example.com/$@:cache`: make's name of the target.
        Some((before, _)) if before.ends_with(['$', '{', '(']) => (name, None),
        Some((name, digest)) => (name, Some(digest)),
        None => (name, None),
    }
}

/// A name without its tag, and the tag. What follows the colon of a port, or the one in
/// `${IMAGE:-app}` and in the mark of a value that a history does not keep (`<arg:1984643270>`), is
/// none.
fn split_tag(name: &str) -> (&str, Option<&str>) {
    let colon = match memchr2(b'{', b'<', name.as_bytes()) {
        Some(_) => colon_outside_braces(name),
        None => memrchr(b':', name.as_bytes()),
    };
    match split(name, colon) {
        Some((repository, tag)) if !outside_braces(tag).contains('/') => (repository, Some(tag)),
        _ => (name, None),
    }
}

/// The last one.
fn colon_outside_braces(name: &str) -> Option<usize> {
    let is_inside = |at: usize| {
        let rest = name.get(at..).unwrap_or_default();
        let closes = |close, open| rest.matches(close).count() > rest.matches(open).count();
        closes('}', '{') || closes('>', '<')
    };
    name.rmatch_indices(':').map(|(at, _)| at).find(|at| !is_inside(*at))
}

/// `${BRANCH//\//-}` is a value without a folder.
fn outside_braces(text: &str) -> &str {
    text.split('{').next().unwrap_or(text)
}

/// What stands before and behind the byte at this place.
fn split(name: &str, at: Option<usize>) -> Option<(&str, &str)> {
    let at = at?;
    Some((name.get(..at)?, name.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_of_a_variable_or_of_a_mark_begins_no_tag() {
        for (name, want) in [
            ("r.example.com/a:<arg:1984643270>", ("r.example.com/a", Some("<arg:1984643270>"))),
            ("${IMAGE:-app}:${TAG:-1}", ("${IMAGE:-app}", Some("${TAG:-1}"))),
            ("localhost:5000/a", ("localhost:5000/a", None)),
        ] {
            assert_eq!(repository_and_tag(name), want, "{name}");
        }
    }

    #[test]
    fn what_is_readable_tells_masked_names_apart() {
        for (a, b) in [
            ("***/shop/web", "r.example.com/shop/web"),
            ("[MASKED]/web", "***/web"),
            ("ghcr.io/***", "ghcr.io/***-api"),
            ("***", "r.example.com/web"),
        ] {
            assert!(may_be_one(a, b) && may_be_one(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("***/prod/api", "***/dev/api"),
            ("***/web", "r.example.com/api"),
            ("ghcr.io/***", "quay.io/a"),
        ] {
            assert!(!may_be_one(a, b) && !may_be_one(b, a), "{a} {b}");
        }
        assert!(is_masked("a/[REDACTED]") && !is_masked("r.example.com/a:1"));
    }

    #[test]
    fn ports_are_no_tags_and_hub_may_be_left_out() {
        let one = ImageRef::parse("localhost:5000/one");
        assert_eq!((one.registry, one.repository, one.tag), ("localhost:5000", "one", None));
        assert!(!one.is_of(&ImageRef::parse("localhost:5000/two")));
        assert!(
            ImageRef::parse("docker.io/library/node:20")
                .is_of(&ImageRef::parse("node:22@sha256:0"))
        );
        assert_eq!(ImageRef::parse("node@sha256:0").digest, Some("sha256:0"));
        for host in ["***", "[MASKED]", "$REGISTRY", "r.example.com", "localhost"] {
            let name = format!("{host}/team/app:1");
            let parsed = ImageRef::parse(&name);
            assert_eq!(
                (parsed.registry, parsed.repository, parsed.tag),
                (host, "team/app", Some("1")),
                "{name}"
            );
        }
    }
}
