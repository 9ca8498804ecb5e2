//! Reads the builder's own error about a specification and names the mistake.
//!
//! Producers: `BuildKit` `control/control.go`, `client/solve.go`, `solver/llbsolver/bridge.go`,
//! `cache/remotecache/*`; buildx `util/buildflags/cache.go`.

use super::valid::{COMPRESSIONS, TYPES, nearest};
use super::{Kind, Mistake};
use crate::model::{CacheSpec, repository_and_tag};

/// The mistake an error text names; any other configuration error is quoted as it is.
pub(in crate::rules) fn from_error(text: &str) -> Mistake {
    let text = text.trim_end();
    compression(text)
        .or_else(|| backend(text))
        .or_else(|| unusable(text))
        .or_else(|| requires(text))
        .or_else(|| unset(text))
        .or_else(|| flag(text))
        .unwrap_or_else(|| verbatim(text))
}

/// `invalid reference format`: quotation marks that a file or shell left around a reference became
/// part of it; or the client knows names only and takes `type=registry,ref=r/a:c` for two of them
/// (`docker build` of `docker/cli` 20.10, `cmd/build/build_buildkit.go`).
pub(in crate::rules) fn bad_reference(text: &str, reference: Option<&str>) -> Option<Mistake> {
    if !text.trim_end().ends_with("invalid reference format") {
        return None;
    }
    let written = reference?;
    if let Some(mistake) = super::joined(written) {
        return Some(mistake);
    }
    if ["type=", "ref="].iter().any(|key| written.starts_with(key)) {
        return Some(Mistake {
            token: "type=registry,ref=…".to_owned(),
            nearest: None,
            kind: Kind::Names,
            valid: Vec::new(),
        });
    }
    let bare = written.trim_matches(['"', '\'']);
    let nearest = (bare != written).then(|| bare.to_owned());
    Some(Mistake {
        token: written.to_owned(),
        nearest,
        kind: Kind::BadReference,
        valid: Vec::new(),
    })
}

/// The same of a name that is printed without a fault: a CI system masks a part of it (`***`), or
/// another option that is printed alike `works`. A line end or a blank is not printed.
pub(in crate::rules) fn hidden(text: &str, written: &str, works: bool) -> Option<Mistake> {
    let refused = text.trim_end().ends_with("invalid reference format");
    let fault = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '=');
    let name = written.rsplit_once(':').map_or(written, |(name, _)| name);
    let shown = written.contains(fault) || name.contains(|c: char| c.is_ascii_uppercase());
    let hides = works || written.contains("***");
    (refused && hides && !shown).then(|| Mistake {
        token: written.to_owned(),
        nearest: None,
        kind: Kind::Hidden,
        valid: Vec::new(),
    })
}

/// `invalid reference format: repository name (Acme/web) must be lowercase`, before 2023 without the
/// name; of buildah `invalid repo "ghcr.io/Acme/web": must contain registry and repository: …`
/// (`distribution/reference`, `buildah` `pkg/parse/parse.go`).
pub(in crate::rules) fn capital_letters(text: &str, reference: Option<&str>) -> Option<Mistake> {
    if !text.contains("must be lowercase") {
        return None;
    }
    let between = |before: &str, after: char| text.split_once(before)?.1.split(after).next();
    let named = between("repository name (", ')').or_else(|| between("invalid repo \"", '"'));
    let is_meant = |name: &&str| name.bytes().any(|byte| byte.is_ascii_uppercase());
    let written = named.or(reference.filter(is_meant))?;
    let (repository, tag) = repository_and_tag(written);
    let lower = repository.to_ascii_lowercase();
    Some(Mistake {
        token: written.to_owned(),
        nearest: Some(tag.map_or_else(|| lower.clone(), |tag| format!("{lower}:{tag}"))),
        kind: Kind::BadReference,
        valid: Vec::new(),
    })
}

/// `invalid repo "type=local,src=mycache": must contain registry and repository: …` (`buildah`
/// `pkg/parse/parse.go`)
pub(in crate::rules) fn no_repository(text: &str) -> Option<Mistake> {
    let (_, rest) = text.split_once("invalid repo \"")?;
    let (written, _) = rest.split_once('"')?;
    super::lint_buildah(&CacheSpec::parse(written))
}

/// `unsupported compression type ztsd`
fn compression(text: &str) -> Option<Mistake> {
    let value = word(text, "unsupported compression type ")?;
    let meant = nearest(value, &COMPRESSIONS).map(|v| format!("compression={v}"));
    Some(Mistake {
        token: format!("compression={value}"),
        nearest: meant,
        kind: Kind::BadValue,
        valid: COMPRESSIONS.to_vec(),
    })
}

/// `unknown cache exporter: "registri"`, `unknown cache importer: gha`
fn backend(text: &str) -> Option<Mistake> {
    let name = word(text, "unknown cache exporter: ")
        .or_else(|| word(text, "unknown cache importer: "))?;
    let token = format!("type={name}");
    // Actions split their lists at commas, and not inside quotation marks.
    if name.contains(',') {
        return Some(Mistake {
            nearest: Some(token.clone()),
            token: name.to_owned(),
            kind: Kind::Quoted,
            valid: Vec::new(),
        });
    }
    if TYPES.contains(&name) {
        return Some(Mistake {
            token,
            nearest: None,
            kind: Kind::TypeUnsupported,
            valid: Vec::new(),
        });
    }
    let meant = nearest(name, &TYPES).map(|t| format!("type={t}"));
    Some(Mistake { token, nearest: meant, kind: Kind::UnknownType, valid: TYPES.to_vec() })
}

/// `registry cache exporter requires ref`, `local cache importer requires src`,
/// `cache with type gha requires token parameter or $ACTIONS_RUNTIME_TOKEN`
fn requires(text: &str) -> Option<Mistake> {
    let name =
        word(text, " cache exporter requires ").or_else(|| word(text, " cache importer requires "));
    let buildctl =
        || text.split_once("cache with type ").and_then(|(_, rest)| word(rest, " requires "));
    let name = name.or_else(buildctl);
    let name = name.or_else(|| text.contains("type required for \"").then_some("type"))?;
    Some(missing(name))
}

/// `bucket ($AWS_BUCKET) not set for s3 cache`, `token not set for github actions cache`,
/// `either ${BUILDKIT_AZURE_STORAGE_ACCOUNT_URL} or account_url attribute is required for azblob cache`
fn unset(text: &str) -> Option<Mistake> {
    let before = text
        .split_once(" not set for s3 cache")
        .or_else(|| text.split_once(" not set for github actions cache"));
    if let Some((before, _)) = before {
        let phrase = before.rsplit(": ").next()?;
        return Some(missing(phrase.split_ascii_whitespace().next()?));
    }
    text.contains("account_url attribute is required for azblob cache")
        .then(|| missing("account_url"))
}

/// Words of a library that was given a value it cannot use, and the option that it came from.
const UNUSABLE: [(&str, &str); 16] = [
    ("token is malformed", "token"),
    ("token is unverifiable", "token"),
    ("token contains an invalid number of segments", "token"),
    ("invalid token without access controls", "token"),
    ("failed to parse token access controls", "token"),
    ("AuthorizationHeaderMalformed", "region"),
    ("PermanentRedirect", "region"),
    ("MovedPermanently", "region"),
    ("incorrect region", "region"),
    ("repository must contain neither a tag nor digest", "tag"),
    ("getting tag for destination: repository can only contain", "--cache-repo"),
    ("with --no-push, specify cache repo with --cache-repo", "--no-push"),
    ("URL provided is not a valid URL", "account_url"),
    ("no Host in request URL", "account_url"),
    ("requires either explicit digest", "src"),
    ("multiple cache exports is not supported", "--cache-to"),
];

/// What the error names may stand in a line below it.
pub(in crate::rules) fn unusable(text: &str) -> Option<Mistake> {
    let (_, name) = UNUSABLE.iter().find(|(words, _)| text.contains(words))?;
    Some(Mistake {
        token: (*name).to_owned(),
        nearest: None,
        kind: Kind::Unusable,
        valid: Vec::new(),
    })
}

/// `unknown flag: --cache-to`
fn flag(text: &str) -> Option<Mistake> {
    let name = word(text, "unknown flag: ")?.to_owned();
    Some(Mistake { token: name, nearest: None, kind: Kind::Flag, valid: Vec::new() })
}

fn missing(name: &str) -> Mistake {
    Mistake { token: name.to_owned(), nearest: None, kind: Kind::Missing, valid: Vec::new() }
}

fn verbatim(text: &str) -> Mistake {
    let last = text.rsplit(": ").next().unwrap_or(text);
    Mistake { token: last.to_owned(), nearest: None, kind: Kind::Verbatim, valid: Vec::new() }
}

/// The word after a phrase, without quotes.
fn word<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(phrase)?;
    Some(rest.split_ascii_whitespace().next()?.trim_matches(['"', ',', '.', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_builders_errors() {
        for (text, token, nearest) in [
            (
                "ERROR: failed to build: failed to solve: failed to configure registry cache \
                    exporter: unsupported compression type ztsd",
                "compression=ztsd",
                Some("compression=zstd"),
            ),
            (
                "ERROR: failed to build: failed to solve: unknown cache exporter: \"registri\"",
                "type=registri",
                Some("type=registry"),
            ),
            ("unknown cache importer: gha", "type=gha", None),
            ("ERROR: failed to build: registry cache exporter requires ref", "ref", None),
            (
                "ERROR: local cache importer requires either explicit digest, \"latest\" tag or \
                    custom tag on index.json",
                "src",
                None,
            ),
            (
                "failed to configure s3 cache importer: bucket ($AWS_BUCKET) not set for s3 cache",
                "bucket",
                None,
            ),
            (
                "failed to configure azblob cache exporter: either \
                    ${BUILDKIT_AZURE_STORAGE_ACCOUNT_URL} or account_url attribute is required for \
                    azblob cache",
                "account_url",
                None,
            ),
            (
                "failed to configure gha cache importer: token not set for github actions cache",
                "token",
                None,
            ),
            (
                "error: cache with type gha requires token parameter or $ACTIONS_RUNTIME_TOKEN",
                "token",
                None,
            ),
            (
                "failed to configure gha cache exporter: token is malformed: token contains an \
                    invalid",
                "token",
                None,
            ),
        ] {
            let mistake = from_error(text);
            assert_eq!(
                (mistake.token.as_str(), mistake.nearest.as_deref()),
                (token, nearest),
                "{text}"
            );
        }
    }
}
