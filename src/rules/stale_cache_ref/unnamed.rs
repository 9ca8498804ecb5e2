//! Back ends whose import prints no name: `importing cache manifest from gha:8123…`. What is read is
//! told by the command line, and so is whether it is written.

use super::Command;
use crate::finding::Fix;
use crate::model::{CacheKind, CacheSpec};
use crate::rules::backend;
use crate::rules::past::Past;

/// The back end of a run's import.
pub(super) fn kind(past: &Past, i: usize) -> Option<CacheKind> {
    let known = |kind: &CacheKind| {
        matches!(kind, CacheKind::Gha | CacheKind::S3 | CacheKind::Azblob | CacheKind::Local)
    };
    past.imports(i).iter().filter(|t| t.ok()).map(|t| t.kind).find(known)
}

/// The run reads such a cache and writes none of the kind, whatever its name.
pub(super) fn reads_only(past: &Past, i: usize, commands: &[&Command], in_file: bool) -> bool {
    let Some((kind, (_, build))) = kind(past, i).zip(past.get(i)) else { return false };
    let of_kind = |specs: &[CacheSpec]| specs.iter().any(|spec| spec.kind() == kind);
    let asked = commands.iter().any(|command| of_kind(&command.cache_from));
    let written = commands.iter().any(|command| of_kind(&command.cache_to))
        || build.exports.iter().any(|e| e.kind == kind || e.kind == CacheKind::Unknown);
    (asked || in_file) && build.whole() && !written
}

/// What is read, as the command line says it.
pub(super) fn asked<'a>(past: &Past<'a>, i: usize, kind: CacheKind) -> Option<&'a CacheSpec> {
    past.commands(i).iter().flat_map(|c| &c.cache_from).find(|spec| spec.kind() == kind)
}

/// The same for a sentence.
pub(super) fn name(kind: CacheKind, asked: Option<&CacheSpec>) -> String {
    match (asked, kind) {
        (Some(spec), _) => spec.raw.clone(),
        (None, CacheKind::Gha) => "GitHub's cache".to_owned(),
        (None, CacheKind::Local) => "the cache directory".to_owned(),
        (None, kind) => format!("the cache in {}", backend::place(kind.name())),
    }
}

/// Another job among the logs writes a cache of the kind.
pub(super) fn written_elsewhere(past: &Past, kind: CacheKind) -> bool {
    let own = |source: &str| past.runs.iter().any(|run| run.source == *source);
    past.study.runs.iter().filter(|run| !own(&run.source)).any(|run| {
        let commands = run.commands.iter().flat_map(|command| &command.cache_to);
        let exports = run.builds.iter().flat_map(|build| &build.exports);
        commands.map(CacheSpec::kind).chain(exports.map(|export| export.kind)).any(|k| k == kind)
    })
}

pub(super) fn fix(name: &str, asked: Option<&CacheSpec>) -> Fix {
    Fix {
        summary: "write the cache where it is read".to_owned(),
        steps: vec![
            format!(
                "Export it in this job, under the same name; or, where only the main branch may \
                    write, see that its job runs and exports {name}."
            ),
            "Pull requests may leave `--cache-to` out: they read what the main branch stores."
                .to_owned(),
        ],
        snippet: asked.map(|spec| {
            let to = spec.raw.replace("src=", "dest=");
            format!("--cache-from {} \\\n--cache-to {to},mode=max", spec.raw)
        }),
        ..Fix::default()
    }
}
