//! Lines of a builder behind a prefix, in a log that has other lines too: a command pasted above a
//! log with time stamps, a script whose own output has none.
//!
//! Where each line in which a builder speaks has the prefix, it is the log's, however few of all
//! lines these are. Knows how such lines begin, and no more of builders.

use memchr::{memchr3_iter, memmem};

use super::{ansi, wrap};
use crate::source::find;

/// How long a prefix may be.
const LONGEST: usize = 160;

/// The lines with a builder's statement behind something else. None where one stands bare: nothing
/// is around that, and what has a prefix beside it is a program's output.
pub(super) fn behind_prefixes<'a>(head: &[&'a [u8]]) -> Vec<&'a [u8]> {
    if head.iter().any(|line| is_bare(ansi::lead(line))) {
        return Vec::new();
    }
    head.iter().copied().filter(|line| holds(line)).collect()
}

/// Whether a builder's line begins here, as far as its first bytes tell.
fn is_bare(text: &[u8]) -> bool {
    match text.first() {
        Some(b'#') => wrap::begins(text),
        Some(b'=') => text.starts_with(b"=> "),
        Some(b' ') => text.starts_with(b" => ") || text.starts_with(b" ---> "),
        _ => begins(text),
    }
}

/// Whether a builder's line stands somewhere behind the beginning.
fn holds(line: &[u8]) -> bool {
    behind(line).is_some()
}

/// Where a builder's line begins behind something else, as far as its first bytes tell.
/// A word goes on before a `#`: `PR#12 DONE`.
#[must_use]
pub fn behind(line: &[u8]) -> Option<usize> {
    let head = line.get(..LONGEST).unwrap_or(line);
    memchr3_iter(b'#', b'S', b'[', head)
        .find_map(|at| begins_at(line, at))
        .or_else(|| memmem::find_iter(head, b"INFO").find_map(|at| begins_at(line, at)))
}

/// Where a builder's line begins whose first letter is at this place: a colour is its own.
fn begins_at(line: &[u8], at: usize) -> Option<usize> {
    let (before, text) = line.split_at_checked(at)?;
    let before = ansi::without_tail(before);
    let free = before.last().is_some_and(|b| !b.is_ascii_alphanumeric());
    if free && begins(text) { Some(before.len()) } else { None }
}

/// Whether only a builder says it: a step with its count, a verdict, a file that is loaded, a
/// cache on its way.
pub(super) fn is_plain(text: &[u8]) -> bool {
    const SAID: [&[u8]; 6] = [
        b"[internal] ",
        b"CACHED",
        b"DONE ",
        b"importing cache manifest from ",
        b"exporting cache to ",
        b"writing layer sha256:",
    ];
    let Some(rest) = ansi::lead(text).strip_prefix(b"#") else { return true };
    let said =
        rest.trim_ascii_start().get(rest.iter().take_while(|b| b.is_ascii_digit()).count() + 1..);
    let said = said.unwrap_or_default();
    let step = said.starts_with(b"[") && said.iter().take(LONGEST).any(|b| *b == b'/');
    step || SAID.iter().any(|start| said.starts_with(start))
}

/// `#12 [2/5] RUN make`, `Step 2/5 : RUN make`, `STEP 2/5: RUN make`, `[+] Building 1.2s (3/9)`,
/// `INFO[0001] RUN make`, `INFO␛[0m[0001] RUN make`.
pub(super) fn begins(text: &[u8]) -> bool {
    let text = ansi::lead(text);
    match text.first() {
        Some(b'#') => wrap::begins(text) && is_said_of_a_vertex(text),
        Some(b'S') => counts(text, b"Step ", b" : ") || counts(text, b"STEP ", b": "),
        Some(b'[') => text.starts_with(b"[+] Building ") || is_stage(text),
        // On a terminal kaniko colours the level alone.
        Some(b'I') => text.starts_with(b"INFO[0") || text.starts_with(b"INFO\x1b[0m[0"),
        _ => false,
    }
}

/// `[1/2] STEP 3/6: RUN make`
fn is_stage(text: &[u8]) -> bool {
    let head = text.get(..16).unwrap_or(text);
    let step = find(head, b"] ").and_then(|at| text.get(at + 2..));
    step.is_some_and(|step| counts(step, b"STEP ", b": "))
        && head.get(1).is_some_and(u8::is_ascii_digit)
}

/// What is not said of issues and pull requests, which are numbered alike.
fn is_said_of_a_vertex(text: &[u8]) -> bool {
    const SAID: [&[u8]; 7] =
        [b"[", b"DONE ", b"CACHED", b"ERROR: ", b"importing ", b"exporting ", b"writing "];
    let said = memchr::memchr(b' ', text).and_then(|at| text.get(at + 1..)).unwrap_or_default();
    SAID.iter().any(|start| said.starts_with(start))
}

/// `Step 2/5 : `.
fn counts(text: &[u8], word: &[u8], end: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(word) else { return false };
    let count = rest.iter().take(16).take_while(|b| b.is_ascii_digit() || **b == b'/').count();
    count > 0 && rest.get(count..).is_some_and(|rest| rest.starts_with(end))
}

#[cfg(test)]
mod tests {
    use crate::envelope::Stack;

    fn names(log: &str) -> Vec<&'static str> {
        Stack::recognise(log.as_bytes()).names().collect()
    }

    const COMMAND: &str = "\
docker buildx build --push -t $REPO:$TAG \\
  --cache-from=type=registry,ref=$REPO:cache \\
  --cache-to=type=registry,ref=$REPO:cache,mode=max \\
  --file Dockerfile .
";

    #[test]
    fn a_prefix_of_each_line_of_the_builder_is_the_logs() {
        for (prefix, name) in [
            ("[2026-05-04T09:00:00.123Z] ", "iso"),
            ("2026-05-04T09:00:00Z ", "iso"),
            ("2026-05-04T09:00:00.1234567Z ", "github"),
            ("09:00:00  ", "clock"),
            ("[build] ", "label"),
            ("| DEBUG | ", "level"),
            ("May 04 09:00:00 host docker[1]: ", "syslog"),
            ("api:docker: ", "task"),
            ("> ", "quoted"),
            ("    ", "indent"),
            ("out: ", "out"),
        ] {
            for said in
                [["#5 [2/3] RUN make", "#5 CACHED"], ["Step 1/2 : FROM a", "Step 2/2 : RUN make"]]
            {
                let log = format!("{COMMAND}{prefix}{}\n{prefix}{}\n", said[0], said[1]);
                assert_eq!(names(&log), [name], "{log}");
            }
        }
    }

    #[test]
    fn a_colour_is_the_builders_own() {
        let said = "[agent 7] \x1b[36mINFO\x1b[0m[0001] RUN make\n";
        assert_eq!(names(&format!("{COMMAND}{said}{said}")), ["unknown"]);
        assert_eq!(super::behind(said.as_bytes()), Some(10));
        assert_eq!(super::behind(b"agent: \x1b[34m#5 CACHED"), Some(7));
        assert_eq!(super::behind(b"\x1b[34m#5 CACHED"), None);
    }

    #[test]
    fn a_cache_on_its_way_is_said_by_builders_alone() {
        let said = "[agent 7] #11 exporting cache to registry\n[agent 7] #11 ERROR: denied\n";
        assert_eq!(names(said), ["unknown"]);
    }

    #[test]
    fn one_prefix_is_inside_the_other() {
        let lines = "09:00:00 [build] #5 [2/3] RUN make\n09:00:00 [build] #5 CACHED\n";
        assert_eq!(names(&format!("{COMMAND}{lines}")), ["clock", "label"]);
    }

    #[test]
    fn what_a_program_prints_in_a_build_is_its_own() {
        for bare in [
            "#5 [2/3] RUN make",
            "Step 2/3 : RUN make",
            " => [2/3] RUN make  1.0s",
            "\x1b[34m#5 CACHED",
        ] {
            let log = format!("{COMMAND}{bare}\n09:00:00 #5 [2/3] RUN make\n09:00:00 #5 CACHED\n");
            assert!(names(&log).is_empty(), "{log}");
        }
    }

    #[test]
    fn numbers_of_issues_are_no_builders() {
        for line in ["fix: #12 in the parser", "fix: PR#12 DONE 1", "fix: Step 2 of 3", "fix: #12"]
        {
            assert!(names(&format!("{COMMAND}{line}\n{line}\n")).is_empty(), "{line}");
        }
    }
}
