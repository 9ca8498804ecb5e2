//! Dockerfiles of the configuration, and which places build them. Found once: there may be
//! thousands of both.

use std::collections::HashMap;

use super::path::{dockerfile_path, plain};
use super::places_of;
use crate::config::Config;

/// Dockerfiles by path; places as numbers of file and place.
#[derive(Clone, Debug, Default)]
pub(in crate::rules) struct Dockerfiles {
    paths: HashMap<String, usize>,
    builds: HashMap<String, Vec<(usize, usize)>>,
}

impl Dockerfiles {
    pub(in crate::rules) fn of(configs: &[Config]) -> Self {
        let mut all = Self::default();
        for (number, config) in
            configs.iter().enumerate().filter(|(_, config)| !config.content.stages.is_empty())
        {
            all.paths.entry(plain(&config.path)).or_insert(number);
        }
        for (number, config) in configs.iter().enumerate() {
            for at in places_of(config) {
                let Some(path) = dockerfile_path(at).filter(|path| all.paths.contains_key(path))
                else {
                    continue;
                };
                all.builds.entry(path).or_default().push((number, at.index));
            }
        }
        all
    }

    /// Number of the file.
    pub(super) fn find(&self, path: &str) -> Option<usize> {
        self.paths.get(path).copied()
    }

    /// Places that build the file.
    pub(super) fn builds(&self, path: &str) -> &[(usize, usize)] {
        self.builds.get(path).map_or(&[], Vec::as_slice)
    }
}
