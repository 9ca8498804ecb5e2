//! Drone's stored logs: `{"pos":0,"out":"+ docker build .\n","time":3}`, seconds since the step
//! began.
//!
//! Source: `drone/drone` `core/log.go` (`type Line`).

use std::borrow::Cow;

use serde::Deserialize;

use super::{Envelope, Head, Mark, drone};

/// One JSON object a line.
pub(super) struct DroneJson;

#[derive(Deserialize)]
struct DroneLine<'a> {
    #[serde(borrow)]
    out: Cow<'a, str>,
}

impl Envelope for DroneJson {
    fn name(&self) -> &'static str {
        "drone-json"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("drone")
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'{'
    }

    fn recognise(&self, head: &Head) -> bool {
        head.mostly(self, |l| {
            l.starts_with(b"{\"pos\":") && serde_json::from_slice::<DroneLine>(l).is_ok()
        })
    }

    fn packs(&self) -> bool {
        true
    }

    fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        match serde_json::from_slice::<DroneLine>(line) {
            Ok(record) => {
                Cow::Owned(record.out.trim_end_matches(['\n', '\r']).as_bytes().to_owned())
            }
            Err(_) => Cow::Borrowed(line),
        }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        drone::mark(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn unpacks_the_text() {
        let line = br##"{"pos":3,"out":"#5 CACHED\r\n","time":7}"##;
        assert_eq!(&*DroneJson.unpack(line), b"#5 CACHED");
        assert!(recognises(&DroneJson, &[line]));
        assert!(!recognises(&DroneJson, &[b"{\"pos\":3}"]));
    }
}
