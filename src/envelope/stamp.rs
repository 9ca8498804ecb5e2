//! Time stamps in front of a line, measured by fixed bytes and never decoded here.

/// Splits `2026-05-04T09:00:00.123Z` from what follows; blank for `T`, comma for the point, a zone
/// or none: RFC 3339 and what loggers make of it.
pub(super) fn date_time(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (seconds, rest) = text.split_at_checked(SHAPE.len())?;
    let fits = seconds.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b' '),
        shape => byte == shape,
    });
    let length = SHAPE.len() + fraction(rest);
    let length = length + zone(text.get(length..)?);
    if fits { text.split_at_checked(length) } else { None }
}

/// Splits `09:00:00`, `09:00:00.1` from what follows.
pub(super) fn clock(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let [h, hh, b':', m, mm, b':', s, ss, rest @ ..] = text else { return None };
    let digits = [h, hh, m, mm, s, ss].iter().all(|b| b.is_ascii_digit());
    if digits { text.split_at_checked(8 + fraction(rest)) } else { None }
}

const SHAPE: &[u8] = b"0000-00-00T00:00:00";

fn fraction(text: &[u8]) -> usize {
    let [b'.' | b',', digits @ ..] = text else { return 0 };
    match digits.iter().take_while(|b| b.is_ascii_digit()).count() {
        0 => 0,
        count => count + 1,
    }
}

fn zone(text: &[u8]) -> usize {
    match text {
        [b'Z', ..] => 1,
        [b'+' | b'-', a, b, b':', c, d, ..] if [a, b, c, d].iter().all(|b| b.is_ascii_digit()) => 6,
        [b'+' | b'-', a, b, c, d, ..] if [a, b, c, d].iter().all(|b| b.is_ascii_digit()) => 5,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_stamps() {
        for stamp in [
            "2026-05-04T09:00:00Z",
            "2026-05-04T09:00:00.123456789+02:00",
            "2026-05-04 09:00:00,123",
            "2026-05-04T09:00:00+0200",
        ] {
            let line = format!("{stamp} #5 CACHED");
            assert_eq!(
                date_time(line.as_bytes()),
                Some((stamp.as_bytes(), &b" #5 CACHED"[..])),
                "{stamp}"
            );
        }
        assert_eq!(clock(b"09:00:00.5 x"), Some((&b"09:00:00.5"[..], &b" x"[..])));
        for other in ["2026-05-04", "2026-05-04Taa:00:00Z", "#12 3.456 x"] {
            assert_eq!(date_time(other.as_bytes()), None, "{other}");
        }
        assert_eq!(clock(b"9:00:00 x"), None);
    }
}
