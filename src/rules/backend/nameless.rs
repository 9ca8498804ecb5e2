//! An import that failed in a terminal, where nothing tells why: ` => ERROR importing cache
//! manifest from app`.
//!
//! Mostly the reference is not there yet. One that names no registry never will be: Docker Hub's
//! own images have such names, and nobody else can write there.

use crate::model::{CacheKind, Run, Transfer};
use crate::rules::remedy::reference;

/// Whether it is the image of the run without the registry that it is kept in: `app` of
/// `docker.io/team/app:1`. Another such name may be an image of Docker Hub, and one that the image
/// itself has is found on the machine that built it.
pub(super) fn is_asked_for(run: &Run, import: &Transfer) -> bool {
    if !is_silent(import) {
        return false;
    }
    let Some(name) = import.reference.as_deref() else { return false };
    let path = reference::without_hub(reference::repository(name));
    let mut images = run.builds.iter().flat_map(|build| &build.images);
    let kept = |image: &str| {
        let whole = reference::without_hub(reference::repository(image));
        whole.rsplit_once('/').is_some_and(|(_, last)| last == path)
    };
    reference::is_hub(name) && !path.contains('/') && images.any(|image| kept(image))
}

fn is_silent(import: &Transfer) -> bool {
    import.kind == CacheKind::Registry
        && import.error.as_deref().is_some_and(|text| text.trim().is_empty())
}
