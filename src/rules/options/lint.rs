//! Reads a specification on a command line and names its mistakes.
//!
//! Values with variables (`$REF`, `${{ … }}`) are not judged: what they hold is not in the log.

use super::valid::{
    BOOLEAN_VALUES, BOOLEANS, COMPRESSIONS, MODES, OBSOLETE, TYPES, attributes, nearest,
};
use super::{Kind, Mistake};
use crate::model::CacheSpec;
use crate::rules::remedy::reference;

/// All mistakes of one specification; `export` where it is a `--cache-to`.
pub(in crate::rules) fn lint(spec: &CacheSpec, export: bool) -> Vec<Mistake> {
    if spec.raw.starts_with('$') || spec.is_hidden() {
        return Vec::new();
    }
    if let Some(mistake) = bare_type(&spec.raw).or_else(|| joined(&spec.raw)) {
        return vec![mistake];
    }
    if spec.raw.ends_with(',') {
        return vec![Mistake {
            token: spec.raw.clone(),
            nearest: None,
            kind: Kind::Cut,
            valid: Vec::new(),
        }];
    }
    let mut found: Vec<Mistake> =
        spec.loose.iter().filter(|part| !part.contains('$')).map(|part| loose(part)).collect();
    let kind = spec.get("type").unwrap_or_default();
    if !kind.contains('$') && !TYPES.contains(&kind) {
        found.push(unknown_type(kind));
        return found;
    }
    found.extend(
        spec.attributes.iter().filter_map(|(key, value)| attribute(kind, key, value, export)),
    );
    found.extend(required(kind, spec, export));
    found
}

/// What buildah finds wrong: it takes the name of a repository, and nothing else.
pub(in crate::rules) fn lint_buildah(spec: &CacheSpec) -> Option<Mistake> {
    if !spec.raw.starts_with("type=") {
        return None;
    }
    let named = spec.get("ref").filter(|name| !name.contains('$'));
    let repository = named.map(|name| reference::repository(name).to_owned());
    let (token, kind, valid) = (spec.raw.clone(), Kind::Repository, Vec::new());
    Some(Mistake { token, nearest: repository, kind, valid })
}

/// `--cache-to inline` writes to docker.io/library/inline (docker/buildx issue 2731). Only backends
/// that need no attributes are asked for like that, and `registry` is the name of an image.
pub(in crate::rules) fn is_bare_type(raw: &str) -> bool {
    matches!(raw, "inline" | "gha")
}

/// What is wrong with such a name.
pub(in crate::rules) fn bare_type(name: &str) -> Option<Mistake> {
    let nearest = Some(format!("type={name}"));
    is_bare_type(name).then(|| Mistake {
        token: name.to_owned(),
        nearest,
        kind: Kind::BareType,
        valid: Vec::new(),
    })
}

/// `type=registry,ref=r/a:c--cache-from=type=local`: a blank is missing between two options.
pub(in crate::rules) fn joined(text: &str) -> Option<Mistake> {
    let next = ["--cache-from=", "--cache-to="].into_iter().find(|next| text.contains(next))?;
    Some(Mistake {
        token: next.trim_end_matches('=').to_owned(),
        nearest: None,
        kind: Kind::Joined,
        valid: Vec::new(),
    })
}

/// A part without `=`: `invalid value max` (buildx `util/buildflags/cache.go`).
fn loose(part: &str) -> Mistake {
    let valid = attributes("registry");
    Mistake { token: part.to_owned(), nearest: None, kind: Kind::Loose, valid }
}

fn unknown_type(kind: &str) -> Mistake {
    let token = if kind.is_empty() { "type".to_owned() } else { format!("type={kind}") };
    let meant = nearest(kind, &TYPES).map(|t| format!("type={t}"));
    let kind = if kind.is_empty() { Kind::Missing } else { Kind::UnknownType };
    Mistake { token, nearest: meant, kind, valid: TYPES.to_vec() }
}

fn attribute(kind: &str, key: &str, value: &str, export: bool) -> Option<Mistake> {
    let valid = attributes(kind);
    let name = key.trim().to_ascii_lowercase();
    if key.trim() != key {
        return Some(Mistake {
            token: format!("{key}={value}"),
            nearest: Some(format!("{name}={value}")),
            kind: Kind::Blank,
            valid,
        });
    }
    let known = valid.contains(&name.as_str()) || OBSOLETE.contains(&name.as_str());
    if !kind.contains('$') && !key.contains('$') && !known {
        let nearest = nearest(&name, &valid).map(|n| format!("{n}={value}"));
        return Some(Mistake {
            token: format!("{key}={value}"),
            nearest,
            kind: Kind::UnknownAttribute,
            valid,
        });
    }
    if value.contains('$') || !export {
        return None;
    }
    wrong_value(kind, &name, value)
}

/// Only what an export reads; imports ignore all of it.
fn wrong_value(kind: &str, name: &str, value: &str) -> Option<Mistake> {
    let has_compression = matches!(kind, "registry" | "local");
    let (valid, wrong): (&[&'static str], Kind) = match name {
        // control/control.go: an unknown mode is logged by the daemon at debug level, and is `min`.
        "mode" => (&MODES, Kind::IgnoredValue),
        "ignore-error" => (&BOOLEAN_VALUES, Kind::IgnoredValue),
        "compression" if has_compression => (&COMPRESSIONS, Kind::BadValue),
        _ if BOOLEANS.contains(&name) && has_compression => (&BOOLEAN_VALUES, Kind::BadValue),
        _ => return None,
    };
    if valid.contains(&value) {
        return None;
    }
    let meant = nearest(value, valid).map(|v| format!("{name}={v}"));
    let valid = if valid.len() > 4 { vec!["true", "false"] } else { valid.to_vec() };
    Some(Mistake { token: format!("{name}={value}"), nearest: meant, kind: wrong, valid })
}

/// S3, Azure and GitHub settings may come from the environment: only the builder can say that they
/// are missing.
fn required(kind: &str, spec: &CacheSpec, export: bool) -> Option<Mistake> {
    let name = match (kind, export) {
        ("registry", _) => "ref",
        ("local", true) => "dest",
        ("local", false) => "src",
        _ => return None,
    };
    let given = spec.get(name).is_some_and(|value| !value.trim().is_empty());
    let hidden = spec.raw.contains('$') && spec.get(name).is_none() && !spec.raw.contains('=');
    (!given && !hidden).then(|| Mistake {
        token: name.to_owned(),
        nearest: None,
        kind: Kind::Missing,
        valid: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(raw: &str) -> Option<(String, Option<String>, Kind)> {
        let found = lint(&CacheSpec::parse(raw), true);
        assert!(found.len() < 2, "{found:?}");
        found.into_iter().next().map(|m| (m.token, m.nearest, m.kind))
    }

    #[test]
    fn names_the_token_and_the_nearest_valid_one() {
        for (raw, token, nearest, kind) in [
            (
                "type=registry,ref=r/a:c,compression=ztsd",
                "compression=ztsd",
                Some("compression=zstd"),
                Kind::BadValue,
            ),
            (
                "type=registry,ref=r/a:c,mode=maxx",
                "mode=maxx",
                Some("mode=max"),
                Kind::IgnoredValue,
            ),
            ("type=registri,ref=r/a:c", "type=registri", Some("type=registry"), Kind::UnknownType),
            (
                "type=registry,ref=r/a:c,compresion=zstd",
                "compresion=zstd",
                Some("compression=zstd"),
                Kind::UnknownAttribute,
            ),
            ("type=gha, scope=x", " scope=x", Some("scope=x"), Kind::Blank),
            ("type=registry,mode=max", "ref", None, Kind::Missing),
            ("type=local,src=/c", "dest", None, Kind::Missing),
            ("ref=r/a:c,mode=max", "type", None, Kind::Missing),
            ("type=registry,ref=r/a:c,max", "max", None, Kind::Loose),
            ("inline", "inline", Some("type=inline"), Kind::BareType),
            ("type=registry,", "type=registry,", None, Kind::Cut),
        ] {
            assert_eq!(
                one(raw),
                Some((token.to_owned(), nearest.map(str::to_owned), kind)),
                "{raw}"
            );
        }
    }

    #[test]
    fn leaves_what_is_valid_or_not_known() {
        for raw in [
            "r.example.com/a:c",
            "type=registry,ref=r/a:c,mode=max,image-manifest=true,oci-mediatypes=true,compression=zstd,ignore-error=true",
            "type=gha,scope=${{ matrix.image }},mode=max",
            "type=registry,ref=r/a:c,mode=$MODE",
            "$CACHE_TO",
            "type=s3,region=eu-west-1,bucket=b,use_path_style=true,mode=max",
            "type=inline",
            "registry",
            "type=local,dest=/c,mode=max",
        ] {
            assert_eq!(one(raw), None, "{raw}");
        }
    }
}
