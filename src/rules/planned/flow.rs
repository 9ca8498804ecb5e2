//! Which caches the places of the configuration write, and which they read.

use std::collections::{HashMap, HashSet};

use crate::config::pattern::tells_nothing;
use crate::config::{pieces, same_in_pipeline};
use crate::model::{CacheKind, CacheSpec, Tool};
use crate::rules::Study;
use crate::rules::changing_value::changing;
use crate::rules::remedy::{At, place, reference};

/// The name that a cache is kept under, with the variables that are known put in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::rules) struct CacheName {
    pub(in crate::rules) kind: CacheKind,
    pub(in crate::rules) text: String,
    /// Each forge has a cache server of its own; `None` where the file may be one of any.
    forge: Option<String>,
}

impl CacheName {
    /// As it is shown: a reference as it is, the others with what they are.
    pub(in crate::rules) fn shown(&self) -> String {
        match self.kind {
            CacheKind::Gha => format!("the gha scope \"{}\"", self.text),
            CacheKind::S3 | CacheKind::Azblob => {
                format!("the {} cache {}", self.kind.name(), self.text)
            }
            _ => self.text.clone(),
        }
    }

    /// The one form of a reference that may be written in several.
    pub(super) fn whole(&self) -> Self {
        let text = match self.kind {
            CacheKind::Registry
                if reference::tag(&self.text).is_none() && !may_hold_a_tag(&self.text) =>
            {
                format!("{}:latest", reference::without_hub(&self.text))
            }
            CacheKind::Registry => reference::without_hub(&self.text).to_owned(),
            _ => self.text.clone(),
        };
        Self { text, ..self.clone() }
    }

    /// What in it is another one in each commit or run.
    pub(in crate::rules) fn changing(&self) -> Option<&str> {
        changing(&self.text)
    }
}

/// A variable stands where the name ends: `r/$IMAGE`, `${CACHE:-r/app:cache}`.
fn may_hold_a_tag(text: &str) -> bool {
    tells_nothing(text) || tells_nothing(text.rsplit('/').next().unwrap_or(text))
}

/// Of a specification; none where it keeps nothing that another run could ask for by name.
pub(in crate::rules) fn name(at: At, spec: &CacheSpec) -> Option<CacheName> {
    let text = match spec.kind() {
        CacheKind::Registry => spec.get("ref").filter(|name| !name.is_empty())?.to_owned(),
        CacheKind::Gha => spec.get("scope").unwrap_or("buildkit").to_owned(),
        CacheKind::S3 => {
            format!("{}/{}", spec.get("bucket")?, spec.get("name").unwrap_or("buildkit"))
        }
        CacheKind::Azblob => {
            format!("{}/{}", spec.get("account_url")?, spec.get("name").unwrap_or("buildkit"))
        }
        CacheKind::Local | CacheKind::Inline | CacheKind::Unknown => return None,
    };
    let forge = if spec.kind() == CacheKind::Gha { at.forge() } else { None };
    let forge = forge.map(str::to_owned);
    Some(CacheName { kind: spec.kind(), text: at.place.expanded(&text), forge })
}

/// What a build reads.
pub(in crate::rules) fn read(at: At<'_>) -> impl Iterator<Item = (&CacheSpec, CacheName)> {
    at.place.command.cache_from.iter().filter_map(move |spec| Some((spec, name(at, spec)?)))
}

/// What a build exports.
pub(in crate::rules) fn exported(at: At<'_>) -> impl Iterator<Item = (&CacheSpec, CacheName)> {
    at.place.command.cache_to.iter().filter_map(move |spec| Some((spec, name(at, spec)?)))
}

/// Names of many caches, to be asked whether one is among them.
#[derive(Debug, Default)]
pub(in crate::rules) struct CacheNames {
    exact: HashSet<CacheName>,
    /// Scopes of GitHub caches in files of no forge, and all of them.
    homeless: HashSet<String>,
    scopes: HashSet<String>,
    /// Those with variables, each once, with how many places have it.
    vague: Vec<(CacheName, usize)>,
    known: HashMap<CacheName, usize>,
}

/// Of more names than this nobody can say which of them a variable means.
const MOST: usize = 512;

impl CacheNames {
    fn add(&mut self, name: CacheName) {
        if pieces(&name.text).all(|piece| piece.form.is_none()) {
            if name.kind == CacheKind::Gha {
                self.scopes.insert(name.text.clone());
                self.homeless.extend(name.forge.is_none().then(|| name.text.clone()));
            }
            self.exact.insert(name.whole());
        } else if let Some((_, count)) =
            self.known.get(&name).and_then(|at| self.vague.get_mut(*at))
        {
            *count += 1;
        } else {
            self.known.insert(name.clone(), self.vague.len());
            self.vague.push((name, 1));
        }
    }

    /// One of them may be this.
    pub(in crate::rules) fn holds(&self, name: &CacheName) -> bool {
        self.exact.contains(&name.whole()) || self.of_any_forge(name) || self.vaguely(name) > 0
    }

    fn of_any_forge(&self, name: &CacheName) -> bool {
        let scopes = if name.forge.is_some() { &self.homeless } else { &self.scopes };
        name.kind == CacheKind::Gha && scopes.contains(&name.text)
    }

    /// More places have it than these.
    pub(in crate::rules) fn more_than(&self, name: &CacheName, places: usize) -> bool {
        self.vaguely(name) > places
    }

    fn vaguely(&self, name: &CacheName) -> usize {
        let plain = pieces(&name.text).all(|piece| piece.form.is_none());
        if self.vague.len() > MOST || (!plain && self.exact.len() > MOST) {
            return usize::MAX;
        }
        let vague: usize = self
            .vague
            .iter()
            .filter(|(known, _)| may_be_one(known, name))
            .map(|(_, count)| count)
            .sum();
        let exact = self.exact.iter().filter(|known| !plain && may_be_one(known, name)).count();
        vague + exact
    }
}

/// All that is read.
pub(in crate::rules) fn all_read(study: &Study) -> CacheNames {
    let mut names = CacheNames::default();
    place::all(study)
        .flat_map(|at| read(at).map(|(_, name)| name))
        .for_each(|name| names.add(name));
    names
}

/// All that is written under names: caches, and images, which may hold one.
pub(in crate::rules) fn all_written(study: &Study) -> CacheNames {
    written_with(study, |_| true)
}

/// The same without the images that hold no cache for certain: those of builds that export theirs
/// to other names alone.
pub(in crate::rules) fn all_stored(study: &Study) -> CacheNames {
    written_with(study, |at| {
        let command = &at.place.command;
        let known = |spec: &CacheSpec| {
            !spec.attributes.is_empty()
                && !matches!(spec.kind(), CacheKind::Inline | CacheKind::Unknown)
        };
        command.inline()
            || command.cache_to.is_empty()
            || at.place.machine.classic
            || !command.cache_to.iter().all(known)
    })
}

fn written_with(study: &Study, holds_a_cache: fn(At) -> bool) -> CacheNames {
    let mut names = CacheNames::default();
    for at in place::all(study) {
        let images = if holds_a_cache(at) { images(at) } else { Vec::new() };
        let every = at.place.of_every_target().filter_map(|spec| name(at, &spec));
        exported(at)
            .map(|(_, name)| name)
            .chain(every)
            .chain(images)
            .for_each(|name| names.add(name));
    }
    names
}

/// The images that a build makes.
fn images(at: At) -> Vec<CacheName> {
    let image = |text: &str| CacheName {
        kind: CacheKind::Registry,
        text: at.place.expanded(text),
        forge: None,
    };
    at.place.names().map(image).collect()
}

/// The same, where they hold an inline cache.
pub(super) fn inline_images(at: At) -> Vec<CacheName> {
    if at.place.command.inline() { images(at) } else { Vec::new() }
}

/// GitHub caches that runs of branches write.
pub(in crate::rules) fn written_by_branches(study: &Study) -> CacheNames {
    let mut names = CacheNames::default();
    for at in place::all(study).filter(|at| at.place.refs.branches) {
        let own = exported(at).map(|(_, name)| name).filter(|name| name.kind == CacheKind::Gha);
        own.for_each(|name| names.add(name));
    }
    names
}

/// Some export is not known, so that it may be to any name.
pub(in crate::rules) fn hides_an_export(study: &Study) -> bool {
    let hidden = |spec: &CacheSpec| {
        let unread = spec.get("ref") == Some(spec.raw.as_str());
        spec.attributes.is_empty() || unread && pieces(&spec.raw).all(|piece| piece.form.is_some())
    };
    place::all(study).any(|at| at.place.command.cache_to.iter().any(hidden))
}

/// The two may be one: variables stand for anything.
pub(in crate::rules) fn may_be_one(a: &CacheName, b: &CacheName) -> bool {
    let elsewhere = a.forge.is_some() && b.forge.is_some() && a.forge != b.forge;
    if a.kind != b.kind || (a.kind == CacheKind::Gha && elsewhere) {
        return false;
    }
    let (a, b) = (a.whole().text, b.whole().text);
    if a == b {
        return true;
    }
    // The image of one commit is no cache that each of them asks for.
    let of_one_run = changing(&a).is_some() != changing(&b).is_some();
    let (a, b) = without_the_project(&a, &b);
    !of_one_run && overlap(a, b)
}

/// What is left behind a beginning that both have: `$CI_REGISTRY_IMAGE` is the same in all jobs.
fn without_the_project<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    let both = pieces(a).zip(pieces(b));
    let same = both
        .take_while(|(one, other)| one.text == other.text && same_in_pipeline(one.text))
        .map(|(one, _)| one.text.len())
        .sum::<usize>();
    (a.get(same..).unwrap_or(a), b.get(same..).unwrap_or(b))
}

/// With something in the place of each variable the two can be equal: their beginnings and their
/// ends are.
fn overlap(a: &str, b: &str) -> bool {
    let (one, other) = (Fixed::of(a), Fixed::of(b));
    let begins = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
    let ends = |a: &str, b: &str| a.ends_with(b) || b.ends_with(a);
    match (one.varies, other.varies) {
        (false, false) => false,
        (true, false) => b.starts_with(&one.head) && b.ends_with(one.tail),
        (false, true) => a.starts_with(&other.head) && a.ends_with(other.tail),
        (true, true) => begins(&one.head, &other.head) && ends(one.tail, other.tail),
    }
}

/// What of a value is the same whatever its variables hold.
struct Fixed<'a> {
    head: String,
    tail: &'a str,
    /// It has variables.
    varies: bool,
}

impl<'a> Fixed<'a> {
    fn of(text: &'a str) -> Self {
        let head = pieces(text).take_while(|piece| piece.form.is_none());
        let tail = pieces(text).last().filter(|piece| piece.form.is_none());
        Self {
            head: head.map(|piece| piece.text).collect(),
            tail: tail.map_or("", |piece| piece.text),
            varies: pieces(text).any(|piece| piece.form.is_some()),
        }
    }
}

/// It is `BuildKit` that builds there: others read and write their caches by themselves.
pub(in crate::rules) fn is_buildkit(at: At) -> bool {
    !matches!(at.place.command.tool, Tool::Kaniko | Tool::Buildah | Tool::BuildxCreate)
        && !at.place.machine.classic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_may_hold_what_the_other_says() {
        let name = |text: &str| CacheName {
            kind: CacheKind::Registry,
            text: text.to_owned(),
            forge: None,
        };
        for (a, b) in [
            ("r/a:cache", "r/a:cache"),
            ("r/a", "docker.io/r/a:latest"),
            ("r/a:cache-main", "r/a:cache-$BRANCH"),
            ("$REG/a:c", "ghcr.io/x/a:c"),
            ("r/a:c-$X", "r/a:c-$Y"),
            ("$CACHE", "r/a:c"),
            ("$A:cache", "$A/web:cache"),
            ("$CI_REGISTRY_IMAGE:c-$CI_COMMIT_REF_SLUG", "$CI_REGISTRY_IMAGE:c-main"),
        ] {
            assert!(may_be_one(&name(a), &name(b)), "{a} {b}");
            assert!(may_be_one(&name(b), &name(a)), "{b} {a}");
        }
        for (a, b) in [
            ("r/a:cache", "r/a:buildcache"),
            ("r/a:c-$X", "r/b:c-$X"),
            ("r/a:x-$X", "r/a:y-main"),
            ("$R/a:d", "$R/a:c"),
            ("$CI_REGISTRY_IMAGE:cache", "$CI_REGISTRY_IMAGE/web:cache"),
            ("$CI_REGISTRY_IMAGE:cache", "$CI_REGISTRY_IMAGE:$CI_COMMIT_SHA"),
        ] {
            assert!(!may_be_one(&name(a), &name(b)), "{a} {b}");
        }
        assert!(!may_be_one(
            &name("buildkit"),
            &CacheName { kind: CacheKind::Gha, ..name("buildkit") }
        ));
    }
}
