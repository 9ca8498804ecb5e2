//! What looks like a build and could not be read: it is named, never passed over as if nothing were
//! there.

use super::finish::behind_gap;
use crate::dialect::{self, Body, Buildah, Classic, Event, Kaniko, KanikoSays};
use crate::envelope;
use crate::model::{Build, Outcome, Problem, Quote, Step, StepKind, lossy, parse_step_name};

/// Longest part of a line that a problem shows.
const SHOWN: usize = 120;

/// Lines of a builder behind something that no envelope takes off.
#[derive(Debug, Default)]
pub(super) struct Unread {
    first: Option<Quote>,
    steps: usize,
    verdicts: usize,
    /// Steps that only the builders print that count all instructions.
    instructions: usize,
    /// A build began, and nothing of it is left.
    begun: Option<Quote>,
    /// A builder whose logs are not read, and its first line.
    foreign: Option<(&'static str, Quote)>,
}

/// What such a line says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Step,
    /// `Step 2/5 : RUN make`: no command prints such lines by chance.
    Instruction,
    Verdict,
    /// `+build | --> RUN make`: the builder of this name is known, and not read.
    Foreign(&'static str),
}

impl Unread {
    /// Takes a line that nobody understood.
    pub(super) fn hear(&mut self, number: u64, text: &[u8]) {
        match says(text) {
            Some(Says::Step) => self.steps += 1,
            Some(Says::Instruction) => self.instructions += 1,
            Some(Says::Verdict) => self.verdicts += 1,
            Some(Says::Foreign(builder)) => {
                self.foreign
                    .get_or_insert_with(|| (builder, Quote::new(number, text.trim_ascii_start())));
                return;
            }
            None => return,
        }
        self.first.get_or_insert_with(|| Quote::new(number, text));
    }

    /// Vertices were seen, and no build was made of them.
    pub(super) fn begins(&mut self, number: u64, text: &[u8]) {
        self.begun.get_or_insert_with(|| Quote::new(number, text));
    }

    /// What to warn the reader of. Beside a build that was read it takes more than one line: its
    /// own commands may print such a thing.
    pub(super) fn problems(self, builds: &[Build]) -> impl Iterator<Item = Problem> {
        self.unread(builds)
            .into_iter()
            .chain(builds.iter().filter_map(with_a_gap))
            .chain(builds.iter().filter_map(without_verdict))
    }

    fn unread(self, builds: &[Build]) -> Option<Problem> {
        let alone = builds.iter().all(|b| b.steps.is_empty());
        let numbered = if alone { self.steps > 0 } else { self.steps > 1 && self.verdicts > 0 };
        let enough = numbered || self.instructions > usize::from(!alone);
        if enough && let Some(line) = self.first {
            let message = "looks like a build behind something that is not known";
            return Some(problem(&line, message));
        }
        if builds.is_empty()
            && let Some(line) = self.begun
        {
            let message = "a build begins here, and none of its steps is in the log";
            return Some(problem(&line, message));
        }
        if alone && let Some((builder, line)) = self.foreign {
            return Some(problem(&line, &format!("built by {builder}, whose log is not read")));
        }
        None
    }
}

/// Whether a line that is no builder's own holds one behind something else.
pub(super) fn holds(text: &[u8]) -> bool {
    says(text).is_some()
}

fn says(text: &[u8]) -> Option<Says> {
    if let Some(builder) = dialect::foreign(text) {
        return Some(Says::Foreign(builder));
    }
    let behind = text.get(envelope::behind(text)?..)?;
    match dialect::read(behind)? {
        Event::Vertex(_, Body::Text(name)) => {
            let name = lossy(name);
            (name.starts_with("[internal] ") || parse_step_name(&name).is_some())
                .then_some(Says::Step)
        }
        Event::Classic(Classic::Step { text, .. }) | Event::Buildah(Buildah::Step { text, .. }) => {
            dialect::instructs(text).then_some(Says::Instruction)
        }
        Event::Kaniko(Kaniko { says, .. }) => match says {
            KanikoSays::Lookup(_) | KanikoSays::Stage { .. } => Some(Says::Step),
            KanikoSays::Cached(_) | KanikoSays::NotCached(_) => Some(Says::Verdict),
            _ => None,
        },
        Event::Vertex(_, Body::Done(_) | Body::Cached | Body::Error(_) | Body::Canceled) => {
            Some(Says::Verdict)
        }
        _ => None,
    }
}

/// A build of which lines in the middle are missing.
fn with_a_gap(build: &Build) -> Option<Problem> {
    if !build.headless {
        return None;
    }
    let step = behind_gap(build)?;
    let message = "steps before this one are not in the log: lines were left out";
    Some(problem(&step.header, message))
}

/// A build with steps of which the log says nothing more: where the words were cut off, or two
/// builds print into each other.
fn without_verdict(build: &Build) -> Option<Problem> {
    let counted: Vec<&Step> =
        build.steps.iter().filter(|step| step.kind == StepKind::Counted).collect();
    let first = counted.first()?;
    if counted.iter().any(|step| step.outcome != Outcome::Unknown) {
        return None;
    }
    let why = if build.tangled {
        "builds print into each other here, so that no step can be told from another"
    } else {
        "nothing says whether this step, or one after it, came from the cache"
    };
    Some(problem(&first.header, why))
}

fn problem(line: &Quote, message: &str) -> Problem {
    let message = format!("{message}: {}", shown(line));
    Problem { source: String::new(), line: Some(line.line), message }
}

fn shown(line: &Quote) -> String {
    let text: String = line.text.chars().take(SHOWN).collect();
    if text.len() < line.text.len() { format!("`{text}…`") } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_builders_behind_anything() {
        for line in [
            "red: #5 [2/3] RUN make",
            "x> #1 [internal] load build definition from Dockerfile",
            "a INFO[0001] Checking for cached layer r/c:0a...",
        ] {
            assert!(says(line.as_bytes()) == Some(Says::Step), "{line}");
        }
        for line in ["(a) Step 2/3 : RUN make", "(a) STEP 2/3: RUN make"] {
            assert!(says(line.as_bytes()) == Some(Says::Instruction), "{line}");
        }
        assert!(says(b"red: #5 CACHED") == Some(Says::Verdict));
        assert!(says(b" +build | *cached* --> RUN make") == Some(Says::Foreign("Earthly")));
        for line in [
            "#5 [2/3] RUN make",
            "fixes #12 [bug] mend it",
            "a STEP 2/3: tests",
            "a INFO[0001] listening",
        ] {
            assert!(!holds(line.as_bytes()), "{line}");
        }
    }
}
