//! Scripts of a `package.json` that a CI calls: `npm run image`.
//!
//! <https://docs.npmjs.com/cli/v10/using-npm/scripts>

use yaml_serde::Value;

use super::jobs::{self, Job, JobStep};
use super::script::{Builders, Item};
use super::yaml::{Route, entries, key, text};
use super::{Change, Content, Kind, Place};

/// The kind of file.
#[derive(Debug)]
pub(super) struct PackageScripts;

impl Kind for PackageScripts {
    fn name(&self) -> &'static str {
        "package-scripts"
    }

    fn is_called(&self) -> bool {
        true
    }

    /// JSON is read as the YAML that it is.
    fn read(&self, text: &str) -> Result<Content, String> {
        jobs::content(text, all)
    }

    fn called(&self, text: &str, by: &Place) -> Vec<(usize, Place)> {
        let asked = by.call.as_ref().and_then(|call| call.words.first().cloned());
        let found = jobs::called(text, |root| {
            let mut all = all(root);
            for job in all.iter_mut().filter(|job| Some(&job.name) == asked.as_ref()) {
                *job = Job {
                    name: String::new(),
                    steps: std::mem::take(&mut job.steps),
                    ..Job::called(by)
                };
            }
            all
        });
        found.into_iter().filter(|(_, place)| place.job.is_empty()).collect()
    }

    fn correct(&self, _: &str, _: &[Change]) -> Result<String, String> {
        Err("cachediag does not edit a script of a package.json".to_owned())
    }
}

/// The file has scripts.
pub(super) fn is_package(path: &str) -> bool {
    path.rsplit('/').next() == Some("package.json")
}

fn all(root: &Value) -> Vec<Job> {
    let scripts = root.get("scripts").map(entries).unwrap_or_default();
    let at = key(&Route::default(), "scripts");
    let job = |(name, value): (&str, &Value)| {
        let item = Item { route: key(&at, name), value: text(value)?.into() };
        Some(Job {
            name: name.to_owned(),
            slashes: true,
            steps: vec![JobStep::Script(item)],
            builders: Builders::unknown(),
            ..Job::default()
        })
    };
    scripts.into_iter().filter_map(job).collect()
}
