//! Files that build images and are named, not read.

use super::{Change, Content, Kind};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Foreign;

/// Names of files, what reads them, and a word that stands in one that builds images.
const KNOWN: &[(&[&str], &str, &str)] = &[
    // It builds with a BuildKit of its own and is cached by rules of its own
    // (<https://docs.earthly.dev/docs/caching/caching-in-earthfiles>).
    (&["Earthfile"], "is built by Earthly, whose files are not read", ""),
    (&["appveyor.yml", ".appveyor.yml"], "is a file of AppVeyor, which is not read", "docker"),
    (&[".cirrus.yml"], "is a file of Cirrus CI, which is not read", "docker"),
    (&["semaphore.yml"], "is a file of Semaphore, which is not read", "docker"),
    (&["codefresh.yml"], "is a file of Codefresh, which is not read", "build"),
    (&["dagger.json"], "builds with Dagger, whose modules are not read", ""),
];

/// Pipelines that have no name of their own: a folder, what reads them, and words of a build.
const FOLDERS: &[(&str, &str, &[&str])] = &[
    ("concourse", "is a file of Concourse, which is not read", &["oci-build", "docker-image"]),
];

impl Kind for Foreign {
    fn name(&self) -> &'static str {
        "foreign"
    }

    fn names(&self, path: &str) -> bool {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let lies = |(name, ..): &(&str, &str, &[&str])| folder.split('/').any(|part| part == *name);
        KNOWN.iter().any(|(names, ..)| names.contains(&file))
            || super::yaml::is_file(file) && FOLDERS.iter().any(lies)
    }

    /// One that builds no images is none of ours.
    fn may_be_other(&self, _: &str, _: &str) -> bool {
        true
    }

    fn read(&self, _: &str) -> Result<Content, String> {
        Ok(Content::default())
    }

    fn read_named(&self, path: &str, text: &str) -> Result<Content, String> {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let known = KNOWN.iter().find(|(names, ..)| names.contains(&file));
        let message =
            known.filter(|(.., word)| text.contains(word)).map(|(_, message, _)| *message);
        let lies = FOLDERS.iter().find(|(name, ..)| folder.split('/').any(|part| part == *name));
        let builds = lies.filter(|(.., words)| words.iter().any(|word| text.contains(word)));
        let message = message.or_else(|| builds.map(|(_, message, _)| *message));
        let unread = message.map(str::to_owned).into_iter().collect();
        Ok(Content { unread, ..Content::default() })
    }

    fn correct(&self, _: &str, _: &[Change]) -> Result<String, String> {
        Err("cachediag does not edit this kind of file".to_owned())
    }
}
