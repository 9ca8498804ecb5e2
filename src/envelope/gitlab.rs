//! GitLab CI: raw trace with sections, colour and, in current runners, time stamps.
//!
//! `2026-05-04T09:00:00.123456Z 01O text`; `+` instead of the blank before the text: it goes on
//! where the line before ended (`gitlab-runner` `common/buildlogger/internal/timestamper`).
//! Sections: `section_start:1700000000:step_script\r ESC[0K…` (`helpers/build_section.go`).

use memchr::memmem;

use super::{Envelope, Head, Mark, NoteKind, Peeled, Stamp, ansi, echo, gitlab_cache};

/// Raw trace.
pub(super) struct Gitlab;

/// The runner's own lines; copies of the page have titles for sections.
const HEADERS: [&[u8]; 3] = [
    b"Running with gitlab-runner",
    b"section_start:",
    b"Executing \"step_script\" stage of the job script",
];

/// Length of stamp, blank, stream, type and flag.
const PREFIX: usize = 32;

impl Envelope for Gitlab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("gitlab")
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'0'..=b'9' | b'R' | b's' | b'E')
    }

    fn recognise(&self, head: &Head) -> bool {
        let header = |l: &[u8]| {
            let text = ansi::lead(self.decode(l).text);
            HEADERS.iter().any(|header| text.starts_with(header))
        };
        head.any(self, header) || head.mostly(self, |l| prefix(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        match prefix(line) {
            Some((stamp, append, text)) => {
                Peeled { text, stamp: Some(Stamp::Rfc3339(stamp)), append, ..Peeled::default() }
            }
            None => Peeled { text: line, ..Peeled::default() },
        }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        match text.first()? {
            b's' if text.starts_with(b"section_") => section(text),
            b'$' | b'+' => echo::prompted(text),
            b'C' if text.starts_with(b"Checking out ") => checkout(text),
            b'R' => machine(text).or_else(|| gitlab_cache::mark(text)),
            b'S' => service(text).or_else(|| gitlab_cache::mark(text)),
            _ => gitlab_cache::mark(text),
        }
    }
}

/// Splits stamp, flag and text.
fn prefix(line: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let (head, text) = line.split_at_checked(PREFIX)?;
    match head {
        [stamp @ .., b' ', _, _, b'O' | b'E', flag @ (b' ' | b'+')]
            if stamp.last() == Some(&b'Z')
                && stamp.get(10) == Some(&b'T')
                && stamp.get(19) == Some(&b'.') =>
        {
            Some((stamp, *flag == b'+', text))
        }
        _ => None,
    }
}

/// The last section that starts in the line: an end and a start share one. Where scripts are cut
/// into sections (`FF_SCRIPT_SECTIONS`) the title is the command, echoed.
fn section(text: &[u8]) -> Option<Mark<'_>> {
    let title = text.rsplit(|b| *b == b'\r').next().map(ansi::lead).and_then(echo::prompted);
    if title.is_some() {
        return title;
    }
    let start = memmem::rfind(text, b"section_start:")?;
    let name = text.get(start..)?.split(|b| *b == b':').nth(2)?;
    let end = name.iter().position(|b| matches!(b, b'\r' | b'[' | 0x1b)).unwrap_or(name.len());
    Some(Mark::Section(name.get(..end)?))
}

/// `Checking out 0a1b2c3d as detached HEAD (ref is main)...`, before version 16 `Checking out
/// 0a1b2c3d as main...`; Jenkins says `Checking out Revision 0a1b2c3d`, and git `Checking out files:
/// 100% (31/31), done.`
fn checkout(text: &[u8]) -> Option<Mark<'_>> {
    let rest = text.strip_prefix(b"Checking out ")?;
    let commit = rest.split(|b| *b == b' ').next()?;
    if !commit.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let named = rest.get(commit.len()..)?.strip_prefix(b" as ");
    let branch = named.and_then(|named| {
        let behind = named.strip_prefix(b"detached HEAD (ref is ");
        behind.map_or_else(|| named.strip_suffix(b"..."), |ref_| ref_.strip_suffix(b")..."))
    });
    Some(branch.map_or(Mark::Commit(commit), |branch| Mark::CommitOf(commit, branch)))
}

/// `Running on runner-t1abc12x-project-42-concurrent-0 via ip-10-0-1-7...`, of the shell executor
/// `Running on ip-10-0-1-7...` (`gitlab-runner` `shells/bash.go`).
fn machine(text: &[u8]) -> Option<Mark<'_>> {
    let rest = text.strip_prefix(b"Running on ")?.strip_suffix(b"...")?;
    let name = memmem::find(rest, b" via ").map_or(Some(rest), |at| rest.get(at + 5..))?;
    (!name.is_empty() && !name.contains(&b' ')).then_some(Mark::Note(NoteKind::Machine, name))
}

/// `Starting service docker:27-dind ...`: the daemon that builds begins empty, whatever the machine
/// holds (`gitlab-runner` `executors/docker/services.go`).
fn service(text: &[u8]) -> Option<Mark<'_>> {
    let image = text.strip_prefix(b"Starting service ")?;
    let daemon = memmem::find(image, b"docker:")? + b"docker:".len();
    let is_dind = memmem::find(image.get(daemon..)?, b"dind").is_some();
    is_dind.then_some(Mark::Note(NoteKind::NewMachine, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_prefix_off_and_sees_continuations() {
        let peeled = Gitlab.decode(b"2026-05-04T09:00:00.123456Z 01O #5 CACHED");
        assert_eq!((peeled.text, peeled.append), (&b"#5 CACHED"[..], false));
        assert!(Gitlab.decode(b"2026-05-04T09:00:00.123456Z 01E+rest").append);
        assert_eq!(Gitlab.decode(b"2026-05-04T09:00:00.123456Z text").stamp, None);
    }

    #[test]
    fn reads_commit_and_branch() {
        for line in ["0a1b2c3d as detached HEAD (ref is next)...", "0a1b2c3d as next..."] {
            let line = format!("Checking out {line}");
            assert_eq!(
                Gitlab.mark(line.as_bytes()),
                Some(Mark::CommitOf(b"0a1b2c3d", b"next")),
                "{line}"
            );
        }
        assert_eq!(Gitlab.mark(b"Checking out files: 100% (31/31), done."), None);
    }

    #[test]
    fn reads_sections_that_share_a_line() {
        let line =
            b"section_end:17:a\r\x1b[0Ksection_start:18:step_script[collapsed=true]\r\x1b[0KTitle";
        assert_eq!(Gitlab.mark(line), Some(Mark::Section(b"step_script")));
        let script = b"section_start:18:section_script_step_0\r\x1b[0K\x1b[32;1m$ docker build .";
        assert_eq!(Gitlab.mark(script), Some(Mark::Command(b"docker build .")));
    }

    #[test]
    fn hears_which_machine_it_is() {
        let named = Some(Mark::Note(NoteKind::Machine, b"ip-10-0-1-7"));
        let docker = b"Running on runner-t1-project-42-concurrent-0 via ip-10-0-1-7...";
        assert_eq!(Gitlab.mark(docker), named);
        assert_eq!(Gitlab.mark(b"Running on ip-10-0-1-7..."), named);
        assert_eq!(Gitlab.mark(b"Running on all files..."), None);
        let service: &[u8] = b"Starting service docker:27-dind ...";
        assert_eq!(Gitlab.mark(service), Some(Mark::Note(NoteKind::NewMachine, service)));
        assert_eq!(Gitlab.mark(b"Starting service postgres:16 ..."), None);
    }
}
