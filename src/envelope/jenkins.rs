//! Jenkins: `consoleText`, with the timestamper's `[2026-05-04T09:00:00.123Z] ` where it is
//! switched on for all pipelines, and `ConsoleNote`s.
//!
//! Sources: `jenkinsci/timestamper-plugin` `GlobalDecorator.java`, `jenkinsci/workflow-job-plugin`
//! `NewNodeConsoleNote.java`, `jenkinsci/jobcacher-plugin` `ArbitraryFileCache.java`. Other stamps
//! (`09:00:00  `) are no part of its text and left to those forms.

use memchr::memmem;

use super::{
    CacheOperation as Op, CacheOutcome as End, Envelope, Head, Mark, NoteKind, Peeled, Stamp,
    Words, ansi, echo, stamp,
};

/// Console text.
pub(super) struct Jenkins;

/// What a build begins with.
const HEADERS: [&[u8]; 4] = [
    b"[Pipeline] ",
    b"Started by user ",
    b"Building in workspace ",
    b"Running in Durability level: ",
];

impl Envelope for Jenkins {
    fn name(&self) -> &'static str {
        "jenkins"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("jenkins")
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'[' | b'S' | b'B' | b'R')
    }

    fn words(&self) -> Words {
        &HEADERS
    }

    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |l| {
            let text = text(l);
            matches!(text.first(), Some(b'[' | b'S' | b'B' | b'R'))
                && HEADERS.iter().any(|h| text.starts_with(h))
        })
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        match stamped(line) {
            Some((stamp, text)) => {
                Peeled { text, stamp: Some(Stamp::Rfc3339(stamp)), ..Peeled::default() }
            }
            None => Peeled { text: line, ..Peeled::default() },
        }
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        match text.first()? {
            b'+' | b'$' => echo::prompted(text),
            b'C' => revision(text).or_else(|| windows(text)),
            b' ' => echo::git_checkout(text.strip_prefix(b" > ")?),
            b'[' => begins(text).or_else(|| cache(text)),
            b'R' => node(text).or_else(|| removed(text)),
            b'B' => remotely(text).or_else(|| windows(text)),
            b'>' | b'A'..=b'Z' => windows(text),
            _ => None,
        }
    }
}

/// The text, without what may stand in front of a header.
pub(super) fn text(line: &[u8]) -> &[u8] {
    let line = ansi::lead(line);
    ansi::lead(stamped(line).map_or(line, |(_, text)| text))
}

/// `[2026-05-04T09:00:00.123Z] text`: always milliseconds and UTC.
fn stamped(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (stamp, rest) = stamp::date_time(line.strip_prefix(b"[")?)?;
    let text =
        rest.strip_prefix(b"] ").or_else(|| rest.strip_prefix(b"]").filter(|r| r.is_empty()))?;
    (stamp.len() == 24 && stamp.ends_with(b"Z")).then_some((stamp, text))
}

/// `Checking out Revision 0a1b2c3d (refs/remotes/origin/main)`; of a multibranch job `(main)`; of a
/// commit that was asked for itself `(detached)`.
fn revision(text: &[u8]) -> Option<Mark<'_>> {
    let rest = text.strip_prefix(b"Checking out Revision ")?;
    let commit = rest.split(|b| *b == b' ').next()?;
    let name = rest.get(commit.len()..)?.strip_prefix(b" (").and_then(|t| t.strip_suffix(b")"));
    let branch = name.filter(|name| *name != b"detached").map(plain_branch);
    Some(branch.map_or(Mark::Commit(commit), |branch| Mark::CommitOf(commit, branch)))
}

fn plain_branch(name: &[u8]) -> &[u8] {
    let local = name.strip_prefix(b"refs/remotes/").unwrap_or(name);
    local.strip_prefix(b"origin/").unwrap_or(local)
}

/// `C:\jenkins\workspace\app>docker build .` of the `bat` step.
fn windows(text: &[u8]) -> Option<Mark<'_>> {
    let [b'A'..=b'Z', b':', b'\\', rest @ ..] = text else { return echo::prompted(text) };
    let command = rest.get(memchr::memchr(b'>', rest)? + 1..)?.trim_ascii();
    echo::builds(command).then_some(Mark::Command(command))
}

/// `Running on agent-7 in /var/jenkins/workspace/shop` (`jenkinsci/workflow-durable-task-step-plugin`
/// `ExecutorStepExecution.java`).
fn node(text: &[u8]) -> Option<Mark<'_>> {
    machine(text.strip_prefix(b"Running on ")?, b" in ")
}

/// `Building remotely on agent-7 (linux docker) in workspace /var/jenkins/workspace/shop`
/// (`jenkinsci/jenkins` `core/src/main/java/hudson/model/AbstractBuild.java`).
fn remotely(text: &[u8]) -> Option<Mark<'_>> {
    machine(text.strip_prefix(b"Building remotely on ")?, b" in workspace ")
}

fn machine<'a>(rest: &'a [u8], before_the_path: &[u8]) -> Option<Mark<'a>> {
    let at = memmem::find(rest, before_the_path)?;
    let path = rest.get(at + before_the_path.len()..)?;
    let name = rest.get(..at)?;
    let name = name.get(..memmem::find(name, b" (").unwrap_or(at))?;
    let is_path = matches!(path, [b'/', ..] | [_, b':', b'\\', ..]);
    (is_path && !name.is_empty()).then_some(Mark::Note(NoteKind::Machine, name))
}

/// Shared libraries (`Loading library tools@main`) are checked out before.
fn begins(text: &[u8]) -> Option<Mark<'_>> {
    (text == b"[Pipeline] Start of Pipeline").then_some(Mark::CheckedOutBefore)
}

/// `[Cache for .docker (docker) with id 0a1b] Cache created in 12ms`
fn cache(text: &[u8]) -> Option<Mark<'_>> {
    const LINES: [(&[u8], Op, End); 8] = [
        (b"Cache restored in ", Op::Restore, End::Hit),
        (b"Skip restoring cache as no up-to-date cache exists", Op::Restore, End::Miss),
        (
            b"cacheValidityDecidingFile configured, but previous hash does not match",
            Op::Restore,
            End::Miss,
        ),
        (b"Failed to restore cache", Op::Restore, End::Failed),
        (b"Cache created in ", Op::Save, End::Saved),
        (b"Skip cache creation as the cache is up-to-date", Op::Save, End::Exists),
        (b"Cannot create cache as the path does not exist", Op::Save, End::Failed),
        (b"Failed to create cache", Op::Save, End::Failed),
    ];
    let rest = text.strip_prefix(b"[Cache for ")?;
    let (head, message) = rest.split_at_checked(memmem::find(rest, b"] ")?)?;
    let name = head.get(..memmem::find(head, b" with id ").unwrap_or(head.len()))?;
    let (_, operation, outcome) =
        LINES.iter().find(|(start, ..)| message.get(2..).is_some_and(|m| m.starts_with(start)))?;
    Some(Mark::Cache { name, operation: *operation, outcome: *outcome })
}

/// `Removing job cache as it has grown beyond configured maximum size of 1024M. Next build will …`
fn removed(text: &[u8]) -> Option<Mark<'_>> {
    let removed =
        text.starts_with(b"Removing job cache as it has grown beyond configured maximum size");
    removed.then_some(Mark::Cache { name: b"", operation: Op::Save, outcome: End::Failed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn is_known_by_its_pipeline_whatever_is_in_front() {
        for line in [
            "[Pipeline] sh",
            "[2026-05-04T09:00:00.123Z] [Pipeline] sh",
            "\x1b[8mha:////4Jm+AA=\x1b[0m[Pipeline] { (Build)",
        ] {
            assert!(recognises(&Jenkins, &[line.as_bytes()]), "{line}");
        }
        assert!(!recognises(&Jenkins, &[b"[internal] load .dockerignore", b"[api] text"]));
        assert_eq!(Jenkins.decode(b"[2026-05-04T09:00:00.123Z] #5 CACHED").text, b"#5 CACHED");
        assert_eq!(Jenkins.decode(b"[1/2] STEP 1/3").text, b"[1/2] STEP 1/3");
    }

    #[test]
    fn hears_jobcacher_and_git() {
        let saved =
            Mark::Cache { name: b".docker (docker)", operation: Op::Save, outcome: End::Saved };
        assert_eq!(
            Jenkins.mark(b"[Cache for .docker (docker) with id 0a1b] Cache created in 12ms"),
            Some(saved)
        );
        assert_eq!(Jenkins.mark(b"[Cache for x] Searching cache"), None);
        assert_eq!(
            Jenkins.mark(b"Checking out Revision 0a1b2c3d (refs/remotes/origin/main)"),
            Some(Mark::CommitOf(b"0a1b2c3d", b"main"))
        );
        let detached = b"Checking out Revision 0a1b2c3d (detached)";
        assert_eq!(Jenkins.mark(detached), Some(Mark::Commit(b"0a1b2c3d")));
        let bat = b"C:\\jenkins\\workspace\\app>docker build -t a .";
        assert_eq!(Jenkins.mark(bat), Some(Mark::Command(b"docker build -t a .")));
    }

    #[test]
    fn hears_which_machine_it_is() {
        for line in [
            "Running on agent 7 in /var/jenkins/workspace/shop",
            r"Running on agent 7 in C:\jenkins\workspace\shop",
            "Building remotely on agent 7 (linux docker) in workspace /var/jenkins/workspace/shop",
        ] {
            let named = Some(Mark::Note(NoteKind::Machine, b"agent 7"));
            assert_eq!(Jenkins.mark(line.as_bytes()), named, "{line}");
        }
        assert_eq!(Jenkins.mark(b"Running on agent-7 in parallel"), None);
    }
}
