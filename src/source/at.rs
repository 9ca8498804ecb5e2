//! Bytes that can be read from any place in them: files, and memory.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// Reads from several threads at once, each at places of its own.
pub(super) trait ReadAt: Send + Sync {
    /// Puts the bytes at `offset` into the buffer and says how many these are; none is the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// Puts the first bytes behind what is in the buffer, `most` of them if there are so many.
pub(super) fn beginning(bytes: &impl ReadAt, most: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
    let start = buffer.len();
    buffer.resize(start + most, 0);
    let mut read = 0;
    while let Some(rest) = buffer.get_mut(start + read..).filter(|rest| !rest.is_empty()) {
        match bytes.read_at(rest, read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    buffer.truncate(start + read);
    Ok(())
}

impl ReadAt for File {
    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buffer, offset)
    }
}

impl ReadAt for Arc<[u8]> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut rest =
            usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        rest.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out two bytes at a time, as a file on a slow disk may.
    struct Slow(&'static [u8]);

    impl ReadAt for Slow {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            let rest = self.0.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
            rest.take(2).read(buffer)
        }
    }

    #[test]
    fn a_beginning_is_as_long_as_asked_or_the_whole() {
        for (most, got) in [(5, &b"+12345"[..]), (9, b"+123456789"), (20, b"+123456789"), (0, b"+")]
        {
            let mut buffer = b"+".to_vec();
            beginning(&Slow(b"123456789"), most, &mut buffer).unwrap();
            assert_eq!(buffer, got);
        }
    }
}
