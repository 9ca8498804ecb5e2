//! The image is pulled before the build, and the pull fails: a script goes on behind `|| true`.

use super::{Blind, command_line};
use crate::finding::Fix;
use crate::model::{Dialect, NamedImage, Run, Text};
use crate::rules::remedy::{login, reference};

/// Why the registry gave no image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PullRefused {
    /// It has none of this name.
    Missing,
    /// Not to this user.
    Denied,
    /// The line says.
    Quoted,
}

/// The last pull of an image before a line that failed.
pub(super) fn pull<'a>(
    run: &'a Run,
    image: &str,
    before: impl Fn(u64) -> bool,
) -> Option<&'a NamedImage> {
    run.unpulled.iter().rfind(|pull| before(pull.quote.line) && is_of(pull, image))
}

/// What is asked for behind a variable may be any image.
fn is_of(pull: &NamedImage, image: &str) -> bool {
    let in_url = || reference::in_url(&pull.quote.text);
    let name = if pull.image.is_empty() { in_url() } else { Some(pull.image.to_string()) };
    name.is_some_and(|name| {
        // `pull access denied for r.example.com/web` leaves the tag out.
        reference::may_be(image, &name)
            || reference::tag(&name).is_none() && reference::same_repository(image, &name)
    })
}

pub(super) fn why(pull: &NamedImage) -> PullRefused {
    const DENIED: [&str; 5] =
        ["denied", "unauthorized", "no basic auth", "authentication required", "403 Forbidden"];
    let text = &pull.quote.text;
    if DENIED.iter().any(|words| text.contains(words)) {
        return PullRefused::Denied;
    }
    if ["not found", "manifest unknown"].iter().any(|words| text.contains(words)) {
        return PullRefused::Missing;
    }
    PullRefused::Quoted
}

/// What completes `--cache-from IMAGE finds nothing: …`.
pub(super) fn title(why: PullRefused) -> &'static str {
    match why {
        PullRefused::Missing => "the registry has no such image",
        PullRefused::Denied => "the pull before the build is refused",
        PullRefused::Quoted => "the pull before the build fails",
    }
}

pub(super) fn cause(why: PullRefused, image: &str, runs: &str) -> String {
    let pulled = match why {
        PullRefused::Missing => {
            format!("{image} is pulled before the build{runs}, and does not exist")
        }
        PullRefused::Denied => format!("The registry does not give {image} to the job{runs}"),
        PullRefused::Quoted => format!("The pull of {image} before the build fails{runs}"),
    };
    format!(
        "The classic builder takes its cache from images that dockerd has. {pulled}, so \
            `--cache-from` is silently ignored and every step runs."
    )
}

pub(super) fn fix(why: PullRefused, blind: &Blind) -> Fix {
    let image = &blind.image;
    let host = reference::host(image);
    match why {
        PullRefused::Missing => Fix {
            summary: format!("push {image} at the end of a build, or name an image that is pushed"),
            steps: vec![
                "The first build of a new image has none to pull; every later one should find what \
                    the build before it pushed under this name."
                    .to_owned(),
                format!("Compare the name with what `docker push` prints: {image} is asked for."),
            ],
            snippet: Some(pushed(blind)),
            ..Fix::default()
        },
        PullRefused::Denied => Fix {
            summary: format!("log in to {host} before the pull"),
            steps: vec![
                format!("Log in to {host} with an account that may read {image}, before the pull."),
                "A registry may answer so for an image that is not there, too.".to_owned(),
            ],
            snippet: Some(login(Some(host), Dialect::Classic)),
            ..Fix::default()
        },
        PullRefused::Quoted => Fix {
            summary: "read the error that is quoted".to_owned(),
            steps: vec!["Pull the image by hand on the machine that builds.".to_owned()],
            ..Fix::default()
        },
    }
}

fn pushed(blind: &Blind) -> String {
    let (image, build) = (&blind.image, command_line(blind.command));
    let own = |tag: &Text| reference::same(tag, image);
    match blind.command.tags.first() {
        Some(tag) if !blind.command.tags.iter().any(own) => {
            format!("{build}\ndocker tag {tag} {image}\ndocker push {image}")
        }
        _ => format!("{build}\ndocker push {image}"),
    }
}
