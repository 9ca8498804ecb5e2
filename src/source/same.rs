//! Whether two logs are the same byte by byte.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor};

use super::Entry;

/// Whether two logs, on the disk or in memory, hold the same bytes. What cannot be read, or only
/// once, is like nothing.
#[must_use]
pub fn same_bytes(a: &Entry, b: &Entry) -> bool {
    let files = |entry: &Entry| entry.bytes.is_some() || entry.path.is_file();
    files(a) && files(b) && same(a, b).unwrap_or(false)
}

fn same(a: &Entry, b: &Entry) -> io::Result<bool> {
    let (mut a, mut b) = (opened(a)?, opened(b)?);
    loop {
        let (left, right) = (a.fill_buf()?, b.fill_buf()?);
        let both = left.len().min(right.len());
        if both == 0 || left.get(..both) != right.get(..both) {
            return Ok(left.is_empty() && right.is_empty());
        }
        a.consume(both);
        b.consume(both);
    }
}

fn opened(entry: &Entry) -> io::Result<Box<dyn BufRead>> {
    Ok(match &entry.bytes {
        Some(bytes) => Box::new(Cursor::new(bytes.clone())),
        None => Box::new(BufReader::with_capacity(64 << 10, File::open(&entry.path)?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_count() {
        let folder = tempfile::tempdir().unwrap();
        let long = "a line of a log\n".repeat(20_000);
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Entry { name: name.to_owned(), path, bytes: None }
        };
        let (a, b) = (file("a", &long), file("b", &long));
        let memory = Entry::in_memory("c", long.clone().into_bytes());
        assert!(same_bytes(&a, &b) && same_bytes(&a, &memory));
        assert!(!same_bytes(&a, &file("longer", &(long.clone() + "x"))));
        assert!(!same_bytes(&file("shorter", long.trim_end()), &a));
        assert!(!same_bytes(&a, &Entry { path: folder.path().to_owned(), ..b }));
    }
}
