//! What helps where the classic builder builds.

use crate::finding::Fix;
use crate::model::Build;
use crate::rules::remedy::{self, Site};

/// The step that Compose v2 adds where it builds with the classic builder.
const BY_COMPOSE: &str = "LABEL com.docker.compose.image.builder=classic";

/// Compose v2 hands no `cache_from` to the classic builder (2.26.1, 2.40.3), so a pull is no help.
pub(super) fn fix(site: &Site, build: &Build) -> Fix {
    if build.steps.iter().any(|step| step.text == BY_COMPOSE) {
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
