//! Which repository a line is about: each layer is a tag of one that is read or written.

use crate::model::{CacheKind, Quote, Transfer};

/// `failed pushing cache to {{{"r.example.com" "team/cache"} "0a1b…"} …}: …`,
/// `failed pushing cache to r/c:0a1b…: …`, `failed generating tagged reference for "r/c": …`
pub(super) fn refused_by(error: &str) -> Option<String> {
    if let Some(name) = error.strip_prefix(TAG) {
        return name.strip_prefix('"')?.split('"').next().map(str::to_owned);
    }
    let name = error.strip_prefix("failed pushing cache to ")?;
    let Some(quoted) = name.strip_prefix("{{{\"") else {
        let reference = name.split(": ").next()?;
        return Some(reference.rsplit_once(':').map_or(reference, |(repo, _)| repo).to_owned());
    };
    let mut words = quoted.split('"');
    let (host, path) = (words.next()?, words.nth(1)?);
    Some(format!("{host}/{path}"))
}

const TAG: &str = "failed generating tagged reference for ";

pub(super) fn is_tag(error: &str) -> bool {
    error.starts_with(TAG)
}

/// `r/team/app/cache:0a1b…`, `[r/team/app/cache]:0a1b…`: each layer is a tag of one repository.
/// podman prints the tag of a layer that it pulled twice: `r/team/app/cache:0a1b…:0a1b…`.
pub(super) fn transfer(all: &mut Vec<Transfer>, reference: &str, quote: Quote) -> usize {
    let (repo, key) = reference.rsplit_once(':').unwrap_or((reference, ""));
    let repo = repo.strip_suffix(key).and_then(|repo| repo.strip_suffix(':')).unwrap_or(repo);
    let repo = repo.trim_matches(['[', ']']);
    let known = all.iter().position(|t| t.reference.as_deref() == Some(repo));
    let new = known.is_none().then(|| Transfer {
        reference: Some(repo.into()),
        kind: CacheKind::Registry,
        ended: true,
        header: quote.clone(),
        verdict: Some(quote),
        ..Transfer::default()
    });
    all.extend(new);
    known.unwrap_or(all.len() - 1)
}
