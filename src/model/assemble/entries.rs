//! The entries of one line of `BuildKit`'s JSON status, one after another.
//!
//! A stored build is one line of any length, so entries are handed on as they are read and none is
//! kept; where the line was cut, those before the cut have been read. Source: `moby/buildkit`
//! `client/graph.go`.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One entry, with its text.
pub enum StatusEntry<'e, 'a> {
    /// A vertex changed its state.
    Vertex(&'e VertexState<'a>, &'a str),
    /// Part of the work of a vertex.
    Status(&'e VertexStatus<'a>, &'a str),
    /// Output of a vertex.
    Log(&'e VertexLog<'a>),
}

/// State of a vertex.
#[derive(Deserialize)]
pub struct VertexState<'a> {
    /// `sha256:` and 64 digits.
    #[serde(borrow)]
    pub digest: Cow<'a, str>,
    /// Digests of the vertices that it takes its input from.
    #[serde(borrow, default)]
    pub inputs: Vec<Cow<'a, str>>,
    /// `[build 2/6] WORKDIR /src`.
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    /// When it was begun last.
    #[serde(default, deserialize_with = "time")]
    pub started: Option<DateTime<Utc>>,
    /// When it ended last.
    #[serde(default, deserialize_with = "time")]
    pub completed: Option<DateTime<Utc>>,
    /// Its result came from a cache.
    #[serde(default)]
    pub cached: bool,
    /// Why it failed.
    #[serde(borrow)]
    pub error: Option<Cow<'a, str>>,
    /// What it is shown as a part of.
    #[serde(borrow, rename = "progressGroup")]
    pub group: Option<VertexGroup<'a>>,
}

/// Vertices that are shown as one: `COPY --link`.
#[derive(Deserialize)]
pub struct VertexGroup<'a> {
    /// What its vertices have in common.
    #[serde(borrow, default)]
    pub id: Cow<'a, str>,
    /// The name of the step.
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
}

/// A status line of a vertex.
#[derive(Deserialize)]
pub struct VertexStatus<'a> {
    /// `writing layer sha256:…`, `transferring context:`.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The digest of the vertex.
    #[serde(borrow)]
    pub vertex: Cow<'a, str>,
    /// Bytes so far.
    #[serde(default)]
    pub current: i64,
}

/// Some output of a vertex; the text does not matter.
#[derive(Deserialize)]
pub struct VertexLog<'a> {
    /// The digest of the vertex.
    #[serde(borrow)]
    pub vertex: Cow<'a, str>,
}

/// A time as Go writes it; another text is none.
fn time<'a, D: Deserializer<'a>>(json: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = borrowed_text(json)?;
    let time = text.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
    Ok(time.map(|time| time.to_utc()))
}

/// A text or `null`, copied only where it holds escapes: what `serde` makes of an optional
/// [`Cow`] is always a copy.
pub(crate) fn borrowed_text<'a, D: Deserializer<'a>>(
    json: D,
) -> Result<Option<Cow<'a, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);
    Ok(Option::<Borrowed>::deserialize(json)?.map(|Borrowed(text)| text))
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
        while let Some(log) = seq.next_element::<VertexLog>()? {
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
