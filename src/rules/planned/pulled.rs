//! Images that a job pulls before its build takes the inline cache from them.

use crate::rules::remedy::At;

/// The inline cache of this image is lost after each run that uses it: the engine of the job, whose
/// images are in dockerd's own store, has the image before it builds.
pub(in crate::rules) fn loses_inline_cache(at: At, name: &str) -> bool {
    at.place.fresh && at.driver() == Some("docker") && at.place.pulls_of(name).next().is_some()
}
