//! What a file is, by its first bytes.

use std::io::Read as _;

use super::mail;

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
    /// A JSON document of an API that may hold a log.
    Document,
    /// No log, and no container of one.
    Foreign(&'static str),
    /// A container that is not read.
    Other(&'static str),
}

/// Looks at the beginning of a file.
pub(super) fn packed(start: &[u8]) -> Packed {
    const MAGIC: [(&[u8], Packed); 16] = [
        (b"\x1f\x8b", Packed::Gzip),
        (b"\x28\xb5\x2f\xfd", Packed::Zstd),
        (b"PK\x03\x04", Packed::Zip),
        (b"\xff\xfe", Packed::Utf16),
        (b"\xfe\xff", Packed::Utf16),
        (b"BZh", Packed::Other("bzip2")),
        (b"\xfd7zXZ", Packed::Other("xz")),
        (b"7z\xbc\xaf", Packed::Other("7z")),
        (b"Rar!", Packed::Other("rar")),
        (b"%PDF-", Packed::Foreign("PDF document")),
        (b"\x89PNG", Packed::Foreign("picture")),
        (b"\xff\xd8\xff", Packed::Foreign("picture")),
        (b"GIF8", Packed::Foreign("picture")),
        (b"SQLite format 3\0", Packed::Foreign("database (a history is given with --history)")),
        (b"<!DOCTYPE html", Packed::Foreign("web page")),
        (b"<html", Packed::Foreign("web page")),
    ];
    let start = start.get(..START).unwrap_or(start);
    if start.get(257..262) == Some(b"ustar") {
        return Packed::Tar;
    }
    if is_document(start) {
        return Packed::Document;
    }
    MAGIC.iter().find(|(magic, _)| start.starts_with(magic)).map_or(Packed::No, |(_, form)| *form)
}

/// A log may begin with a brace or bracket too, so keys are asked for:
/// `{"url": …, "content": "the log"}` (Buildkite), `[{"message": …, "type": "out"}]` (`CircleCI`),
/// `[{"insertId": …, "textPayload": …}]` (Cloud Logging), `[{"id": …, "step_id": …, "data": …}]`
/// (Woodpecker), `[{"pos": 0, "out": …}]` (Drone), `{"events": [{"timestamp": …, "message": …}]}`
/// (`CloudWatch`), `{"events": [{"event": "job_started", "timestamp": …}]}` (Semaphore); and `---`, `insertId: …`, as `gcloud logging read` lists entries unless told
/// otherwise; and mails.
fn is_document(start: &[u8]) -> bool {
    const KEYS: [&[u8]; 6] = [b"message", b"type", b"insertId", b"textPayload", b"step_id", b"pos"];
    let has = |key: &[u8]| {
        let quoted = |at: usize| {
            at > 0 && start.get(at - 1) == Some(&b'"') && start.get(at + key.len()) == Some(&b'"')
        };
        memchr::memmem::find_iter(start, key).any(quoted)
    };
    match start.trim_ascii_start() {
        [b'{', ..] => {
            let message = || has(b"message") || has(b"event");
            let events = || has(b"events") && has(b"timestamp") && message();
            has(b"url") && has(b"content") || events()
        }
        [b'[', entries @ ..] if entries.trim_ascii_start().starts_with(b"{") => {
            KEYS.iter().any(|key| has(key))
        }
        listed => listed.starts_with(b"---\ninsertId: ") || mail::is_one(listed),
    }
}

/// The archive of an image layout, compressed or not: what `docker buildx history export` writes,
/// and caches that were packed. Source: `opencontainers/image-spec` `image-layout.md`.
pub(super) fn is_layout(start: &[u8]) -> bool {
    const FIRST: [&[u8]; 4] = [b"blobs/", b"oci-layout", b"index.json", b"manifest.json"];
    let names = |header: &[u8]| {
        let name = header.strip_prefix(b"./").unwrap_or(header);
        header.get(257..262) == Some(b"ustar") && FIRST.iter().any(|first| name.starts_with(first))
    };
    if !start.starts_with(b"\x1f\x8b") {
        return names(start);
    }
    let mut header = Vec::new();
    // What was read of a compressed file that goes on ends with an error.
    let _ = flate2::read::GzDecoder::new(start).take(START as u64).read_to_end(&mut header);
    names(&header)
}
