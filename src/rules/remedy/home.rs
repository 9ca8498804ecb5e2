//! Where a cache of its own can be kept for a build: a tag beside the image, or beside what is
//! imported.
//!
//! A reference that cannot be written to breaks the build that exports to it. So it has to be in a
//! registry, and it has to be known which part of its name is the tag.

use super::reference;
use super::site::{exported_ref, is_named_in_one, registry_ref};
use crate::config::pattern::tells_nothing;
use crate::config::{Place, pieces};
use crate::model::{Command, Text, Tool};

/// The tag that keeps the cache.
pub(super) const TAG: &str = "buildcache";

/// For a place of the configuration, with the names as they are written there.
pub(super) fn at(place: &Place) -> Result<String, String> {
    let command = &place.command;
    if let Some(written) = exported_ref(command) {
        return Ok(written);
    }
    let found = command.cache_from.iter().filter_map(registry_ref).next_back();
    let served = |name: &String| is_named_in_one(name);
    let own = |found: &String| {
        command.inline() || command.tags.iter().any(|tag: &Text| is_image(found, tag))
    };
    let name = match found.filter(served) {
        Some(found) if !own(&found) => found,
        Some(found) => tagged(place, &found, &tag(place)?)?,
        None => tagged(place, &stored(place)?, &tag(place)?)?,
    };
    match told_by_an_argument(place).filter(|_| !holds_an_argument(&place.expanded(&name))) {
        Some(told) => Err(format!(
            "`{told}` is another one in each call, and a cache there would be of several images"
        )),
        None => Ok(name),
    }
}

/// What decides which image is built, where an argument of a script or a function does.
fn told_by_an_argument(place: &Place) -> Option<String> {
    let command = &place.command;
    let all = [&place.context, &command.context, &command.file, &command.target];
    let all = all.into_iter().flatten();
    all.map(|text| place.expanded(text)).find(|text| holds_an_argument(text))
}

/// `$1`, `${2}`, `$@`
fn holds_an_argument(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| {
        let name = text.get(at + 1..).unwrap_or_default().trim_start_matches('{');
        name.starts_with(|c: char| c.is_ascii_digit() && c != '0' || matches!(c, '@' | '*'))
    })
}

/// One of its own, where others would be kept under the same.
fn tag(place: &Place) -> Result<String, String> {
    place.cache_tag.clone().unwrap_or_else(|| Ok(TAG.to_owned()))
}

/// For a build of a log, whose names are printed as they are.
pub(super) fn beside(
    found: Option<String>,
    image: Option<&str>,
    inline: bool,
) -> Result<String, String> {
    match (found, image) {
        (Some(found), image) if inline || image.is_some_and(|image| is_image(&found, image)) => {
            Ok(reference::with_tag(&found, TAG))
        }
        (Some(found), _) => Ok(found),
        (None, None) => Err(String::new()),
        (None, Some(image)) if image.contains('/') => Ok(reference::with_tag(image, TAG)),
        (None, Some(image)) => Err(format!("`{image}` is not a name in a registry")),
    }
}

/// What is imported is an image of this name: a cache written there would replace it. One that is
/// kept beside the image says so.
fn is_image(found: &str, image: &str) -> bool {
    let cache = reference::tag(found).is_some_and(|tag| tag.to_ascii_lowercase().contains("cache"));
    reference::same(found, image)
        || (!cache
            && reference::without_hub(reference::repository(found))
                == reference::without_hub(reference::repository(image)))
}

/// The name under which the image comes to a registry.
fn stored(place: &Place) -> Result<String, String> {
    let command = &place.command;
    let Some(first) = command.tags.first() else { return Err(String::new()) };
    if let Some(pushed) = place.images.pushed.first() {
        return Ok(pushed.clone());
    }
    let stays = |tag: &&Text| {
        !(command.push || is_hosted(place, tag) || (is_meant_for_one(command) && tag.contains('/')))
    };
    match command.tags.iter().find(|tag| !stays(tag)) {
        Some(tag) => Ok(tag.to_string()),
        None => Err(format!(
            "`{first}` is not pushed to a registry there, so a cache next to it may have no place"
        )),
    }
}

/// A script may build for itself alone; what a file of services or an action names is the image's
/// name.
fn is_meant_for_one(command: &Command) -> bool {
    !matches!(command.tool, Tool::DockerBuild | Tool::BuildxBuild)
}

/// Its name has a registry's host in it, or a variable in the place of one.
fn is_hosted(place: &Place, name: &str) -> bool {
    let name = place.expanded(name);
    let first = name.split('/').next().unwrap_or_default();
    reference::host(&name) != "docker.io"
        || (first.starts_with(['$', '%', '{']) && !tells_nothing(&name))
}

/// The name with the cache's tag. A bare `$IMAGE` may hold a tag: no other can be put behind it.
fn tagged(place: &Place, name: &str, tag: &str) -> Result<String, String> {
    if reference::tag(name).is_some() {
        return Ok(reference::with_tag(name, tag));
    }
    let expanded = place.expanded(name);
    if reference::tag(&expanded).is_some() {
        return Ok(reference::with_tag(&expanded, tag));
    }
    let with_tag = |tag: &Text| reference::tag(tag).is_some() && reference::repository(tag) == name;
    let last = expanded.rsplit('/').next().unwrap_or(&expanded);
    let vague = tells_nothing(last) && !pieces(last).any(|piece| is_repository(piece.text));
    if vague && !place.command.tags.iter().any(with_tag) {
        return Err(format!("{name} may hold a tag, and another cannot be appended"));
    }
    Ok(reference::with_tag(name, tag))
}

/// Variables of the CI that hold a name without a tag.
fn is_repository(variable: &str) -> bool {
    [
        "CI_REGISTRY_IMAGE",
        "CI_PROJECT_",
        "github.repository",
        "GITHUB_REPOSITORY",
        "BITBUCKET_REPO_",
        "event.repository.name",
    ]
    .iter()
    .any(|name| variable.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Images;

    fn place(line: &str, pushed: &[&str]) -> Place {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let command = Command::of_words(&words, &crate::model::Quote::default()).unwrap();
        let variables = vec![("APP".to_owned(), "r.example.com/app:1".to_owned())];
        Place {
            command,
            variables: variables.into(),
            images: Images {
                pushed: pushed.iter().map(|name| (*name).to_owned()).collect(),
                ..Images::default()
            },
            ..Place::default()
        }
    }

    #[test]
    fn a_cache_is_kept_where_the_image_is_pushed() {
        for (line, pushed, kept) in [
            ("docker build -t r.example.com/app:1 .", &[][..], "r.example.com/app:buildcache"),
            ("docker build -t acme/app:1 .", &["acme/app:1"], "acme/app:buildcache"),
            ("docker buildx build --push -t acme/app .", &[], "acme/app:buildcache"),
            ("docker build -t app .", &["r.example.com/app:1"], "r.example.com/app:buildcache"),
            ("docker build -t $REG/app .", &[], "$REG/app:buildcache"),
            ("docker build -t r.example.com/app:$1 .", &[], "r.example.com/app:buildcache"),
            ("docker build -t $REG/$1:2 ./$1", &[], "$REG/$1:buildcache"),
            ("docker build -t $IMAGE:1 .", &["$IMAGE:1"], "$IMAGE:buildcache"),
            ("docker build -t $APP .", &["$APP"], "r.example.com/app:buildcache"),
            (
                "docker build -t $CI_REGISTRY_IMAGE .",
                &["$CI_REGISTRY_IMAGE"],
                "$CI_REGISTRY_IMAGE:buildcache",
            ),
            ("docker build --cache-from acme/cache -t app .", &[], "acme/cache"),
            (
                "docker build --cache-from acme/app:cache-main -t acme/app:1 .",
                &[],
                "acme/app:cache-main",
            ),
            (
                "docker build --cache-from acme/app:latest -t acme/app:1 .",
                &[],
                "acme/app:buildcache",
            ),
        ] {
            assert_eq!(at(&place(line, pushed)).as_deref(), Ok(kept), "{line}");
        }
    }

    #[test]
    fn a_name_that_cannot_be_written_to_is_none() {
        for (line, pushed) in [
            ("docker build -t app .", &[][..]),
            ("docker build -t acme/app .", &[]),
            ("docker build .", &[]),
            ("docker build --cache-from app --build-arg BUILDKIT_INLINE_CACHE=1 -t app .", &[]),
            ("docker build -t $IMAGE .", &["$IMAGE"]),
            ("docker build -t r.example.com/app:$1 ./$1", &[]),
            ("docker build -t r.example.com/app:1 -f Dockerfile.${2} .", &[]),
            (
                "docker build --cache-from $IMAGE --build-arg BUILDKIT_INLINE_CACHE=1 -t $IMAGE .",
                &["$IMAGE"],
            ),
        ] {
            assert!(at(&place(line, pushed)).is_err(), "{line}");
        }
    }
}
