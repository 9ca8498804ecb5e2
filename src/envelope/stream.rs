//! The stream of the Engine's `/build` call as a program prints it, an object a line:
//! `{"stream":"Step 1/4 : FROM a"}` and `{"stream":"\n"}`, which are one line of the builder.
//!
//! Source: `moby/moby` `pkg/jsonmessage`, `pkg/streamformatter`. Printed by `docker-py`
//! (`{'stream': 'x\n'}`, and `b'{"stream":"x\\n"}'`), dockerode (`{ stream: 'x\n' }`), docker-api
//! for Ruby (`{"stream"=>"x\n"}`).

use std::borrow::Cow;

use super::{Envelope, Head, Peeled, builder_line, stream_text};

/// One object a line, whose texts put together are a builder's log.
pub(super) struct Stream;

/// Behind a text that goes on in the next object; no program prints it.
const OPEN: u8 = 0x1e;

impl Envelope for Stream {
    fn name(&self) -> &'static str {
        "engine-stream"
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'{' | b'[' | b'b' | b's' | b'e' | b'"' | b'\'' | b'`' | b' ' | b'\t')
    }

    /// `docker load` and `docker push` have such a stream too, and no steps in it.
    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |line| {
            stream_text::of(line)
                .is_some_and(|said| said.text.split(|b| *b == b'\n').any(builder_line::begins))
        })
    }

    fn packs(&self) -> bool {
        true
    }

    fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(mut said) = stream_text::of(line) else { return Cow::Borrowed(line) };
        match said.text.last() {
            Some(b'\n') => drop(said.text.pop()),
            _ if said.goes_on => said.text.push(OPEN),
            _ => {}
        }
        Cow::Owned(said.text)
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        let open = line.strip_suffix(&[OPEN]);
        Peeled { text: open.unwrap_or(line), open: open.is_some(), ..Peeled::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn a_line_that_is_not_ended_goes_on_in_the_next_object() {
        let header = Stream.unpack(br#"{"stream":"Step 1/4 : FROM a:1"}"#).into_owned();
        let peeled = Stream.decode(&header);
        assert_eq!((peeled.text, peeled.open), (&b"Step 1/4 : FROM a:1"[..], true));
        assert_eq!(&*Stream.unpack(br#"{"stream":"\n"}"#), b"");
        assert_eq!(
            &*Stream.unpack(br#"{"stream":" ---\u003e Using cache\n"}"#),
            b" ---> Using cache"
        );
    }

    #[test]
    fn only_a_stream_with_steps_is_one_of_a_build() {
        assert!(recognises(&Stream, &[b"Building", b"{'stream': 'Step 1/4 : FROM a'}"]));
        for other in [
            &br#"{"stream": "Loaded image: base:1\n"}"#[..],
            b"{\"stream\": \"stdout\"}",
            b"#5 CACHED",
        ] {
            assert!(!recognises(&Stream, &[other]));
        }
    }
}
