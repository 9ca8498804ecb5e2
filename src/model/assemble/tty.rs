//! The frames of one build: each shows the whole build anew, so only the last one counts.
//!
//! A vertex that a low terminal left out of the last frame is missing; nothing is guessed for it.

use std::collections::{BTreeMap, HashSet};

use super::vertex::Vertex;
use crate::dialect::{Body, Tty, is_vertex};
use crate::model::{Quote, Text};

/// What the last frame showed.
#[derive(Debug, Default)]
pub(super) struct TtySegment {
    vertices: BTreeMap<u32, Vertex>,
    /// Output that was seen in any frame, by name: it vanishes when the vertex ends.
    talked: HashSet<Text>,
    pub(super) finished: bool,
    /// It is a build of Tilt's.
    tilt: bool,
    pub(super) builder: Option<(Text, Text)>,
    /// Line it begins at.
    pub(super) line: u64,
}

impl TtySegment {
    /// Nothing was seen.
    pub(super) fn is_empty(&self) -> bool {
        self.line == 0
    }

    /// How many parts it has.
    pub(super) fn held(&self) -> usize {
        self.vertices.len() + self.talked.len()
    }

    /// Whether this begins another build: a frame after the last one.
    pub(super) fn restarts_with(&self, says: Tty) -> bool {
        match says {
            Tty::Begun => !self.is_empty(),
            _ => self.finished && matches!(says, Tty::Frame { .. }),
        }
    }

    /// One line.
    pub(super) fn hear(&mut self, says: Tty, line: u64, raw: &[u8]) {
        match says {
            Tty::Frame { driver, builder, finished } => {
                self.finished = finished;
                self.frame(driver, builder, line);
            }
            // Without a frame before them such lines stand where the log begins inside a frame.
            Tty::Vertex { text, seconds } if !self.is_empty() || is_vertex(text) => {
                self.vertex(text, seconds, line, raw);
            }
            Tty::Begun => (self.tilt, self.line) = (true, line),
            Tty::Ended { text, seconds } if self.tilt => {
                self.add(text, seconds.map_or(Body::Cached, |s| Body::Done(Some(s))), line, raw);
            }
            Tty::Failed(text) if self.tilt => self.add(text, Body::Error(b""), line, raw),
            Tty::Vertex { .. } | Tty::Ended { .. } | Tty::Failed(_) => {}
            Tty::Status(text) => {
                if let Some(mut vertex) = self.vertices.last_entry() {
                    vertex.get_mut().status(text, line, raw);
                }
            }
            Tty::Output => {
                let last = self.vertices.last_key_value().and_then(|(_, v)| v.names.first());
                let new = last.filter(|(name, _)| !self.talked.contains(name));
                self.talked.extend(new.map(|(name, _)| name.clone()));
            }
        }
    }

    /// The vertices of the last frame.
    pub(super) fn vertices(mut self) -> BTreeMap<u32, Vertex> {
        for vertex in self.vertices.values_mut() {
            vertex.logs |= vertex.names.iter().any(|(name, _)| self.talked.contains(name));
        }
        self.vertices
    }

    fn frame(&mut self, driver: &[u8], builder: &[u8], line: u64) {
        self.vertices.clear();
        if self.is_empty() {
            self.line = line;
        }
        // `docker:default` names the context: the driver is the same.
        self.builder = (!driver.is_empty())
            .then(|| (Text::of_log(builder), Text::of_log(driver)))
            .or(self.builder.take());
    }

    fn vertex(&mut self, text: &[u8], seconds: f64, line: u64, raw: &[u8]) {
        if self.is_empty() {
            self.line = line;
        }
        let (name, body) = verdict(text, seconds);
        self.add(name, body, line, raw);
    }

    fn add(&mut self, name: &[u8], body: Body, line: u64, raw: &[u8]) {
        let next = self.vertices.last_key_value().map_or(1, |(n, _)| n + 1);
        let vertex = self.vertices.entry(next).or_default();
        vertex.named(name, line, raw);
        vertex.ended(body, line, raw);
        if name.ends_with(b"preparing layers for inline cache") {
            vertex.inline = Some(Quote::new(line, raw));
        }
    }
}

/// `CACHED`, `ERROR` and `CANCELED` stand before the name; a running vertex looks like a done one.
fn verdict(text: &[u8], seconds: f64) -> (&[u8], Body<'_>) {
    if let Some(name) = text.strip_prefix(b"CACHED ") {
        return (name, Body::Cached);
    }
    if let Some(name) = text.strip_prefix(b"CANCELED ") {
        return (name, Body::Canceled);
    }
    // The error's text stands in the block at the end, if anywhere.
    text.strip_prefix(b"ERROR ")
        .map_or((text, Body::Done(Some(seconds))), |name| (name, Body::Error(b"")))
}

#[cfg(test)]
mod tests {
    use crate::model::assemble::testing::builds;
    use crate::model::{Dialect, Outcome};

    const LOG: &str = "\
[+] Building 0.1s (1/3)                                   docker-container:ci
 => [1/3] FROM docker.io/library/a                                       0.0s
 => [2/3] RUN a                                                          0.1s
[+] Building 1.4s (3/3) FINISHED                          docker-container:ci
 => CACHED [1/3] FROM docker.io/library/a                                0.0s
 => [2/3] RUN a                                                          0.2s
 => => extracting sha256:f35e63ce286b05fd4b69383f5a1fe0607919b0afa721    0.1s
 => [3/3] RUN b                                                          1.1s
 => ERROR importing cache manifest from r/x:c                            0.0s";

    #[test]
    fn the_last_frame_counts() {
        let builds = builds(LOG.lines());
        let steps: Vec<_> = builds[0].steps.iter().map(|s| (s.text.as_str(), s.outcome)).collect();
        assert_eq!(steps, [("RUN a", Outcome::Hit), ("RUN b", Outcome::Miss)]);
        assert_eq!((builds.len(), builds[0].dialect), (1, Dialect::BuildkitTty));
        assert_eq!(builds[0].driver.as_deref(), Some("docker-container"));
        assert!(builds[0].imports[0].error.is_some());
    }

    #[test]
    fn tilt_tells_of_builds_in_its_own_words() {
        let log = [
            "STEP 1/2 — Building Dockerfile: [r/api]",
            "     [1/3] FROM docker.io/library/a",
            "     [cached] [2/3] RUN a",
            "     [3/3] RUN b",
            "     [3/3] RUN b [done: 2.5s]",
            "     exporting to image [done: 118ms]",
        ];
        let both = builds(log.into_iter().chain(log));
        let steps: Vec<_> = both[1].steps.iter().map(|s| (s.text.as_str(), s.outcome)).collect();
        assert_eq!((both.len(), steps.len()), (2, 2));
        assert_eq!(steps, [("RUN a", Outcome::Hit), ("RUN b", Outcome::Miss)]);
        // Without its first line they may be anybody's.
        assert!(builds(log.into_iter().skip(1)).is_empty());
    }

    #[test]
    fn a_frame_may_lack_its_first_lines() {
        let cut = builds(LOG.lines().skip(4));
        let steps: Vec<_> = cut[0].steps.iter().map(|s| (s.text.as_str(), s.outcome)).collect();
        assert_eq!(steps, [("RUN a", Outcome::Hit), ("RUN b", Outcome::Miss)]);
        assert!(builds([" => hashing files   0.1s", " => done   1.2s"].into_iter()).is_empty());
    }

    #[test]
    fn a_build_in_another_form_is_another_build() {
        let plain = [
            "#1 [internal] load build definition from Dockerfile",
            "#1 DONE 0.0s",
            "#2 [2/2] RUN c",
            "#2 CACHED",
        ];
        for both in [builds(LOG.lines().chain(plain)), builds(plain.into_iter().chain(LOG.lines()))]
        {
            let mut dialects: Vec<_> =
                both.iter().map(|b| (b.dialect == Dialect::BuildkitTty, b.steps.len())).collect();
            dialects.sort_unstable();
            assert_eq!(dialects, [(false, 1), (true, 2)]);
        }
    }

    #[test]
    fn a_frame_after_the_last_is_another_build() {
        assert_eq!(builds(LOG.lines().chain(LOG.lines())).len(), 2);
    }
}
