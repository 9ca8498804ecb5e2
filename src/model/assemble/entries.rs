//! The entries of one line of `BuildKit`'s JSON status, one after another.
//!
//! A stored build is one line of any length, so entries are handed on as they are read and none is
//! kept; where the line was cut, those before the cut have been read. Source: `moby/buildkit`
//! `client/graph.go`.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One entry, with its text.
pub(super) enum StatusEntry<'e, 'a> {
    /// A vertex changed its state.
    Vertex(&'e VertexState<'a>, &'a str),
    /// Part of the work of a vertex.
    Status(&'e Status<'a>, &'a str),
    /// Output of a vertex.
    Log(&'e Log<'a>),
}

/// State of a vertex.
#[derive(Deserialize)]
pub(super) struct VertexState<'a> {
    #[serde(borrow)]
    pub(super) digest: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) inputs: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) started: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) completed: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) cached: bool,
    #[serde(borrow)]
    pub(super) error: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "progressGroup")]
    pub(super) group: Option<VertexGroup<'a>>,
}

/// Vertices that are shown as one: `COPY --link`.
#[derive(Deserialize)]
pub(super) struct VertexGroup<'a> {
    #[serde(borrow, default)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
}

/// A status line.
#[derive(Deserialize)]
pub(super) struct Status<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) vertex: Cow<'a, str>,
    /// Bytes so far.
    #[serde(default)]
    pub(super) current: i64,
}

/// Some output; the text does not matter.
#[derive(Deserialize)]
pub(super) struct Log<'a> {
    #[serde(borrow)]
    pub(super) vertex: Cow<'a, str>,
}

/// Reads the line up to its end, to where it is no such object any more, or to the entry behind
/// which no other is wanted.
pub(super) fn each<'a>(
    line: &'a [u8],
    mut take: impl FnMut(StatusEntry<'_, 'a>) -> ControlFlow<()>,
) {
    // What was read before an error has been taken; a cut line always ends in one. Text is read
    // faster than bytes, each string of which is looked at for what is no UTF-8.
    let _ = match str::from_utf8(line) {
        Ok(text) => serde_json::Deserializer::from_str(text).deserialize_map(Object(&mut take)),
        Err(_) => serde_json::Deserializer::from_slice(line).deserialize_map(Object(&mut take)),
    };
}

/// An error where no other entry is wanted, which ends the reading.
fn go_on<E: Error>(wanted: ControlFlow<()>) -> Result<(), E> {
    match wanted {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(E::custom("no other entry is wanted")),
    }
}

struct Object<F>(F);

impl<'a, F: FnMut(StatusEntry<'_, 'a>) -> ControlFlow<()>> Visitor<'a> for Object<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a status")
    }

    fn visit_map<M: MapAccess<'a>>(mut self, mut map: M) -> Result<(), M::Error> {
        while let Some(key) = map.next_key::<Cow<'a, str>>()? {
            match key.as_ref() {
                "vertexes" => map.next_value_seed(Array(vertex, &mut self.0))?,
                "statuses" => map.next_value_seed(Array(status, &mut self.0))?,
                "logs" => map.next_value_seed(Logs(&mut self.0))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// An array of one kind of entries.
struct Array<'f, 'a, F>(fn(&'a str, &mut F) -> ControlFlow<()>, &'f mut F);

impl<'a, F: FnMut(StatusEntry<'_, 'a>) -> ControlFlow<()>> DeserializeSeed<'a>
    for Array<'_, 'a, F>
{
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'a, F: FnMut(StatusEntry<'_, 'a>) -> ControlFlow<()>> Visitor<'a> for Array<'_, 'a, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("entries")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<(), S::Error> {
        let Self(read, take) = self;
        while let Some(raw) = seq.next_element::<&'a RawValue>()? {
            go_on(read(raw.get(), take))?;
        }
        Ok(())
    }
}

/// Output, which is long and of which no text is kept: it is read over once.
struct Logs<'f, F>(&'f mut F);

impl<'a, F: FnMut(StatusEntry<'_, 'a>) -> ControlFlow<()>> DeserializeSeed<'a> for Logs<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'a, F: FnMut(StatusEntry<'_, 'a>) -> ControlFlow<()>> Visitor<'a> for Logs<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("output")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<(), S::Error> {
        while let Some(log) = seq.next_element::<Log>()? {
            go_on((self.0)(StatusEntry::Log(&log)))?;
        }
        Ok(())
    }
}

/// Hands a vertex on. What cannot be read is passed over.
fn vertex<'a, F>(raw: &'a str, take: &mut F) -> ControlFlow<()>
where
    F: FnMut(StatusEntry<'_, 'a>) -> ControlFlow<()>,
{
    let read = serde_json::from_str(raw);
    read.map_or(ControlFlow::Continue(()), |record| take(StatusEntry::Vertex(&record, raw)))
}

/// Hands a status on.
fn status<'a, F>(raw: &'a str, take: &mut F) -> ControlFlow<()>
where
    F: FnMut(StatusEntry<'_, 'a>) -> ControlFlow<()>,
{
    let read = serde_json::from_str(raw);
    read.map_or(ControlFlow::Continue(()), |status| take(StatusEntry::Status(&status, raw)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_line_gives_what_is_before_the_cut() {
        let line = br#"{"vertexes":[{"digest":"a","name":"x"},{"digest":"b","name":"y"}],"logs":[{"vertex":"a","data":"AA=="},{"vert"#;
        let mut seen = Vec::new();
        each(line, |entry| {
            seen.push(match entry {
                StatusEntry::Vertex(record, _) => record.name.to_string(),
                StatusEntry::Status(status, _) => status.id.to_string(),
                StatusEntry::Log(log) => format!("log {}", log.vertex),
            });
            ControlFlow::Continue(())
        });
        assert_eq!(seen, ["x", "y", "log a"]);
    }

    #[test]
    fn other_shapes_are_nothing() {
        for line in
            [&b"{\"vertexes\":[1,2]}"[..], b"{\"vertexes\":{}}", b"{\"vertexes\":[", b"", b"\xff{"]
        {
            each(line, |_| unreachable!("no entry"));
        }
    }
}
