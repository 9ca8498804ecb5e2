//! Passes a stream through while it is read.

use std::io::{self, Read, Write};

/// Writes what it reads to standard output.
pub(super) struct Tee<R>(pub(super) R);

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.0.read(buffer)?;
        let mut out = io::stdout().lock();
        out.write_all(buffer.get(..got).unwrap_or_default())?;
        out.flush()?;
        Ok(got)
    }
}
