//! A scalar as it stands in the file: its value, and for each byte of the value where it is
//! written.
//!
//! That lets a value be changed in parts, in any of YAML's five styles, and all else of the scalar
//! stays as it is. What is decoded here is compared with what the parser made of it: where they
//! differ nothing is said, so nothing is changed.

mod decode;

use super::span;
use super::{Document, Route};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `docker build .`
    Plain,
    /// `'docker build .'`
    Single,
    /// `"docker build ."`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// A scalar of a file.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    /// Its value.
    pub(crate) value: String,
    /// How it is written.
    pub(crate) style: Style,
    /// Where its node begins in the file.
    pub(crate) start: usize,
    /// Where its node ends.
    pub(crate) end: usize,
    /// For each byte of the value where it begins and ends in the file.
    bytes: Vec<(usize, usize)>,
}

impl Scalar {
    /// The scalar at `route`, whose value the parser says is `value`; `None` where it is written in
    /// a way that is not understood.
    pub(crate) fn find(doc: &Document, route: &Route, value: &str) -> Option<Self> {
        let place = span(doc, route)?;
        let raw = doc.source().get(place.start..place.end)?;
        let (style, decoded, bytes) = decode::decode(raw)?;
        let end = place.start + raw.trim_end().len();
        let mut bytes: Vec<_> =
            bytes.into_iter().map(|(s, e)| (place.start + s, place.start + e)).collect();
        let breaks = value.strip_prefix(decoded.as_str())?;
        let block = matches!(style, Style::Literal | Style::Folded);
        if !(breaks.is_empty() || block && breaks.bytes().all(|b| b == b'\n')) {
            return None;
        }
        bytes.extend(breaks.bytes().map(|_| (end, end)));
        Some(Self { value: value.to_owned(), style, start: place.start, end, bytes })
    }

    /// Where in the file the byte at `at` of the value begins.
    pub(crate) fn offset(&self, at: usize) -> Option<usize> {
        self.bytes.get(at).map(|(start, _)| *start)
    }

    /// Where in the file the byte in front of `at` ends.
    pub(crate) fn end_offset(&self, at: usize) -> Option<usize> {
        self.bytes.get(at.checked_sub(1)?).map(|(_, end)| *end)
    }

    /// How `new` is written inside of this scalar; `None` where it cannot hold it.
    pub(crate) fn written(&self, new: &str) -> Option<String> {
        if new.contains(['\n', '\r']) {
            return None;
        }
        match self.style {
            Style::Literal | Style::Folded => Some(new.to_owned()),
            Style::Single => Some(new.replace('\'', "''")),
            Style::Double => Some(new.replace('\\', "\\\\").replace('"', "\\\"")),
            Style::Plain => (!new.contains(": ") && !new.contains(" #")).then(|| new.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte of the value is found again where it is said to be written.
    fn check(text: &str) -> Scalar {
        let value: yaml_serde::Value = yaml_serde::from_str(text).unwrap();
        let value = value.get("a").and_then(|v| v.as_str()).unwrap().to_owned();
        let doc = Document::new(text).unwrap();
        let scalar =
            Scalar::find(&doc, &Route::from(["a"]), &value).unwrap_or_else(|| panic!("{text:?}"));
        for (at, byte) in value.bytes().enumerate().filter(|(_, b)| b.is_ascii_alphabetic()) {
            let start = scalar.offset(at).unwrap();
            assert!(
                text.as_bytes()[start] == byte || text.as_bytes()[start] == b'\\',
                "{text:?} at {at}"
            );
        }
        scalar
    }

    #[test]
    fn every_style_is_decoded_as_the_parser_does() {
        for text in [
            "a: docker build .\n",
            "a: docker build . # why\n",
            "a: docker build\n  --tag x\n\n  .\nb: 1\n",
            "a: 'it''s\n  docker   \n\n  build'\n",
            "a: \"docker \\\"build\\\" \\\n   x\\ty\n   z\\u00e9 \\\\ é\"\n",
            "a: |\n  docker build \\\n    -t x .\n\n  # why\n  make\n",
            "a: |-\n    docker build\n\n\nb: 1\n",
            "a: |+ # keep\n  docker build\n\n",
            "a: >-\n  docker build\n  --tag x\n\n    more\n    indented\n  end\n",
            "a: >\n  docker build\n  .\n\n\n",
            "a: |\r\n  docker build\r\n  make\r\nb: 1\r\n",
            "a: >-\r\n  docker build\r\n  .\r\n",
            "a: &x |\n  docker build\n",
            "a: |\n\n  docker\n   build",
        ] {
            check(text);
        }
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        let doc = Document::new("a: |2\n   docker build\n").unwrap();
        assert!(Scalar::find(&doc, &Route::from(["a"]), " docker build\n").is_none());
        assert!(Scalar::find(&doc, &Route::from(["a"]), "something else").is_none());
    }

    #[test]
    fn text_is_written_as_the_style_asks() {
        let written = |text: &str| check(text).written("say \"it's\"");
        assert_eq!(written("a: 'x y'").unwrap(), "say \"it''s\"");
        assert_eq!(written("a: \"x y\"").unwrap(), "say \\\"it's\\\"");
        assert_eq!(written("a: x y").unwrap(), "say \"it's\"");
        assert!(check("a: x").written("b: c").is_none() && check("a: x").written("b #c").is_none());
    }
}
