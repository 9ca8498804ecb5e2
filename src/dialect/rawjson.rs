//! `BuildKit`'s status as JSON: `--progress=rawjson` and `docker buildx history logs`.
//!
//! Source: `moby/buildkit` `client/graph.go` (`SolveStatus`), `util/progress/progressui`, from
//! v0.13 on. Only recognises the line; the assembler reads what is in it.

use super::{Dialect, Event};

/// One object a line.
pub(super) struct RawJson;

impl Dialect for RawJson {
    fn read<'a>(&self, text: &'a [u8]) -> Option<Event<'a>> {
        const STARTS: [&[u8]; 4] =
            [b"{\"vertexes\":[", b"{\"statuses\":[", b"{\"logs\":[", b"{\"warnings\":["];
        let status =
            text.first() == Some(&b'{') && STARTS.iter().any(|start| text.starts_with(start));
        status.then_some(Event::RawJson(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_objects_and_no_others() {
        for line in ["{\"vertexes\":[{}]}", "{\"statuses\":[{\"id\":\"x\"}]}", "{\"logs\":[]}"] {
            assert_eq!(RawJson.read(line.as_bytes()), Some(Event::RawJson(line.as_bytes())));
        }
        for line in ["{\"level\":\"info\"}", "{ \"vertexes\": []}", "{}", "[{\"vertexes\":[]}]"] {
            assert_eq!(RawJson.read(line.as_bytes()), None, "{line}");
        }
    }
}
