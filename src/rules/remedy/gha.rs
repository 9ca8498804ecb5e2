//! GitHub's own cache, where it is the one that fits: it needs no login and no registry, and works
//! in pull requests of forks too, which have no secrets and may write to no registry.
//!
//! <https://docs.docker.com/build/cache/backends/gha/>

use super::{At, Form, PLACEHOLDER, Site, patch, snippet};
use crate::config::CacheSettings;
use crate::finding::Fix;
use crate::model::CacheKind;

/// Every stage in GitHub's cache; `None` where another kind of cache fits better.
pub(super) fn store(site: &Site) -> Option<Fix> {
    let at = site.at.filter(|at| fits(site, *at))?;
    let settings = settings(at, CacheSettings::default());
    let make = "Add docker/setup-buildx-action: it creates a docker-container builder, since the \
        default docker driver cannot export this cache."
        .to_owned();
    let benefit = if at.place.refs.requests {
        "It works in pull requests too, even from forks, which may not write to a registry: they \
            read what the base branch stored."
    } else {
        "It needs neither a login nor a place in a registry."
    };
    let steps = (!site.capable).then_some(make).into_iter().chain([
        "Export every stage to GitHub's cache with mode=max, and import it.".to_owned(),
        benefit.to_owned(),
    ]);
    // What the step pushes, and where, stays as it is.
    let shown = Site { push: false, image: PLACEHOLDER.to_owned(), ..site.clone() };
    let fix = Fix {
        summary: "store every stage in GitHub's cache (type=gha, mode=max)".to_owned(),
        steps: steps.collect(),
        snippet: Some(snippet::write(
            &shown,
            &CacheSettings { builder: !site.capable, ..settings },
        )),
        cost: "it counts against the 10 GB of caches that a repository has".to_owned(),
        ..Fix::default()
    };
    Some(patch::with_caches(fix, site, |written, now| CacheSettings {
        builder: !written.capable,
        ..self::settings(at, now)
    }))
}

/// The settings of a build without any; `None` where another kind of cache fits better.
pub(super) fn settings_of(site: &Site) -> Option<CacheSettings> {
    let at = site.at.filter(|at| fits(site, *at))?;
    Some(CacheSettings { builder: !site.capable, ..settings(at, CacheSettings::default()) })
}

/// The action builds it at GitHub, and no registry keeps a cache for it so far; pull requests reach
/// it, or nothing is pushed, or GitHub's cache is read already.
fn fits(site: &Site, at: At) -> bool {
    let command = &at.place.command;
    let mut all = command.cache_from.iter().chain(&command.cache_to);
    let other = all.any(|spec| !matches!(spec.kind(), CacheKind::Gha | CacheKind::Inline));
    let reads = command.cache_from.iter().any(|spec| spec.kind() == CacheKind::Gha);
    site.form == Form::BuildPushAction
        && at.forge() == Some(".github")
        && !other
        && (reads || at.place.refs.requests || !command.push)
}

/// The scope that is read already; else one of its own, where the repository builds several images.
fn settings(at: At, now: CacheSettings) -> CacheSettings {
    let read = at.place.command.cache_from.iter().find(|spec| spec.kind() == CacheKind::Gha);
    let spec = match (read, &at.place.scope) {
        (Some(spec), _) => spec.raw.clone(),
        (None, Some(scope)) => format!("type=gha,scope={scope}"),
        (None, None) => "type=gha".to_owned(),
    };
    let others = now.from.into_iter().filter(|raw| *raw != spec);
    let from = std::iter::once(spec.clone()).chain(others).collect();
    CacheSettings { from, to: Some(format!("{spec},mode=max")), inline: false, builder: false }
}
