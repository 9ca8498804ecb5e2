//! Earthly's `Earthfile`: named, and not read. It builds with a `BuildKit` of its own and is cached by
//! rules of its own (<https://docs.earthly.dev/docs/caching/caching-in-earthfiles>).

use super::{Change, Content, Kind};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Earthfile;

impl Kind for Earthfile {
    fn name(&self) -> &'static str {
        "earthfile"
    }

    fn names(&self, path: &str) -> bool {
        path.rsplit('/').next() == Some("Earthfile")
    }

    fn looks(&self, _: &str) -> bool {
        false
    }

    fn read(&self, _: &str) -> Result<Content, String> {
        let unread = "is built by Earthly, whose files are not read";
        Ok(Content { unread: vec![unread.to_owned()], ..Content::default() })
    }

    fn correct(&self, _: &str, _: &[Change]) -> Result<String, String> {
        Err("an Earthfile is yours to change".to_owned())
    }
}
