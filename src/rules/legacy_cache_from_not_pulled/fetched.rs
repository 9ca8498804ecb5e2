//! Commands that bring an image to the machine and print nothing of it, or only its name:
//! `docker pull -q r.example.com/app:main`.

use super::refused;
use crate::model::{Build, Command, NamedImage, Run};
use crate::rules::remedy::reference;

/// One of the images is there when the build begins: a command before it fetches it, without an
/// error, or names it.
///
/// Some logs print all commands of a script above what they say: what is printed below the one that
/// builds comes later.
pub(super) fn is_there(run: &Run, build: &Build, command: &Command) -> bool {
    let before = |image: &&NamedImage| {
        let above = image.quote.line < command.quote.line;
        build.comes_behind(image.quote.line) && above != build.newest_first()
    };
    let arrives = |name: &str| {
        let fetched = run.fetched.iter().filter(before).any(|pull| is_of(pull, name));
        fetched && refused::pull(run, name, |line| build.comes_behind(line)).is_none()
    };
    let named = |name: &str| {
        run.named.iter().filter(before).any(|given| reference::may_be(&given.image, name))
    };
    let mut images = command.cache_from.iter().filter_map(|spec| spec.get("ref"));
    images.any(|name| arrives(name) || named(name))
}

/// `docker pull --all-tags r.example.com/app` fetches every tag.
fn is_of(pull: &NamedImage, name: &str) -> bool {
    let all = ["--all-tags", "-a"];
    let every = pull.quote.text.split_whitespace().any(|word| all.contains(&word));
    reference::may_be(&pull.image, name) || every && reference::same_repository(&pull.image, name)
}
