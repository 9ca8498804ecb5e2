//! Places of the configuration that the logs leave open: no log tells of them, or none that
//! decides.
//!
//! A log that shows nothing but a first run, or another job, does not take back what is written.

use crate::rules::Study;
use crate::rules::dockerfile_at;
use crate::rules::past::Past;
use crate::rules::remedy::{At, Site, place};

use super::dockerfile;

/// The places that are left.
pub(in crate::rules) struct Open<'a> {
    study: &'a Study,
    pub(in crate::rules) places: Vec<At<'a>>,
}

impl<'a> Open<'a> {
    pub(in crate::rules) fn of(study: &'a Study) -> Self {
        Self { study, places: place::all(study).collect() }
    }

    /// Takes away the places that ask for the builds of a series, or build the same Dockerfile, if
    /// these decide the matter: all places where nothing tells which they are.
    pub(in crate::rules) fn close(&mut self, past: &Past<'a>, decides: impl Fn(&Past<'a>) -> bool) {
        if self.places.is_empty() || !decides(past) {
            return;
        }
        let Some((run, build)) = past.last() else { return };
        let asked = Site::of(self.study, run, build).at;
        let file = dockerfile_at::of(self.study, run, build).map(|at| at.config.path.as_str());
        if asked.is_none() && file.is_none() {
            return self.places.clear();
        }
        self.remove(asked, file);
    }

    /// The same, but where nothing tells which places these are, all stay.
    pub(in crate::rules) fn close_asked(
        &mut self,
        past: &Past<'a>,
        decides: impl Fn(&Past<'a>) -> bool,
    ) {
        if self.places.is_empty() || !decides(past) {
            return;
        }
        let Some((run, build)) = past.last() else { return };
        self.remove(Site::of(self.study, run, build).at, None);
    }

    fn remove(&mut self, asked: Option<At>, file: Option<&str>) {
        let asks = |at: &At| {
            asked
                .is_some_and(|known| at.index == known.index && at.config.path == known.config.path)
        };
        let builds = |at: &At| {
            file.is_some() && dockerfile(self.study, *at).map(|config| config.path.as_str()) == file
        };
        self.places.retain(|at| !(asks(at) || builds(at)));
    }
}
