//! Dockerfiles of the configuration, and which places build them. Found once: there may be
//! thousands of both.

use std::collections::{BTreeSet, HashMap};

use super::path::{dockerfile_paths, dockerfile_paths_from, plain, root};
use crate::config::Config;
use crate::model::Tool;
use crate::rules::remedy::At;
use crate::rules::remedy::place::places_of;

/// Dockerfiles by path; places as numbers of file and place.
#[derive(Clone, Debug, Default)]
pub(in crate::rules) struct Dockerfiles {
    paths: HashMap<String, usize>,
    /// Folders that files of a CI are of.
    checkouts: BTreeSet<String>,
    builds: HashMap<String, Vec<(usize, usize)>>,
    /// By file, for each of its places; of a script as each job that calls it has it.
    of_places: HashMap<String, HashMap<Key, Vec<usize>>>,
}

/// The number of a place, and of its form.
type Key = (usize, usize);

fn key(at: At) -> Key {
    (at.index, at.place.form)
}

impl Dockerfiles {
    pub(in crate::rules) fn of(configs: &[Config]) -> Self {
        let mut all = Self::default();
        for (number, config) in
            configs.iter().enumerate().filter(|(_, config)| !config.content.stages.is_empty())
        {
            all.paths.entry(plain(&config.path)).or_insert(number);
        }
        let of_ci = configs.iter().filter(|config| config.kind.ci().is_some());
        all.checkouts = of_ci.map(|config| plain(root(&config.path))).collect();
        for (number, config) in configs.iter().enumerate() {
            let mut of_places: HashMap<Key, Vec<usize>> = HashMap::new();
            for at in places_of(config) {
                let paths = all.named(at);
                let numbers = paths.iter().filter_map(|path| all.paths.get(path)).copied();
                of_places.insert(key(at), numbers.collect());
                for path in paths {
                    let builds = all.builds.entry(path).or_default();
                    if builds.last() != Some(&(number, at.index)) {
                        builds.push((number, at.index));
                    }
                }
            }
            all.of_places.entry(config.path.clone()).or_insert(of_places);
        }
        all
    }

    /// Paths of those that a place names, each once: one, or one for each leg.
    fn named(&self, at: At) -> Vec<String> {
        let checkout = self.checkout_of(at.config).map(|root| dockerfile_paths_from(at, root));
        for mut paths in checkout.into_iter().chain(dockerfile_paths(at)) {
            paths.retain(|path| self.paths.contains_key(path));
            paths.sort_unstable();
            paths.dedup();
            if !paths.is_empty() {
                return paths;
            }
        }
        Vec::new()
    }

    /// The checkout that holds a file of bake: paths in it begin where bake is called, wherever the
    /// file lies (`docker/buildx` `bake/bake.go`).
    fn checkout_of(&self, config: &Config) -> Option<&str> {
        if config.kind.reader() != Some(Tool::BuildxBake) {
            return None;
        }
        let path = plain(&config.path);
        let holds = |root: &&String| {
            path.strip_prefix(root.as_str()).is_some_and(|p| root.is_empty() || p.starts_with('/'))
        };
        self.checkouts.iter().filter(holds).max_by_key(|root| root.len()).map(String::as_str)
    }

    /// Numbers of those that a place builds.
    pub(super) fn of_place(&self, at: At) -> &[usize] {
        let places = self.of_places.get(&at.config.path);
        places.and_then(|places| places.get(&key(at))).map_or(&[], Vec::as_slice)
    }

    /// Some of them are known to be built.
    pub(in crate::rules) fn are_built(&self) -> bool {
        self.of_places.values().flat_map(HashMap::values).any(|files| !files.is_empty())
    }

    /// Places that build the file.
    pub(super) fn builds(&self, path: &str) -> &[(usize, usize)] {
        self.builds.get(path).map_or(&[], Vec::as_slice)
    }
}
