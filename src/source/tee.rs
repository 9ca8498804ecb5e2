//! Passes a stream through while it is read.

use std::io::{self, Read, Write};

/// Writes what it reads, at once and as it is. Whoever stops reading (a binary file, a log that
/// cannot be unpacked) does not stop the stream: what is left of it passes when this is dropped.
pub(super) struct Tee<R: Read, W: Write> {
    from: R,
    /// `None` where nobody listens any more (`| head`): reading goes on.
    to: Option<W>,
    ended: bool,
}

impl<R: Read, W: Write> Tee<R, W> {
    pub(super) fn new(from: R, to: W) -> Self {
        Self { from, to: Some(to), ended: false }
    }
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.from.read(buffer)?;
        self.ended = got == 0 && !buffer.is_empty();
        let bytes = buffer.get(..got).unwrap_or_default();
        if let Some(to) = &mut self.to
            && to.write_all(bytes).and_then(|()| to.flush()).is_err()
        {
            self.to = None;
        }
        Ok(got)
    }
}

impl<R: Read, W: Write> Drop for Tee<R, W> {
    fn drop(&mut self) {
        if !self.ended {
            // Where the rest cannot be read there is nothing to pass on.
            let _ = io::copy(self, &mut io::sink());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_passes_though_nobody_reads_on() {
        let (input, mut output) = (b"\0\xff one\r\n two".repeat(1000), Vec::new());
        let mut tee = Tee::new(&*input, &mut output);
        tee.read_exact(&mut [0; 10]).unwrap();
        drop(tee);
        assert_eq!(output, input);
    }

    /// A reader that has gone away.
    struct ReaderGone;

    impl Write for ReaderGone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn reading_goes_on_where_nobody_listens() {
        let mut read = Vec::new();
        Tee::new(&b"log"[..], ReaderGone).read_to_end(&mut read).unwrap();
        assert_eq!(read, b"log");
    }
}
