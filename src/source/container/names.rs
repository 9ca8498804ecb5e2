//! Names of members of tar archives that are too long for a header: GNU's and POSIX's ways, up to a
//! length.

use std::io::{self, Read};

use tar::{Entry, EntryType};

/// No system has longer paths.
const LONGEST: u64 = 64 << 10;

/// The name that a header gives the next member.
#[derive(Default)]
pub(super) struct MemberName(Option<String>);

impl MemberName {
    /// The name of a member; `None` for one that only tells of the next.
    pub(super) fn of(&mut self, entry: &mut Entry<impl Read>) -> io::Result<Option<String>> {
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let name = start(entry)?;
                self.0 = Some(String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned());
                Ok(None)
            }
            EntryType::XHeader => {
                let header = start(entry)?;
                self.0 = path(&header).or(self.0.take());
                Ok(None)
            }
            EntryType::XGlobalHeader | EntryType::GNULongLink => Ok(None),
            _ => match self.0.take() {
                Some(name) => Ok(Some(name)),
                None => Ok(Some(entry.path()?.to_string_lossy().into_owned())),
            },
        }
    }
}

fn start(entry: &mut Entry<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        Err(io::Error::other("a name in it is longer than any path"))
    } else {
        Ok(bytes)
    }
}

/// `27 path=logs/build.log\n` among the records of a header (POSIX `pax`, extended header).
fn path(records: &[u8]) -> Option<String> {
    let mut rest = records;
    while let Some(blank) = rest.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(rest.get(..blank)?).ok()?.parse().ok()?;
        let record = rest.get(blank + 1..length)?;
        if let Some(name) = record.strip_prefix(b"path=") {
            return Some(
                String::from_utf8_lossy(name.strip_suffix(b"\n").unwrap_or(name)).into_owned(),
            );
        }
        rest = rest.get(length..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posix_names_are_read() {
        assert_eq!(path(b"20 mtime=1.00000001\n16 path=a/b.log\n").as_deref(), Some("a/b.log"));
        assert_eq!((path(b"99 path=a\n"), path(b"x"), path(b"")), (None, None, None));
    }
}
