//! Azure Pipelines: the stamp of GitHub's runner (`2026-05-04T09:00:00.1234567Z `), and
//! `##[section]Starting: Build image` around each task.
//!
//! Sources: `microsoft/azure-pipelines-agent` `src/Agent.Sdk/…/Logging.cs`,
//! `src/Agent.Plugins/PipelineCache/*.cs`. Copies of the page lose stamps and `##[section]`.

use memchr::memmem;

use super::cache_reason::is_of_tar;
use super::{
    CacheOperation as Op, CacheOutcome as End, Envelope, Head, Mark, NoteKind, Peeled, echo, github,
};

/// Log of a job or of a task.
pub(super) struct Azure;

/// What the agent and its tasks print, and GitHub's runner does not.
const HEADERS: [&[u8]; 10] = [
    b"##[section]Starting: ",
    b"##[section]Finishing: ",
    b"##[section]Async Command Start: ",
    b"##vso[",
    b"Agent name: '",
    b"Current agent version: '",
    b"Task         : ",
    b"Async Command Start: ",
    b"Getting a pipeline cache artifact with one of the following fingerprints:",
    b"========================== Starting Command Output ====",
];

impl Envelope for Azure {
    fn name(&self) -> &'static str {
        "azure"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("azure-pipelines")
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'0'..=b'9' | b'#' | b'[' | b'A' | b'C' | b'G' | b'T' | b'=')
    }

    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |line| {
            let text = github::decode(line).text;
            is_header(text) || is_agents_command(text)
        })
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        github::decode(line)
    }

    fn mark<'a>(&self, text: &'a [u8]) -> Option<Mark<'a>> {
        match text.first()? {
            b'#' => section(text),
            b'[' => text.strip_prefix(b"[command]").filter(|c| echo::builds(c)).map(Mark::Command),
            b'+' | b'$' | b'>' => echo::prompted(text),
            b'A' if text.starts_with(b"Agent ") => agent(text),
            // Script tasks show the script between these two (`Tasks/BashV3`, `Tasks/CmdLineV2`).
            b'S' if text.starts_with(b"Script contents:") => Some(Mark::Section(b"")),
            b'=' if memmem::find(text, b"Starting Command Output").is_some() => {
                Some(Mark::SectionEnd)
            }
            _ => cache(text.strip_prefix(b"Information, ").unwrap_or(text))
                .or_else(|| echo::bare(text)),
        }
    }
}

/// `Agent machine name: 'ci-01'` (`microsoft/azure-pipelines-agent`
/// `src/Agent.Worker/JobExtension.cs`). Microsoft's own agents are new for each job:
/// `Agent name: 'Azure Pipelines 3'`, in older pools `'Hosted Agent'`.
fn agent(text: &[u8]) -> Option<Mark<'_>> {
    let name = text.strip_prefix(b"Agent name: '");
    let hosted = |name: &[u8]| name.starts_with(b"Azure Pipelines ") || name == b"Hosted Agent'";
    if name.is_some_and(hosted) {
        return Some(Mark::Note(NoteKind::NewMachine, text));
    }
    github::machine(text, b"Agent machine name: '")
}

fn is_header(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'#' | b'A' | b'C' | b'G' | b'T' | b'='))
        && HEADERS.iter().any(|h| text.starts_with(h))
}

/// `[command]/usr/bin/docker build -f /home/vsts/work/1/s/Dockerfile --label com.azure.dev.image.build.sourceversion=…`
/// (task Docker@2): a part of a log has no header.
fn is_agents_command(text: &[u8]) -> bool {
    let Some(command) =
        text.strip_prefix(b"##[command]").or_else(|| text.strip_prefix(b"[command]"))
    else {
        return false;
    };
    let has = |part: &[u8]| memmem::find(command, part).is_some();
    has(b"/home/vsts/work/") || has(b" com.azure.dev.image.")
}

fn section(text: &[u8]) -> Option<Mark<'_>> {
    if let Some(command) = text.strip_prefix(b"##[command]") {
        return echo::git_checkout(command)
            .or_else(|| echo::builds(command).then_some(Mark::Command(command)));
    }
    if let Some(title) = text.strip_prefix(b"##[section]Starting: ") {
        return Some(Mark::Section(title));
    }
    if text.starts_with(b"##[section]Finishing: ") {
        return Some(Mark::SectionEnd);
    }
    let text = text.strip_prefix(b"##[warning]").or_else(|| text.strip_prefix(b"##[error]"))?;
    cache(text)
}

/// Task Cache@2. `Saved item.` also follows a failure (`PipelineCacheServer.cs`): that is for the
/// assembler to see.
fn cache(text: &[u8]) -> Option<Mark<'_>> {
    const LINES: [(&[u8], Op, End); 11] = [
        (b"There is a cache hit", Op::Restore, End::Hit),
        (b"Cache restored.", Op::Restore, End::Hit),
        (b"There is a cache miss", Op::Restore, End::Miss),
        (b"Failed to get cached item.", Op::Restore, End::Failed),
        (b"Saved item.", Op::Save, End::Saved),
        (b"Failed to cache item.", Op::Save, End::Failed),
        (b"Skipping because the job status was not 'Succeeded'", Op::Save, End::Skipped),
        (b"Skipping because restore step did not run.", Op::Save, End::Skipped),
        (b"The given cache key has changed in its resolved value", Op::Save, End::Failed),
        (b"Cache with fingerprint ", Op::Save, End::Exists),
        (b"Entry found at fingerprint: ", Op::Restore, End::Hit),
    ];
    if text.starts_with(b"tar: ") {
        return is_of_tar(text).then_some(Mark::CacheClue);
    }
    if !matches!(text.first()?, b'T' | b'C' | b'F' | b'S' | b'R' | b'E' | b'P') {
        return None;
    }
    if let Some(key) = text.strip_prefix(b"Resolved to: ") {
        return Some(Mark::CacheKey(key.trim_ascii(), Op::Restore));
    }
    // What the next line resolves is a key to fall back to, or what is to be saved.
    if text.starts_with(b"Resolving restore key:") || text.starts_with(b"Resolving path:") {
        return Some(Mark::CacheAside);
    }
    if text.starts_with(b"Process returned non-zero exit code: ") || text.starts_with(VSS) {
        return Some(Mark::CacheTrouble);
    }
    let (start, operation, outcome) = LINES.iter().find(|(start, ..)| text.starts_with(start))?;
    let name = text.get(start.len()..).and_then(quoted).unwrap_or_default();
    let exists = *outcome != End::Exists || text.ends_with(b" already exists.");
    exists.then_some(Mark::Cache { name, operation: *operation, outcome: *outcome })
}

/// The service is not there:
/// `Exception of type 'Microsoft.VisualStudio.Services.WebApi.VssServiceResponseException'…`
const VSS: &[u8] =
    b"Exception of type 'Microsoft.VisualStudio.Services.WebApi.VssServiceResponseException'";

/// The fingerprint between backticks.
fn quoted(text: &[u8]) -> Option<&[u8]> {
    let mut parts = text.split(|b| *b == b'`');
    let (_, inside) = (parts.next()?, parts.next()?);
    parts.next().map(|_| inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn is_told_from_github_by_its_sections() {
        let line: &[u8] = b"2026-05-04T09:00:00.1234567Z ##[section]Starting: Build image";
        assert!(recognises(&Azure, &[line]));
        assert!(!recognises(
            &Azure,
            &[b"2026-05-04T09:00:00.1234567Z ##[group]Run docker build ."]
        ));
        for part in [
            "[command]/usr/bin/docker build -f /home/vsts/work/1/s/Dockerfile --label \
                com.azure.dev.image.build.buildnumber=1 .",
            "2026-05-04T09:00:00.1234567Z ========================== Starting Command Output \
                ===========================",
            "Getting a pipeline cache artifact with one of the following fingerprints:",
        ] {
            assert!(recognises(&Azure, &[part.as_bytes()]), "{part}");
        }
        assert!(!recognises(
            &Azure,
            &[b"##[command]/usr/bin/docker build -t a:b /home/runner/work/_actions/x"]
        ));
        assert_eq!(Azure.decode(line).text, b"##[section]Starting: Build image");
    }

    #[test]
    fn hears_the_cache_task() {
        let save =
            |name: &'static [u8], outcome| Some(Mark::Cache { name, operation: Op::Save, outcome });
        assert_eq!(
            Azure.mark(b"Resolved to: docker|a="),
            Some(Mark::CacheKey(b"docker|a=", Op::Restore))
        );
        assert_eq!(
            Azure.mark(b"Cache with fingerprint `docker|a=` already exists."),
            save(b"docker|a=", End::Exists)
        );
        assert_eq!(Azure.mark(b"Information, Saved item."), save(b"", End::Saved));
        assert_eq!(Azure.mark(b"Resolving restore key:"), Some(Mark::CacheAside));
        assert_eq!(Azure.mark(b"Caches are nice"), None);
        assert_eq!(
            Azure.mark(b"##[command]docker build -t a ."),
            Some(Mark::Command(b"docker build -t a ."))
        );
    }

    #[test]
    fn hears_which_machine_it_is() {
        let named = Some(Mark::Note(NoteKind::Machine, b"ci-01"));
        assert_eq!(Azure.mark(b"Agent machine name: 'ci-01'"), named);
        let hosted: &[u8] = b"Agent name: 'Azure Pipelines 3'";
        assert_eq!(Azure.mark(hosted), Some(Mark::Note(NoteKind::NewMachine, hosted)));
        assert_eq!(Azure.mark(b"Agent name: 'ci-01-a'"), None);
    }
}
