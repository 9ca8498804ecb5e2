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

impl Kind for Foreign {
    fn name(&self) -> &'static str {
        "foreign"
    }

    fn names(&self, path: &str) -> bool {
        let file = path.rsplit('/').next().unwrap_or(path);
        KNOWN.iter().any(|(names, ..)| names.contains(&file))
    }

    /// One that builds no images is none of ours.
    fn may_be_other(&self, _: &str, _: &str) -> bool {
        true
    }

    fn read(&self, _: &str) -> Result<Content, String> {
        Ok(Content::default())
    }

    fn read_named(&self, path: &str, text: &str) -> Result<Content, String> {
        let file = path.rsplit('/').next().unwrap_or(path);
        let known = KNOWN.iter().find(|(names, ..)| names.contains(&file));
        let message = known.filter(|(.., word)| text.contains(word));
        let unread = message.map(|(_, message, _)| (*message).to_owned()).into_iter().collect();
        Ok(Content { unread, ..Content::default() })
    }

    fn correct(&self, _: &str, _: &[Change]) -> Result<String, String> {
        Err("cachediag does not edit this kind of file".to_owned())
    }
}
