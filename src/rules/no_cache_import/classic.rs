//! What helps where the classic builder builds.

use crate::finding::{Alternative, Fix, not_ruled_out};
use crate::model::{Build, Dialect, NamedImage, Run, Tool};
use crate::rules::past::Past;
use crate::rules::remedy::{self, Site, reference};
use crate::series::fetched_before;

/// The step that Compose v2 adds where it builds with the classic builder.
const BY_COMPOSE: &str = "LABEL com.docker.compose.image.builder=classic";

/// A build is given an image as its cache: by `--cache-from`, by `cache_from` of the Compose file,
/// or, where no command line is shown, the image that it builds is pulled before, which nothing
/// else needs (Cloud Build, in a step of its own: `docker pull gcr.io/p/web || exit 0`).
pub(super) fn is_given_an_image(past: &Past) -> bool {
    (0..past.len()).any(|i| asks(past, i) || pulls_its_own(past, i))
}

fn asks(past: &Past, i: usize) -> bool {
    let Some((run, build)) = past.get(i).filter(|(_, b)| b.dialect == Dialect::Classic) else {
        return false;
    };
    let written = Site::of(past.study, run, build)
        .at
        .is_some_and(|at| !by_compose(build) && !at.place.command.cache_from.is_empty());
    written || past.commands(i).iter().any(|command| !command.cache_from.is_empty())
}

fn pulls_its_own(past: &Past, i: usize) -> bool {
    let Some((run, build)) = past.get(i).filter(|(_, b)| b.dialect == Dialect::Classic) else {
        return false;
    };
    if build.images.is_empty() || !past.commands(i).is_empty() {
        return false;
    }
    let own = |pull: &NamedImage| build.images.iter().any(|b| reference::same(b, &pull.image));
    one_log(past, i, run).any(|run| fetched_before(build, &run.pulls).into_iter().any(own))
}

/// The run, and those before it in its log, which stand side by side: the steps of Cloud Build.
fn one_log<'a>(past: &Past<'a>, i: usize, run: &Run) -> impl Iterator<Item = &'a Run> {
    const STEPS: usize = 16;
    let upto = past.refs.get(i).map_or(0, |at| at.run + 1);
    let runs = past.study.runs.get(..upto).unwrap_or_default().iter().rev();
    let source = run.source.clone();
    runs.take_while(move |other| other.source == source).take(STEPS)
}

/// docker-compose v1 hands `cache_from` of a file that is not given to the classic builder.
pub(super) fn by_unread_file(past: &Past) -> Option<Alternative> {
    let (run, build) = past.last().filter(|(_, b)| b.dialect == Dialect::Classic)?;
    let composed = past.all_commands().any(|command| command.tool == Tool::Compose);
    let known = by_compose(build) || Site::of(past.study, run, build).at.is_some();
    (composed && !known).then(|| {
        not_ruled_out(
            "`cache_from` in the Compose file, which the log does not show (give it with --config)",
        )
    })
}

pub(super) fn by_compose(build: &Build) -> bool {
    build.steps.iter().any(|step| step.text == BY_COMPOSE)
}

/// Compose v2 hands no `cache_from` to the classic builder (2.26.1, 2.40.3), so a pull is no help.
pub(super) fn fix(site: &Site, build: &Build) -> Fix {
    if by_compose(build) {
        return Fix {
            steps: vec![
                "Remove DOCKER_BUILDKIT=0 first: Compose hands neither `cache_from` nor `cache_to` \
                    to the classic builder, and pulling the image is no help."
                    .to_owned(),
            ],
            ..remedy::registry_max(site)
        };
    }
    Fix {
        steps: vec![
            "The classic builder reads a cache only from images of the local daemon: `docker pull` \
                the last image before the build and name it in `--cache-from`.".to_owned(),
            "Better: build with BuildKit, which can store its cache in a registry.".to_owned(),
        ],
        ..remedy::registry_max(site)
    }
}
