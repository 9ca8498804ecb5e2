//! Builds that Tilt runs through `BuildKit`'s library and tells in words of its own, without
//! numbers or frames.
//!
//! Source: `tilt-dev/tilt` `internal/build/buildkit_printer.go`, `pipeline_state.go`. A step is
//! named when it begins, and again when it ends, with its time.

use memchr::memmem;

use super::{Dialect, Event, Tty as Says};

/// Steps and what became of them.
pub(super) struct Tilt;

impl Dialect for Tilt {
    fn read<'a>(&self, text: &'a [u8]) -> Option<Event<'a>> {
        let text = match text.first()? {
            b' ' => text.trim_ascii_start(),
            b'[' | b'S' | b'E' | b'e' => text,
            _ => return None,
        };
        let says = match text.first()? {
            b'S' => begins(text)?,
            b'[' | b'E' | b'e' => step_line(text.trim_ascii_end())?,
            _ => return None,
        };
        Some(Event::Tty(says))
    }
}

/// `STEP 1/3 — Building Dockerfile: [registry.example.com/api]`
fn begins(text: &[u8]) -> Option<Says<'_>> {
    let rest = text.strip_prefix(b"STEP ")?;
    let said = memmem::find(rest, " — Building Dockerfile: [".as_bytes())?;
    (said < 8).then_some(Says::Begun)
}

/// `[cached] [2/5] WORKDIR /src`, `[4/5] RUN go mod download [done: 14.201s]`,
/// `ERROR IN: [5/5] RUN go build`, `[1/5] FROM docker.io/library/golang@sha256:0a`
fn step_line(text: &[u8]) -> Option<Says<'_>> {
    if let Some(name) = text.strip_prefix(b"[cached] ") {
        return name.starts_with(b"[").then_some(Says::Ended { text: name, seconds: None });
    }
    if let Some(name) = text.strip_prefix(b"ERROR IN: ") {
        return name.starts_with(b"[").then_some(Says::Failed(name));
    }
    if let Some(at) = memmem::rfind(text, b" [done: ") {
        let (name, end) = text.split_at_checked(at)?;
        let took = end.strip_prefix(b" [done: ")?.strip_suffix(b"]")?;
        if !name.starts_with(b"[") && !name.starts_with(b"exporting ") {
            return None;
        }
        return Some(Says::Ended { text: name, seconds: Some(seconds(took)?) });
    }
    let from = text.starts_with(b"[") && memmem::find(text, b"] FROM ").is_some_and(|at| at < 64);
    from.then_some(Says::Ended { text, seconds: Some(0.0) })
}

/// As Go prints durations, rounded: `118ms`, `1.203s`, `1m3.2s`, `1h2m3s`.
fn seconds(took: &[u8]) -> Option<f64> {
    let took = std::str::from_utf8(took).ok()?;
    if let Some(small) = took.strip_suffix("ms") {
        return small.parse::<f64>().ok().map(|ms| ms / 1000.0);
    }
    let mut rest = took.strip_suffix('s').filter(|rest| !rest.ends_with(['µ', 'n']))?;
    let mut sum = 0.0;
    for (unit, each) in [('h', 3600.0), ('m', 60.0)] {
        if let Some((count, more)) = rest.split_once(unit) {
            sum += count.parse::<f64>().ok()? * each;
            rest = more;
        }
    }
    Some(sum + rest.parse::<f64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_became_of_steps() {
        let ended = |text: &'static str, seconds| Says::Ended { text: text.as_bytes(), seconds };
        for (line, says) in [
            ("STEP 1/3 — Building Dockerfile: [localhost:5005/api]", Says::Begun),
            ("     [cached] [2/5] WORKDIR /src", ended("[2/5] WORKDIR /src", None)),
            ("     [4/5] RUN a [done: 14.5s]", ended("[4/5] RUN a", Some(14.5))),
            ("[b 2/2] RUN a [done: 118ms]", ended("[b 2/2] RUN a", Some(0.118))),
            ("[b 2/2] RUN a [done: 1m2.5s]", ended("[b 2/2] RUN a", Some(62.5))),
            ("exporting to image [done: 1s]", ended("exporting to image", Some(1.0))),
            ("ERROR IN: [3/3] RUN a", Says::Failed(b"[3/3] RUN a")),
            ("     [1/5] FROM docker.io/a:1", ended("[1/5] FROM docker.io/a:1", Some(0.0))),
        ] {
            assert_eq!(Tilt.read(line.as_bytes()), Some(Event::Tty(says)), "{line}");
        }
        for line in [
            "STEP 1/3: FROM a",
            "STEP 3/3 — Deploying",
            "     [4/5] RUN a",
            "[cached] layer",
            "[INFO] ok [done: soon]",
            "Tarring context [done: 1s]",
            "ERROR IN: main.go",
        ] {
            assert_eq!(Tilt.read(line.as_bytes()), None, "{line}");
        }
    }
}
