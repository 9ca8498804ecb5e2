//! `--build-arg BUILDKIT_INLINE_CACHE=1`, which is no argument of the Dockerfile but asks for an
//! inline cache.
//!
//! buildx and dockerd take it under this very name, with a value that Go's `strconv.ParseBool`
//! reads as true (docker/buildx `build/opt.go`, moby/moby `builder/builder-next/builder.go`).

use super::valid::BOOLEAN_VALUES;
use super::{Kind, Mistake};

const NAME: &str = "BUILDKIT_INLINE_CACHE";
const RIGHT: &str = "BUILDKIT_INLINE_CACHE=1";

/// The mistake in an argument of a build that was meant to ask for an inline cache.
pub(in crate::rules) fn inline(argument: &str) -> Option<Mistake> {
    let (name, value) = argument.split_once('=')?;
    let known = value.is_empty() || value.contains(['$', '*']) || BOOLEAN_VALUES.contains(&value);
    if !is_meant(name) || (name == NAME && known) {
        return None;
    }
    Some(Mistake {
        token: argument.to_owned(),
        nearest: Some(RIGHT.to_owned()),
        kind: Kind::Argument,
        valid: Vec::new(),
    })
}

/// Another case, other strokes, or two letters that are wrong.
fn is_meant(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace('-', "_");
    strsim::damerau_levenshtein(&name, NAME) <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_a_value_that_asks_for_nothing_is_a_mistake() {
        for wrong in [
            "buildkit-inline-cache=1",
            "BUILDKIT_INLINE_CACHE=yes",
            "BUILDKIT_INLINECACHE=1",
            "BUILDKIT_INLINE_CAHCE=1",
        ] {
            assert_eq!(inline(wrong).map(|mistake| mistake.token).as_deref(), Some(wrong));
        }
        for right in [
            "BUILDKIT_INLINE_CACHE=1",
            "BUILDKIT_INLINE_CACHE=true",
            "BUILDKIT_INLINE_CACHE=0",
            "BUILDKIT_INLINE_CACHE=$INLINE",
            "BUILDKIT_INLINE_CACHE",
            "USE_INLINE_CACHE=1",
            "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1",
        ] {
            assert_eq!(inline(right), None, "{right}");
        }
    }
}
