//! The name under which a cache is kept: a reference in a registry, or the scope, name or directory
//! that a backend without references keeps its caches apart by, which only command lines show.

use super::super::past::Past;
use super::super::remedy::reference;
use super::directory;
use crate::model::{CacheKind, CacheSpec, Command, Transfer};

/// Names that a build reads.
pub(super) fn read(past: &Past, i: usize) -> Vec<String> {
    let imports = past.imports(i);
    let registry = imports
        .iter()
        .filter(|t| t.kind == CacheKind::Registry)
        .filter_map(|t| t.reference.clone());
    let shown = |spec: &&CacheSpec| imports.iter().any(|t| t.kind == spec.kind());
    let scopes =
        past.commands(i).iter().flat_map(|c| &c.cache_from).filter(shown).filter_map(scope);
    let local = imports.iter().any(|t| t.kind == CacheKind::Local);
    let commands = if local { past.commands(i) } else { &[] };
    let directories = commands.iter().filter_map(directory::of);
    registry.map(|name| name.to_string()).chain(scopes).chain(directories).collect()
}

/// The command line writes this name.
pub(super) fn written_by(command: &Command, name: &str) -> bool {
    let scopes = command.cache_to.iter().filter_map(scope);
    let references = command.cache_to.iter().filter_map(|spec| spec.get("ref")).map(str::to_owned);
    references.chain(scopes).chain(directory::of(command)).any(|to| same(&to, name))
}

/// What one run writes the other does not read, by what the command lines of both say.
pub(in crate::rules) fn are_apart(past: &Past, writer: usize, reader: usize) -> bool {
    let mut writing = past.commands(writer).iter().filter(|c| !c.cache_to.is_empty()).peekable();
    let asked: Vec<String> =
        past.commands(reader).iter().flat_map(|c| &c.cache_from).filter_map(of_spec).collect();
    let reads = |command: &Command| asked.iter().any(|name| written_by(command, name));
    !asked.is_empty() && writing.peek().is_some() && !writing.any(reads)
}

fn of_spec(spec: &CacheSpec) -> Option<String> {
    spec.get("ref").map(str::to_owned).or_else(|| scope(spec))
}

/// Two names of one place.
pub(super) fn same(a: &str, b: &str) -> bool {
    a == b || !is_scope(a) && !is_scope(b) && reference::same(a, b)
}

/// The same for all names of one place.
pub(super) fn key(name: &str) -> String {
    if is_scope(name) {
        return name.to_owned();
    }
    let (repository, tag) = reference::key(name);
    format!("{repository}:{tag}")
}

/// It is no reference in a registry.
pub(super) fn is_scope(name: &str) -> bool {
    name.starts_with("type=")
}

/// Runs of one branch do not see what another branch wrote
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching#restrictions-for-accessing-a-cache>).
pub(super) fn is_isolated(name: &str) -> bool {
    name.starts_with("type=gha,")
}

/// The import that reads this name.
pub(super) fn import<'a>(past: &Past<'a>, i: usize, name: &str) -> Option<&'a Transfer> {
    let kind =
        |t: &Transfer| is_scope(name) && name.starts_with(&format!("type={},", t.kind.name()));
    past.imports(i)
        .into_iter()
        .find(|t| kind(t) || t.reference.as_deref().is_some_and(|r| same(r, name)))
}

/// `type=gha,scope=buildkit`: the scope that is used where none is written
/// (`cache/remotecache/gha`); `name=` of s3 and azblob has the same default.
pub(in crate::rules) fn scope(spec: &CacheSpec) -> Option<String> {
    let part = |key: &str| spec.get(key).unwrap_or("buildkit");
    match spec.kind() {
        CacheKind::Gha => Some(format!("type=gha,scope={}", part("scope"))),
        CacheKind::S3 => {
            Some(format!("type=s3,bucket={},name={}", spec.get("bucket")?, part("name")))
        }
        CacheKind::Azblob => Some(format!(
            "type=azblob,account_url={},name={}",
            spec.get("account_url")?,
            part("name")
        )),
        _ => None,
    }
}
