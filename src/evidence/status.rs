//! The status of a stored build: frames of four bytes of length and a message of Protocol Buffers.
//!
//! The same entries as JSON status has, so that both make one model, and quoted as that has them. What
//! commands printed is left out. Source: `moby/buildkit` `api/services/control/control.proto`
//! (`StatusResponse`), `util/...` of `buildx`'s export, which writes one frame for each event.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use prost::encoding::decode_varint;
use prost::{DecodeError, Message};
use serde::Serialize;

use super::{Kind, PARTS, What};
use crate::envelope::Stack;
use crate::model::{self, EvidenceKind, LogReader, Run, StatusEntry, VertexGroup, VertexState};

/// Frames.
pub(super) struct Status;

/// `StatusResponse`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Response {
    #[prost(message, repeated, tag = "1")]
    pub(super) vertexes: Vec<Vertex>,
    #[prost(message, repeated, tag = "2")]
    pub(super) statuses: Vec<VertexStatus>,
    #[prost(message, repeated, tag = "3")]
    pub(super) logs: Vec<VertexLog>,
}

/// State of a vertex. JSON status names its parts in this order, and leaves empty ones out; what
/// stands in front of its name is not quoted.
#[derive(Clone, PartialEq, Message, Serialize)]
pub(super) struct Vertex {
    #[prost(string, tag = "1")]
    #[serde(skip)]
    pub(super) digest: String,
    #[prost(string, repeated, tag = "2")]
    #[serde(skip)]
    pub(super) inputs: Vec<String>,
    #[prost(string, tag = "3")]
    pub(super) name: String,
    #[prost(bool, tag = "4")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) cached: bool,
    #[prost(message, optional, tag = "5")]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc3339")]
    pub(super) started: Option<Time>,
    #[prost(message, optional, tag = "6")]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc3339")]
    pub(super) completed: Option<Time>,
    #[prost(string, tag = "7")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) error: String,
    #[prost(message, optional, tag = "8")]
    #[serde(rename = "progressGroup", skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<Group>,
}

/// Vertices that are shown as one.
#[derive(Clone, PartialEq, Message, Serialize)]
pub(super) struct Group {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) name: String,
}

/// Part of the work of a vertex.
#[derive(Clone, PartialEq, Message, Serialize)]
pub(super) struct VertexStatus {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) vertex: String,
    #[prost(int64, tag = "4")]
    pub(super) current: i64,
    #[prost(int64, tag = "5")]
    pub(super) total: i64,
    #[prost(message, optional, tag = "8")]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc3339")]
    pub(super) completed: Option<Time>,
}

/// That a vertex printed something.
#[derive(Clone, PartialEq, Message)]
pub(super) struct VertexLog {
    #[prost(string, tag = "1")]
    pub(super) vertex: String,
}

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Time {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

#[expect(clippy::ref_option, reason = "serde hands a field over so")]
fn rfc3339<S: serde::Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    let time = time.as_ref().and_then(Time::utc);
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Nanos, true)).serialize(serializer)
}

impl Time {
    fn utc(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.seconds, u32::try_from(self.nanos).ok()?)
    }
}

impl Vertex {
    fn state(&self) -> VertexState<'_> {
        VertexState {
            digest: text(&self.digest),
            inputs: self.inputs.iter().map(|digest| text(digest)).collect(),
            name: text(&self.name),
            started: self.started.as_ref().and_then(Time::utc),
            completed: self.completed.as_ref().and_then(Time::utc),
            cached: self.cached,
            error: (!self.error.is_empty()).then(|| text(&self.error)),
            group: self.group.as_ref().map(Group::state),
        }
    }
}

impl Group {
    fn state(&self) -> VertexGroup<'_> {
        VertexGroup { id: text(&self.id), name: text(&self.name) }
    }
}

impl VertexStatus {
    fn state(&self) -> model::VertexStatus<'_> {
        model::VertexStatus {
            id: text(&self.id),
            vertex: text(&self.vertex),
            current: self.current,
        }
    }
}

fn text(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

impl Response {
    /// Hands its entries on, each as JSON status would have it.
    fn entries(&self, line: u64, reader: &mut LogReader) -> serde_json::Result<()> {
        for vertex in &self.vertexes {
            let quoted = serde_json::to_string(vertex)?;
            reader.status(line, &StatusEntry::Vertex(&vertex.state(), &quoted));
        }
        for status in &self.statuses {
            let quoted = serde_json::to_string(status)?;
            reader.status(line, &StatusEntry::Status(&status.state(), &quoted));
        }
        for log in &self.logs {
            let log = model::VertexLog { vertex: text(&log.vertex) };
            reader.status(line, &StatusEntry::Log(&log));
        }
        Ok(())
    }
}

impl Kind for Status {
    fn name(&self) -> &'static str {
        "stored status of a build"
    }

    fn evidence_kind(&self) -> EvidenceKind {
        EvidenceKind::DockerBuild
    }

    fn begins(&self, start: &[u8]) -> bool {
        // A field of some length in the first message, and in it a field that is a digest, or a
        // name.
        let Some((length, message)) = start.split_first_chunk::<4>() else { return false };
        let length = u32::from_le_bytes(*length);
        (4..1 << 24).contains(&length)
            && matches!(message.first(), Some(0x0a | 0x12 | 0x1a | 0x22))
            && memchr::memmem::find(message.get(..80).unwrap_or(message), b"sha256:").is_some()
    }

    fn read(&self, bytes: &[u8]) -> Option<Result<What, String>> {
        self.begins(bytes).then(|| run(bytes).map(|run| What::Log(Box::new(run))))
    }
}

/// The run whose build has this status: one frame is one line. What follows a frame that is cut is
/// not there.
fn run(bytes: &[u8]) -> Result<Run, String> {
    let mut reader = LogReader::new("", Stack::default());
    let (mut rest, mut parts, mut lines) = (bytes, 0, 0);
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((frame, behind)) = behind.split_at_checked(length) else { break };
        parts += count(frame);
        if parts > PARTS {
            return Err(format!("holds more than {PARTS} parts"));
        }
        let response = response(frame).map_err(|e| e.to_string())?;
        lines += 1;
        response.entries(lines, &mut reader).map_err(|e| e.to_string())?;
        rest = behind;
    }
    if lines == 0 {
        return Err("is cut off in its first frame".to_owned());
    }
    reader.finish(lines).into_iter().next().ok_or_else(|| "holds no build".to_owned())
}

/// A message. Its vertices are large, and lie where they are read: a list that grows moves them.
fn response(frame: &[u8]) -> Result<Response, DecodeError> {
    let vertexes = Fields(frame).filter(|(number, _)| *number == VERTEX).count();
    let mut response = Response { vertexes: Vec::with_capacity(vertexes), ..Response::default() };
    response.merge(frame)?;
    Ok(response)
}

/// Numbers of fields of a `StatusResponse`.
const VERTEX: u64 = 1;
const LOG: u64 = 3;

/// How much room a message takes when it is read, in parts: its fields, and those of each of them.
/// What commands printed is left out, and takes little.
fn count(frame: &[u8]) -> usize {
    const ROOM: usize = 4;
    let fields = Fields(frame);
    let room = |(number, inside): (u64, &[u8])| {
        if number == LOG { 1 } else { ROOM + Fields(inside).count() }
    };
    fields.map(room).sum()
}

/// Numbers and contents of the fields of a message, up to what cannot be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = decode_varint(&mut self.0).ok()?;
        let length = match tag & 7 {
            0 => {
                decode_varint(&mut self.0).ok()?;
                0
            }
            1 => 8,
            5 => 4,
            2 => usize::try_from(decode_varint(&mut self.0).ok()?).ok()?,
            _ => return None,
        };
        let (inside, behind) = self.0.split_at_checked(length)?;
        self.0 = behind;
        Some((tag >> 3, inside))
    }
}
