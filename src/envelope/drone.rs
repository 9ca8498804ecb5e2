//! Drone: a step's log without prefix; commands are echoed with `+`.
//!
//! Known by its checkout in `/drone/src`, or by its plugins. What it says of caches comes from
//! plugins.

use super::{Envelope, Head, Mark, Words, drone_cache, echo};

/// The checkout and the plugin's daemon, which are the first a step prints.
const BEGINS: [&[u8]; 3] = [b"/drone/src/", b"Pulling from plugins/", b"+ /usr/local/bin/dockerd "];

/// Log of a step.
pub(super) struct Drone;

impl Envelope for Drone {
    fn name(&self) -> &'static str {
        "drone"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("drone")
    }

    fn words(&self) -> Words {
        &BEGINS
    }

    fn recognise(&self, head: &Head) -> bool {
        BEGINS.iter().any(|words| head.holds_early(words))
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        mark(text)
    }
}

/// What Drone and Woodpecker print, whose plugins are the same.
pub(super) fn mark(text: &[u8]) -> Option<Mark<'_>> {
    match text.first()? {
        b'+' => {
            text.strip_prefix(b"+ ").and_then(echo::git_checkout).or_else(|| echo::prompted(text))
        }
        b'$' => echo::prompted(text),
        b'l' | b't' => drone_cache::mark(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn is_known_by_checkout_and_plugins() {
        assert!(recognises(&Drone, &[b"Initialized empty Git repository in /drone/src/.git/"]));
        assert!(!recognises(&Drone, &[b"+ docker build .", b"#1 DONE 0.0s"]));
        assert_eq!(
            mark(b"+ /usr/local/bin/docker build --rm=true -t a ."),
            Some(Mark::Command(b"/usr/local/bin/docker build --rm=true -t a ."))
        );
        assert_eq!(mark(b"+ git checkout 0a1b2c3d -b main"), Some(Mark::Commit(b"0a1b2c3d")));
    }
}
