//! Builders that are known by what they print, and whose logs are not read: they cache by rules of
//! their own.

use crate::source::find;

/// How far the beginning of a line is looked at.
const LONGEST: usize = 160;

/// The builder that says it.
pub(super) fn builder(text: &[u8]) -> Option<&'static str> {
    let head = text.get(..LONGEST).unwrap_or(text);
    if head.starts_with(b"===> ") {
        return is_phase(head).then_some("Cloud Native Buildpacks");
    }
    is_target(head).then_some("Earthly")
}

/// `===> RESTORING`: `pack` and platforms name the phases of the life cycle (`buildpacks/pack`
/// `internal/build/lifecycle_execution.go`).
fn is_phase(line: &[u8]) -> bool {
    const PHASES: [&[u8]; 7] = [
        b"ANALYZING",
        b"BUILDING",
        b"CREATING",
        b"DETECTING",
        b"EXPORTING",
        b"EXTENDING (BUILD)",
        b"RESTORING",
    ];
    line.get(5..).is_some_and(|phase| PHASES.contains(&phase.trim_ascii_end()))
}

/// `   +build | --> RUN make`, `+build | *cached* --> COPY src src`,
/// `./web+build *failed* | --> RUN make` (`earthly/earthly` `conslogging/conslogging.go`).
fn is_target(line: &[u8]) -> bool {
    let Some(arrow) = find(line, b"--> ") else { return false };
    let (before, said) = line.split_at_checked(arrow).unwrap_or((line, b""));
    let Some(bar) = find(before, b" | ") else { return false };
    let (target, marks) = before.split_at_checked(bar).unwrap_or((before, b""));
    let target = target.trim_ascii();
    let target = target.strip_suffix(b" *failed*").unwrap_or(target);
    let marked = marks.get(3..).unwrap_or_default().split(|b| *b == b' ').all(is_mark);
    marked && is_name(target) && said.get(4).is_some_and(u8::is_ascii_alphabetic)
}

/// `*cached*`, `*local*`; nothing is left behind the last one.
fn is_mark(word: &[u8]) -> bool {
    word.is_empty() || (word.starts_with(b"*") && word.ends_with(b"*"))
}

/// `+build`, `./web+build`, `g/t/lib:main+base`: one word, that ends with the name of a target.
fn is_name(target: &[u8]) -> bool {
    let Some(plus) = memchr::memrchr(b'+', target) else { return false };
    let name = target.get(plus + 1..).unwrap_or_default();
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(is_part)
        && !target.contains(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_builders_that_are_not_read() {
        for line in [
            "           +build | --> RUN make",
            "+build | *cached* --> COPY src src",
            "+build | *local* *cached* --> RUN make",
            "./web+build-all *failed* | --> RUN make",
            "/home/me/web+test *failed* | --> RUN make",
            "g/t/lib:main+base | --> FROM alpine:3.20",
        ] {
            assert_eq!(builder(line.as_bytes()), Some("Earthly"), "{line}");
        }
        assert_eq!(builder(b"===> RESTORING"), Some("Cloud Native Buildpacks"));
    }

    #[test]
    fn leaves_other_lines() {
        for line in [
            "===> Compiling app",
            "===> RESTORING the database",
            "+ make | tee log --> out",
            "+build | done",
            "+build | see --> RUN make",
            "a + b | --> c",
            "web | --> RUN make",
            "+build | --> ",
        ] {
            assert_eq!(builder(line.as_bytes()), None, "{line}");
        }
    }
}
