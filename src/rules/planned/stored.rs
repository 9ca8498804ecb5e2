//! Stages that builds store, by the name of the cache.
//!
//! An inline cache holds the stages of its image. Where a stage is built as an image of its own
//! (`--target builder`, with an inline cache), whoever imports that image finds the stage.

use std::collections::HashMap;

use super::flow::{self, CacheName};
use super::{below, built_stages, needed};
use crate::model::CacheSpec;
use crate::rules::Study;
use crate::rules::remedy::{At, place};

/// Stages of each Dockerfile, by number of file and name of the cache. Found once: there may be
/// thousands of places.
#[derive(Clone, Debug, Default)]
pub(in crate::rules) struct StoredStages(HashMap<(usize, CacheName), Vec<usize>>);

impl StoredStages {
    pub(in crate::rules) fn of(study: &Study) -> Self {
        let mut all = Self::default();
        for at in place::all(study) {
            let image = flow::inline_images(at);
            let exported: Vec<(&CacheSpec, CacheName)> = flow::exported(at).collect();
            if image.is_empty() && exported.is_empty() {
                continue;
            }
            for (file, stages, last) in built_stages(study, at) {
                let own = below(&stages, last);
                let whole = [own.clone(), needed(&stages, last)].concat();
                for name in &image {
                    all.add(file, name, &own);
                }
                for (spec, name) in &exported {
                    all.add(
                        file,
                        name,
                        if spec.get("mode") == Some("max") { &whole } else { &own },
                    );
                }
            }
        }
        all
    }

    fn add(&mut self, file: usize, name: &CacheName, stages: &[usize]) {
        self.0.entry((file, name.whole())).or_default().extend(stages);
    }

    /// Numbers of those that a place finds in what it imports.
    pub(super) fn found_by(&self, at: At, file: usize) -> Vec<usize> {
        let stages = |(_, name): (&CacheSpec, CacheName)| self.0.get(&(file, name.whole()));
        flow::read(at).filter_map(stages).flatten().copied().collect()
    }
}
