//! One build of `BuildKit`'s JSON status while its lines come in.
//!
//! Makes the same [`Vertex`]es as the plain progress does, so that both are judged alike. Here a
//! vertex names its inputs: one that comes again without them is not executed again, it only
//! fetches a layer (`util/progress/controller/controller.go` starts it anew without inputs).

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use foldhash::HashMap;
use memchr::memmem;

use super::entries::{StatusEntry, VertexState, each};
use super::vertex::{MANY, Vertex};
use crate::dialect::Body;
use crate::model::{Digest, Quote, parse_step_name};

/// What was seen of one build.
#[derive(Debug, Default)]
pub(super) struct RawJsonSegment {
    /// Numbers of vertices by digest, or by group.
    numbers: HashMap<String, usize>,
    /// Group of a digest.
    groups: HashMap<String, String>,
    nodes: Vec<Node>,
    /// How many inputs they have together.
    inputs: usize,
    /// Some build step was seen.
    steps: bool,
    /// Line of the first entry.
    pub(super) line: u64,
    pub(super) started: Option<DateTime<Utc>>,
}

#[derive(Debug, Default)]
struct Node {
    vertex: Vertex,
    inputs: Vec<String>,
    started: Option<DateTime<Utc>>,
}

impl RawJsonSegment {
    /// Nothing was seen.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// How many parts it has.
    pub(super) fn held(&self) -> usize {
        self.nodes.len() + self.inputs / 8
    }

    /// Whether the line begins another build: another Dockerfile is loaded after steps were seen.
    pub(super) fn restarts_with(&self, text: &[u8]) -> bool {
        const LOAD: &str = "[internal] load build definition from ";
        static LOADS: LazyLock<memmem::Finder> = LazyLock::new(|| memmem::Finder::new(LOAD));
        if !self.steps || LOADS.find(text).is_none() {
            return false;
        }
        let mut another = false;
        each(text, |entry| {
            if let StatusEntry::Vertex(record, _) = entry {
                another = record.name.starts_with(LOAD)
                    && !self.numbers.contains_key(record.digest.as_ref());
            }
            if another { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        another
    }

    /// One line.
    pub(super) fn hear(&mut self, text: &[u8], line: u64) {
        each(text, |entry| {
            self.take(&entry, line);
            ControlFlow::Continue(())
        });
    }

    /// One entry of a line.
    pub(super) fn take(&mut self, entry: &StatusEntry, line: u64) {
        if self.line == 0 {
            self.line = line;
        }
        match entry {
            StatusEntry::Vertex(record, raw) => self.vertex(record, line, raw),
            StatusEntry::Status(status, raw) => {
                // Plain progress prints the size after a digest; that makes it a layer's.
                let text = match status.id.strip_suffix(':') {
                    Some(sent) => format!("{sent}: {}B done", status.current),
                    None => format!("{} done", status.id),
                };
                if let Some(node) = self.node(&status.vertex) {
                    node.vertex.status(text.as_bytes(), line, raw.as_bytes());
                }
            }
            StatusEntry::Log(log) => {
                if let Some(node) = self.node(&log.vertex) {
                    node.vertex.logs = true;
                }
            }
        }
    }

    /// The vertices in the order they ran; those that began together in the order they depend on
    /// each other, those that never began last.
    pub(super) fn vertices(mut self) -> BTreeMap<u32, Vertex> {
        let depths = self.depths();
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|&n| {
            let started = self.nodes.get(n).and_then(|node| node.started);
            (started.is_none(), started, depths.get(n).copied(), n)
        });
        let places: BTreeMap<usize, u32> = order.iter().copied().zip(1..).collect();
        let taken = order.iter().filter_map(|&n| {
            let inputs = self.inputs(n).filter_map(|input| places.get(&input).copied()).collect();
            let vertex = self.nodes.get_mut(n).map(|node| std::mem::take(&mut node.vertex))?;
            Some(Vertex { inputs, ..vertex })
        });
        (1..).zip(taken).collect()
    }

    /// The nodes that a node takes its input from. Members of a group take it from each other, too.
    fn inputs(&self, n: usize) -> impl Iterator<Item = usize> {
        let inputs = self.nodes.get(n).into_iter().flat_map(|node| &node.inputs);
        inputs.filter_map(|digest| self.number_of(digest)).filter(move |input| *input != n)
    }

    fn number_of(&self, digest: &str) -> Option<usize> {
        let key = self.groups.get(digest).map_or(digest, String::as_str);
        self.numbers.get(key).copied()
    }

    /// Of each node the length of the longest way from a source. A broken log may hold a circle:
    /// what is on one, or behind it, has the length that is known when all else is done.
    fn depths(&self) -> Vec<usize> {
        let inputs: Vec<Vec<usize>> =
            (0..self.nodes.len()).map(|n| self.inputs(n).collect()).collect();
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); inputs.len()];
        for (n, input) in
            inputs.iter().enumerate().flat_map(|(n, inputs)| inputs.iter().map(move |i| (n, *i)))
        {
            users.get_mut(input).into_iter().for_each(|users| users.push(n));
        }
        let mut open: Vec<usize> = inputs.iter().map(Vec::len).collect();
        let mut depths = vec![0; inputs.len()];
        let mut ready: Vec<usize> = (0..open.len()).filter(|n| open.get(*n) == Some(&0)).collect();
        while let Some(n) = ready.pop() {
            let next = depths.get(n).map_or(0, |depth| depth + 1);
            for user in users.get(n).into_iter().flatten() {
                let Some((open, depth)) = open.get_mut(*user).zip(depths.get_mut(*user)) else {
                    continue;
                };
                (*open, *depth) = (*open - 1, next.max(*depth));
                if *open == 0 {
                    ready.push(*user);
                }
            }
        }
        depths
    }

    fn node(&mut self, digest: &str) -> Option<&mut Node> {
        let key = self.groups.get(digest).map_or(digest, String::as_str);
        if let Some(known) = self.numbers.get(key) {
            return self.nodes.get_mut(*known);
        }
        self.numbers.insert(key.to_owned(), self.nodes.len());
        let vertex = Vertex { digest: Digest::parse(key), ..Vertex::default() };
        self.nodes.push(Node { vertex, ..Node::default() });
        self.nodes.last_mut()
    }

    fn vertex(&mut self, record: &VertexState, line: u64, raw: &str) {
        let group = record.group.as_ref().filter(|g| !g.id.is_empty());
        if let Some(group) = group {
            self.groups.insert(record.digest.to_string(), group.id.to_string());
        }
        self.started = self.started.or(record.started);
        let name = group.map_or(&record.name, |g| &g.name);
        let shown = shown(raw);
        self.steps = self.steps || parse_step_name(name).is_some();
        let Some(node) = self.node(&record.digest) else { return };
        if !name.is_empty() {
            node.vertex.named(name.as_bytes(), line, shown.as_bytes());
        }
        node.started = node.started.or(record.started);
        let again = record.inputs.is_empty() && !node.inputs.is_empty();
        let new = record
            .inputs
            .iter()
            .take(MANY)
            .filter(|digest| !node.inputs.iter().any(|known| known == *digest));
        let new: Vec<String> = new.map(ToString::to_string).collect();
        let added = new.len();
        node.inputs.extend(new);
        if let Some(body) = body(record, again) {
            if matches!(body, Body::Done(_)) {
                node.vertex.ran = record.started.zip(record.completed);
            }
            node.vertex.ended(body, line, shown.as_bytes());
        }
        if name.ends_with("preparing layers for inline cache") {
            node.vertex.inline.get_or_insert_with(|| Quote::new(line, shown.as_bytes()));
        }
        self.inputs += added;
    }
}

/// How the record ends the vertex, `None` where it does not, or only a layer was fetched.
fn body<'a>(record: &'a VertexState, again: bool) -> Option<Body<'a>> {
    match record.error.as_deref() {
        Some(error) if error.ends_with("context canceled") => return Some(Body::Canceled),
        Some(error) if !error.is_empty() => return Some(Body::Error(error.as_bytes())),
        _ => {}
    }
    if again {
        return None;
    }
    let completed = record.completed?;
    if record.cached {
        return Some(Body::Cached);
    }
    let took = record.started.and_then(|started| (completed - started).to_std().ok());
    Some(Body::Done(took.map(|t| t.as_secs_f64())))
}

/// The part of an entry that is worth quoting: from its name on.
fn shown(raw: &str) -> &str {
    static NAME: LazyLock<memmem::Finder> = LazyLock::new(|| memmem::Finder::new("\"name\":"));
    NAME.find(raw.as_bytes()).and_then(|at| raw.get(at..)).unwrap_or(raw)
}

#[cfg(test)]
mod tests {
    use crate::model::assemble::testing;
    use crate::model::{Build, Outcome};

    fn builds(lines: &[&str]) -> Vec<Build> {
        testing::builds(lines.iter().copied())
    }

    const DAG: &str = r#"{"vertexes":[{"digest":"c","inputs":["b"],"name":"[3/3] RUN c"},{"digest":"a","name":"[1/3] FROM x@sha256:0"},{"digest":"b","inputs":["a"],"name":"[2/3] RUN b"}]}"#;
    const T: &str = "2026-11-21T02:11:53";

    #[test]
    fn a_vertex_that_comes_again_without_inputs_only_fetches() {
        let cached = format!(
            r#"{{"vertexes":[{{"digest":"b","inputs":["a"],"name":"[2/3] RUN b","started":"{T}.1Z","completed":"{T}.1Z","cached":true}},{{"digest":"b","name":"[2/3] RUN b","started":"{T}.2Z","completed":"{T}.3Z"}}]}}"#
        );
        let ran = format!(
            r#"{{"vertexes":[{{"digest":"c","inputs":["b"],"name":"[3/3] RUN c","started":"{T}.4Z","completed":"{T}.9Z"}}],"logs":[{{"vertex":"c","data":"AA=="}}]}}"#
        );
        let builds = builds(&["pulling image", DAG, &cached, "stray text", &ran]);
        let steps: Vec<_> = builds[0].steps.iter().map(|s| (s.text.as_str(), s.outcome)).collect();
        assert_eq!(steps, [("RUN b", Outcome::Hit), ("RUN c", Outcome::Miss)]);
        assert_eq!(builds[0].steps[1].seconds, Some(0.5));
        assert!(builds[0].steps[1].header.text.starts_with("\"name\":\"[3/3] RUN c\""));
    }

    #[test]
    fn announced_steps_that_never_began_are_undecided() {
        assert_eq!(builds(&[DAG])[0].total(), 0);
    }

    #[test]
    fn another_definition_is_another_build() {
        let load = r#"{"vertexes":[{"digest":"l1","name":"[internal] load build definition from Dockerfile"}]}"#;
        let again = load.replace("l1", "l2");
        assert_eq!(builds(&[load, DAG, &again, DAG]).len(), 2);
    }

    #[test]
    fn a_circle_of_inputs_ends() {
        let circle = r#"{"vertexes":[{"digest":"a","inputs":["b"],"name":"[1/2] RUN a"},{"digest":"b","inputs":["a"],"name":"[2/2] RUN b"}]}"#;
        assert_eq!(builds(&[circle])[0].steps.len(), 2);
    }
}
