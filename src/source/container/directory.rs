//! How much the directory of a zip archive holds, before it is read as a whole.
//!
//! Source: PKWARE's application note, 4.3.14 to 4.3.16.

use std::io::{self, Read, Seek, SeekFrom};

use crate::source::Unreadable;

/// Members of one archive, and bytes of its directory.
pub(super) const MEMBERS: u64 = 50_000;
const DIRECTORY: u64 = 16 << 20;

/// The end record and the longest comment behind it.
const TAIL: u64 = 22 + 0xffff;

/// Refuses an archive with too many members; leaves the file at its beginning.
pub(super) fn check(file: &mut (impl Read + Seek)) -> Result<(), Unreadable> {
    let size = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.by_ref().take(TAIL).read_to_end(&mut tail)?;
    let declared = end_record(&tail, file)?;
    file.rewind()?;
    match declared {
        Some((members, bytes)) if members > MEMBERS || bytes > DIRECTORY => {
            Err(Unreadable::Members(MEMBERS))
        }
        _ => Ok(()),
    }
}

/// Members and bytes, as the last of the records at the end says.
fn end_record(tail: &[u8], file: &mut (impl Read + Seek)) -> io::Result<Option<(u64, u64)>> {
    let Some(at) = memchr::memmem::rfind(tail, b"PK\x05\x06") else { return Ok(None) };
    let record = tail.get(at..).unwrap_or_default();
    let short = |from: usize| {
        record.get(from..from + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
    };
    let long = |from: usize| {
        record.get(from..from + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
    };
    let (members, bytes) = (short(10), long(12));
    if members != u16::MAX && bytes != u32::MAX {
        return Ok(Some((u64::from(members), u64::from(bytes))));
    }
    // The larger form: a locator in front of the record says where it is.
    let locator = at
        .checked_sub(20)
        .and_then(|start| tail.get(start..at))
        .filter(|l| l.starts_with(b"PK\x06\x07"));
    let Some(place) = locator.and_then(|locator| number(locator, 8)) else {
        return Ok(Some((u64::from(members), u64::from(bytes))));
    };
    let mut record = [0; 56];
    file.seek(SeekFrom::Start(place))?;
    file.read_exact(&mut record)?;
    Ok(number(&record, 32).zip(number(&record, 40)))
}

fn number(bytes: &[u8], from: usize) -> Option<u64> {
    bytes.get(from..from + 8)?.try_into().ok().map(u64::from_le_bytes)
}
