//! What a file is, by its first bytes.

/// Bytes looked at: a tar archive has its mark at 257.
pub(super) const START: usize = 512;

/// Containers that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packed {
    /// Text, as far as one can see.
    No,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// PKWARE's application note.
    Zip,
    /// POSIX.1-1988 and later.
    Tar,
    /// Text with a byte order mark of UTF-16: `PowerShell` writes it.
    Utf16,
    /// The answer of Buildkite's API: `{"url": …, "content": "the log", "size": …, "header_times": […]}`.
    Answer,
    /// A container that is not read.
    Other(&'static str),
}

/// Looks at the beginning of a file.
pub(super) fn packed(start: &[u8]) -> Packed {
    const MAGIC: [(&[u8], Packed); 7] = [
        (b"\x1f\x8b", Packed::Gzip),
        (b"\x28\xb5\x2f\xfd", Packed::Zstd),
        (b"PK\x03\x04", Packed::Zip),
        (b"\xff\xfe", Packed::Utf16),
        (b"\xfe\xff", Packed::Utf16),
        (b"BZh", Packed::Other("bzip2")),
        (b"\xfd7zXZ", Packed::Other("xz")),
    ];
    if start.get(257..262) == Some(b"ustar") {
        return Packed::Tar;
    }
    if is_answer(start) {
        return Packed::Answer;
    }
    MAGIC.iter().find(|(magic, _)| start.starts_with(magic)).map_or(Packed::No, |(_, form)| *form)
}

/// A log may begin with a brace too, so both keys are asked for (`buildkite/docs`
/// `pages/apis/rest_api/jobs.md`).
fn is_answer(start: &[u8]) -> bool {
    let has = |key: &[u8]| memchr::memmem::find(start, key).is_some();
    start.trim_ascii_start().starts_with(b"{") && has(b"\"url\"") && has(b"\"content\"")
}
