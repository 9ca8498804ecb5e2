//! The hash of an input's bytes, whatever container they came in.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::{Body, Input};

/// A hash that is complete when the input has been scanned.
#[derive(Debug, Default)]
pub struct Digest(Arc<Mutex<Sha256>>);

impl Digest {
    /// The first bytes of the SHA-256 of all that was read.
    #[must_use]
    pub fn finish(&self) -> [u8; 16] {
        let hash = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize();
        hash.first_chunk().copied().unwrap_or_default()
    }

    fn update(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
    }
}

impl Input {
    /// Hashes what is read. A file is read once more for it: its blocks are scanned in no order.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn digest(&mut self) -> io::Result<Digest> {
        let digest = Digest::default();
        match &mut self.body {
            Body::Placed(bytes, _) => {
                let (mut buffer, mut at) = (vec![0; 64 << 10], 0);
                loop {
                    let got = bytes.read_at(&mut buffer, at)?;
                    if got == 0 {
                        break;
                    }
                    digest.update(buffer.get(..got).unwrap_or_default());
                    at += got as u64;
                }
            }
            Body::Pipe(stream) => {
                digest.update(&self.head);
                let inner = std::mem::replace(stream, Box::new(io::empty()));
                *stream = Box::new(Hashed { stream: inner, digest: Digest(Arc::clone(&digest.0)) });
            }
        }
        Ok(digest)
    }
}

/// Hashes a stream while it is read.
struct Hashed {
    stream: Box<dyn Read + Send>,
    digest: Digest,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.stream.read(buffer)?;
        self.digest.update(buffer.get(..got).unwrap_or_default());
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;
    use crate::source::{Sieve, Sink, Wanted};

    struct Nothing;
    impl Sieve for Nothing {
        type State = ();
        fn wants(&self, (): &mut (), _: &[u8]) -> Wanted {
            Wanted::No(None)
        }
    }
    impl Sink for Nothing {
        fn line(&mut self, _: u64, _: &[u8]) {}
    }

    fn digest(mut input: Input) -> [u8; 16] {
        let digest = input.digest().unwrap();
        input.scan(&Nothing, &mut Nothing).unwrap();
        digest.finish()
    }

    #[test]
    fn a_file_and_a_stream_of_the_same_bytes_are_the_same() {
        let text = "a line of a log\n".repeat(40_000).into_bytes();
        let known: [u8; 16] = *Sha256::digest(&text).first_chunk().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&text).unwrap();
        file.rewind().unwrap();
        assert_eq!(digest(Input::of_file(file).unwrap()), known);
        assert_eq!(digest(Input::pipe(Box::new(io::Cursor::new(text))).unwrap()), known);
    }
}
