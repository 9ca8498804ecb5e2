//! A record's text in few bytes: compressed against a sample of its job.

use std::io::{self, Read};

use zstd::bulk::Compressor;
use zstd::stream::read::Decoder;

/// More than this is no record.
pub(super) const LARGEST: usize = 4 << 20;

/// The column in a query; nothing where it is larger than any record. The length of a value is told
/// without reading it.
pub(super) fn bounded(column: &str) -> String {
    format!("iif(length({column}) > {LARGEST}, x'', {column})")
}

/// Higher levels gain little on texts of a few kilobytes, and take longer.
const LEVEL: i32 = 6;

/// The text, against a sample of its like; against nothing where the sample is empty.
pub(super) fn packed(text: &str, sample: &str) -> io::Result<Vec<u8>> {
    Compressor::with_dictionary(LEVEL, sample.as_bytes())?.compress(text.as_bytes())
}

/// The text again.
pub(super) fn unpacked(body: &[u8], sample: &str) -> io::Result<String> {
    if body.is_empty() {
        return Err(too_large());
    }
    let decoder = Decoder::with_dictionary(body, sample.as_bytes())?;
    let mut text = String::new();
    decoder.take(LARGEST as u64 + 1).read_to_string(&mut text)?;
    if text.len() > LARGEST { Err(too_large()) } else { Ok(text) }
}

fn too_large() -> io::Error {
    io::Error::other(format!("it is larger than any record ({} MiB)", LARGEST >> 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sample_says_too_takes_no_room() {
        let text = (0..200)
            .map(|i| format!("step {i} of the build, {} ", i * 7919 % 1000))
            .collect::<Vec<_>>()
            .concat();
        let other = text.replace("step 17 ", "step 17, which ran, ");
        let (alone, beside) = (packed(&other, "").unwrap(), packed(&other, &text).unwrap());
        assert!(beside.len() * 10 < alone.len(), "{} {}", beside.len(), alone.len());
        assert_eq!(
            (unpacked(&alone, "").unwrap(), unpacked(&beside, &text).unwrap()),
            (other.clone(), other)
        );
        assert!(unpacked(b"noise", "").is_err());
    }
}
