//! One `docker build` of `BuildKit` while its lines come in: vertices by their number.
//!
//! Numbers restart with every build of a log, so a new build closes the one before.

use std::collections::BTreeMap;

use super::finish;
use super::vertex::{End, Vertex, is_status};
use crate::dialect::Body;
use crate::model::{Build, Dialect, Few, Quote, Text, parse_step_name};
use crate::source::find;

/// What was seen of one build (or of one bake with several targets).
#[derive(Debug, Default)]
pub(super) struct Segment {
    pub(super) vertices: BTreeMap<u32, Vertex>,
    /// The vertex the printer is at: a line of another one is its header.
    current: Option<u32>,
    pub(super) line: u64,
    pub(super) builder: Option<(Text, Text)>,
    pub(super) booted: Option<Quote>,
    pub(super) service: Option<Text>,
    pub(super) errors: Few<Quote>,
    /// Lines that go on with an error.
    pub(super) answers: Few<Quote>,
    /// Line of the last error, of a vertex or final.
    failed_at: Option<u64>,
    pub(super) warnings: Few<Quote>,
    pub(super) tangled: bool,
    pub(super) dialect: Dialect,
    /// It came to its end without an export: the client says so.
    pub(super) over: bool,
}

impl Segment {
    /// Whether this header begins another build: number 1 again, under another name or after steps.
    /// Of a log that was filtered there may be no number 1.
    pub(super) fn restarts_with(&self, n: u32, text: &[u8]) -> bool {
        self.begins_again(n, text) || self.is_over(n, text)
    }

    fn begins_again(&self, n: u32, text: &[u8]) -> bool {
        if n != 1 || self.current == Some(1) || is_status(text) {
            return false;
        }
        let Some(first) = self.vertices.get(&1) else { return false };
        let same = first.names.iter().any(|(name, _)| subject(name.as_bytes()) == subject(text));
        let loads =
            text.starts_with(b"[internal] load ") || find(text, b"load build definition").is_some();
        !same || (loads && self.has_steps())
    }

    /// The image is written, and the number of a vertex names another one. Builds that run side by
    /// side collide before that.
    fn is_over(&self, n: u32, text: &[u8]) -> bool {
        let Some(known) = self.vertices.get(&n) else { return false };
        if !text.starts_with(b"[") || known.names.is_empty() {
            return false;
        }
        let other = self.current.is_none()
            && known.names.iter().all(|(known, _)| subject(known.as_bytes()) != subject(text));
        let written = |v: &Vertex| {
            v.end == End::Done && v.names.iter().any(|(name, _)| name.contains("exporting to "))
        };
        other && !self.tangled && self.vertices.values().any(written)
    }

    /// How many parts it has.
    pub(super) fn held(&self) -> usize {
        self.vertices.len() + self.errors.len() + self.warnings.len()
    }

    /// Of a build that has not begun yet: `WARNING: local cache import at /c skipped …`.
    pub(super) fn only_warns(&self) -> bool {
        !self.warnings.is_empty() && self.held() == self.warnings.len()
    }

    /// `#0 building with …`
    pub(super) fn built_by(&mut self, name: &[u8], driver: &[u8], line: u64) {
        self.builder = Some((Text::of_log(name), Text::of_log(driver)));
        self.line = line;
    }

    /// One line of a vertex.
    pub(super) fn vertex(&mut self, n: u32, body: Body, line: u64, raw: &[u8]) {
        if n == 0 {
            // Printers v0.10 and v0.11 write `#0 1.2 text` for output of the vertex they are at.
            if let (Body::Log, Some(current)) = (body, self.current) {
                self.vertices.entry(current).or_default().printed(line, raw);
            }
            return;
        }
        if self.vertices.is_empty() && self.line == 0 {
            self.line = line;
        }
        let here = self.current == Some(n);
        match body {
            Body::Log => self.vertices.entry(n).or_default().printed(line, raw),
            Body::Away => self.current = None,
            Body::Detail => {}
            Body::Took(_) => self.vertices.entry(n).or_default().ended(body, line, raw),
            Body::Text(text) if here || (is_status(text) && !self.is_name(n, text)) => {
                self.vertices.entry(n).or_default().status(text, line, raw);
            }
            Body::Text(text) => self.header(n, text, line, raw),
            end => {
                self.current = None;
                if matches!(end, Body::Error(_)) {
                    self.failed_at = Some(line);
                }
                self.vertices.entry(n).or_default().ended(end, line, raw);
            }
        }
    }

    /// A final error.
    pub(super) fn failed(&mut self, quote: Quote) {
        self.failed_at = Some(quote.line);
        self.errors.push(quote);
    }

    /// A line that goes on with the error right above it; any program may print such a line
    /// elsewhere.
    pub(super) fn answered(&mut self, quote: Quote) {
        if self.failed_at.is_some_and(|line| quote.line <= line + Build::ANSWERS) {
            self.answers.push(quote);
        }
    }

    /// Some build step was seen.
    pub(super) fn has_steps(&self) -> bool {
        self.vertices
            .values()
            .flat_map(|v| &v.names)
            .any(|(name, _)| parse_step_name(name).is_some())
    }

    /// The first line of a vertex that only a build has; a builder that is made boots, and no more.
    pub(super) fn first_line(&self) -> Option<&Quote> {
        let names = self.vertices.values().flat_map(|v| &v.names);
        let of_build =
            |name: &str| name.starts_with('[') && !name.starts_with("[internal] booting ");
        names
            .filter(|(name, _)| of_build(name))
            .map(|(_, quote)| quote)
            .min_by_key(|quote| quote.line)
    }

    /// Vertices were seen, and not the one that is printed first.
    pub(super) fn lacks_its_begin(&self) -> bool {
        let first = self.vertices.get(&1).is_some_and(|vertex| !vertex.names.is_empty());
        self.dialect == Dialect::BuildkitPlain && !first && !self.vertices.is_empty()
    }

    /// Some vertex that was printed between others is not in the log.
    pub(super) fn skips_numbers(&self) -> bool {
        let named = self.vertices.iter().filter(|(n, v)| **n > 0 && !v.names.is_empty()).count();
        let last = self.vertices.keys().next_back().copied().unwrap_or_default();
        u32::try_from(named).is_ok_and(|named| named < last)
    }

    /// The builds: one, or one a target.
    pub(super) fn finish(&self, invocation: usize) -> Vec<Build> {
        finish::builds(self, invocation)
    }

    fn is_name(&self, n: u32, text: &[u8]) -> bool {
        self.vertices
            .get(&n)
            .is_some_and(|v| v.names.iter().any(|(name, _)| name.as_bytes() == text))
    }

    fn header(&mut self, n: u32, text: &[u8], line: u64, raw: &[u8]) {
        self.current = Some(n);
        if text == b"[internal] booting buildkit" {
            self.booted = Some(Quote::new(line, raw));
        }
        let vertex = self.vertices.entry(n).or_default();
        // One number, two things: two printers write into one log.
        let first = vertex.names.first();
        self.tangled |= first.is_some_and(|(known, _)| subject(known.as_bytes()) != subject(text));
        vertex.named(text, line, raw);
        if text == b"preparing layers for inline cache"
            || text.ends_with(b"] preparing layers for inline cache")
        {
            vertex.inline = vertex.inline.take().or_else(|| Some(Quote::new(line, raw)));
        }
    }
}

/// A name without what bake puts in front: targets that share a vertex print it under each of
/// theirs.
fn subject(name: &[u8]) -> &[u8] {
    let inside = name.strip_prefix(b"[");
    let rest = inside.and_then(|inside| inside.get(find(inside, b"] ")? + 2..));
    rest.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use crate::model::assemble::testing::{build, builds};
    use crate::model::{BuildOutcome, Outcome};

    /// `BuildKit` v0.3, `util/progress/progressui/printer.go`.
    const OF_2019: &str = "\
#5 [2/3] RUN a
#5       digest: sha256:1
#5         name: \"[2/3] RUN a\"
#5      started: 2019-10-10 12:00:00 +0000 UTC
#5    completed: 2019-10-10 12:00:00 +0000 UTC
#5     duration: 0s
#5       cached: true

#6 [3/3] RUN b
#6       digest: sha256:2
#6         name: \"[3/3] RUN b\"
#6      started: 2019-10-10 12:00:00 +0000 UTC
#6 0.512 output
#6    completed: 2019-10-10 12:00:01 +0000 UTC
#6     duration: 1.5s";

    #[test]
    fn lists_of_2019_tell_hits_and_times() {
        let build = build(OF_2019);
        let steps: Vec<_> =
            build.steps.iter().map(|s| (s.text.as_str(), s.outcome, s.seconds)).collect();
        assert_eq!(
            steps,
            [("RUN a", Outcome::Hit, Some(0.0)), ("RUN b", Outcome::Miss, Some(1.5))]
        );
        assert!(!build.tangled);
    }

    #[test]
    fn an_export_that_failed_is_one_without_its_header_too() {
        let build = build(
            "#20 writing cache manifest sha256:00\n#20 preparing build cache for export 1.3s \
                done\n#20 ERROR: error writing manifest blob: x",
        );
        assert_eq!(build.exports[0].error.as_deref(), Some("error writing manifest blob: x"));
    }

    #[test]
    fn a_number_of_another_name_after_the_image_begins_another_build() {
        let run = |steps: &str| format!("{steps}\n#9 exporting to image\n#9 DONE 0.1s\n");
        let one = run("#5 [2/3] RUN a\n#5 CACHED\n#6 [3/3] RUN b\n#6 DONE 1.0s");
        let two =
            run("#4 [1/3] FROM x\n#4 DONE 0.1s\n#5 [3/3] RUN b\n#5 DONE 1.0s\n#6 [2/3] RUN a\n#6 \
                CACHED");
        let builds = builds(format!("{one}{two}").lines());
        assert_eq!(
            builds.iter().map(|b| (b.hits(), b.total(), b.tangled)).collect::<Vec<_>>(),
            [(1, 2, false); 2]
        );
    }

    #[test]
    fn a_build_is_over_with_its_export_or_where_the_client_says_so() {
        let outcome = |log: &str| build(log).outcome;
        let steps = "#5 [2/3] RUN a\n#5 DONE 0.1s\n#6 [3/3] RUN b\n#6 DONE 0.1s";
        let exported = "#7 exporting to image\n#7 DONE 0.1s";
        let kept = "WARNING: No output specified with docker-container driver. Build result will \
            only remain in the build cache.";
        assert_eq!(outcome(steps), BuildOutcome::Unknown);
        assert_eq!(outcome(&format!("{steps}\n{exported}")), BuildOutcome::Succeeded);
        assert_eq!(outcome(&format!("{steps}\n{kept}")), BuildOutcome::Succeeded);
        // Older clients say it before the build.
        assert_eq!(outcome(&format!("{kept}\n{steps}")), BuildOutcome::Unknown);
        assert_eq!(outcome(&format!("{steps}\n#7 exporting to image")), BuildOutcome::Unknown);
    }
}
