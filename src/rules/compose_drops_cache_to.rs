//! Docker Compose that builds through bake and does not hand the export of the cache on.

use super::backend::cost_of;
use super::planned;
use super::remedy::At;
use super::{Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::{Build, CacheKind, CiNote, Command, NoteKind, Run, Tool, Transfer};

pub(super) struct ComposeDropsCacheTo;

static META: RuleMeta = RuleMeta {
    id: "compose-drops-cache-to",
    title: "Compose does not pass cache_to on to the builder",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "The Compose file has `cache_to` for a service, `docker compose` builds it, and no log \
        has an export of its cache; the version of Compose is 2.37.0 to 2.37.2, or not printed.",
    why: "Since 2.37 Compose builds through bake. The first three of these versions pass \
        `cache_from` to bake and silently leave `cache_to` out: the cache that is imported is \
        never updated.",
    fix: "Use Docker Compose 2.37.3 or newer, or build the same file with `docker buildx bake`.",
    rules_out: "A build that exports a cache, with or without an error; one that failed before; \
        versions that pass both on; the docker driver, which has no such export.",
    limits: "Without its version in the log (`docker compose version`) another file or an override \
        that takes `cache_to` away looks the same.",
    example: include_str!("examples/compose-drops-cache-to.txt"),
    references: &["https://github.com/docker/compose/releases/tag/v2.37.3"],
    since: "0.1.0",
};

/// The first version that builds through bake unless told otherwise, and the first that hands
/// `cache_to` on.
const BROKEN: ([u32; 3], [u32; 3]) = ([2, 37, 0], [2, 37, 3]);

impl Rule for ComposeDropsCacheTo {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        planned::places(study).filter_map(|at| finding(study, at)).collect()
    }
}

fn finding(study: &Study, at: At) -> Option<Finding> {
    let service = at.place.target.as_deref()?;
    let stores = at.place.command.cache_to.iter().any(|spec| spec.kind() != CacheKind::Inline);
    if at.config.kind.reader() != Some(Tool::Compose) || !stores {
        return None;
    }
    let builds = study.runs.iter().flat_map(|run| run.builds.iter().map(move |build| (run, build)));
    let built: Vec<(&Run, &Build)> =
        builds.filter(|(run, build)| is_of(at, service, run, build)).collect();
    let newest: Vec<(&Run, &Build)> =
        built.iter().rev().take_while(|(_, build)| stores_nothing(build)).copied().collect();
    let &(run, last) = newest.first()?;
    let printed = run.notes.iter().find(|note| note.kind == NoteKind::ComposeVersion);
    if printed.is_some_and(|note| !is_broken(&note.value)) {
        return None;
    }
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: if printed.is_some() { Confidence::Likely } else { Confidence::Suspected },
        title: format!(
            "`cache_to` of the service {service} reaches no builder: Compose does not pass it on"
        ),
        cause: cause(printed, newest.len()),
        evidence: Proof::from_lines(lines(at, run, last, printed))?,
        fix: fix(at, service),
        impact: cost_of(newest.iter().map(|(_, build)| *build)),
        rules_out: rules_out(printed),
        subject: at
            .place
            .command
            .cache_to
            .first()
            .map_or(service, |spec| spec.get("ref").unwrap_or(service))
            .to_owned(),
    })
}

/// Compose built this service in this log, with this file as far as the command tells.
fn is_of(at: At, service: &str, run: &Run, build: &Build) -> bool {
    let file = |path: &str| path.rsplit('/').next().map(str::to_owned);
    let reads = |command: &&Command| {
        let other = command.file.as_deref().is_some_and(|name| file(name) != file(&at.config.path));
        command.tool == Tool::Compose && !other
    };
    let Some(command) = run.commands_of(build).iter().find(reads) else { return false };
    let alone = at.config.content.places.len() == 1;
    let named = || command.quote.text.split_ascii_whitespace().any(|word| word == service);
    // Bake takes no dot in the name of a target.
    let target = |name: &str| name == service || name == service.replace('.', "_");
    build.target.as_deref().map_or_else(|| alone || named(), target)
}

fn stores_nothing(build: &Build) -> bool {
    let went_well = build.succeeded() && build.whole() && build.total() > 0;
    let docker = build.is_by_docker_driver();
    went_well && !docker && build.exports.is_empty() && build.inline.is_none()
}

/// `v2.37.1`, `2.37.1-desktop.1`; a version that cannot be read is none of these.
fn is_broken(version: &str) -> bool {
    let mut numbers =
        version.trim_start_matches('v').split(['.', '-', '+']).map_while(|part| part.parse().ok());
    let read: [Option<u32>; 3] = [numbers.next(), numbers.next(), numbers.next()];
    let [Some(major), Some(minor), Some(patch)] = read else { return false };
    let (first, mended) = BROKEN;
    (first..mended).contains(&[major, minor, patch])
}

fn cause(printed: Option<&CiNote>, runs: usize) -> String {
    let version = printed.map_or_else(
        || {
            "Docker Compose 2.37.0 to 2.37.2 build through bake and leave `cache_to` out; the log \
                does not say which version this is."
                .to_owned()
        },
        |note| {
            format!(
                "Docker Compose {} builds through bake, and leaves `cache_to` out (2.37.0 \
            to 2.37.2 do).",
                note.value
            )
        },
    );
    let logs = if runs == 1 {
        "the log has no export".to_owned()
    } else {
        format!("{runs} logs have no export")
    };
    format!(
        "The Compose file asks for a cache to be exported, and {logs} of one. {version} Nothing \
            updates the cache, so what changed since it was written is built again in every run."
    )
}

fn rules_out(printed: Option<&CiNote>) -> Vec<Alternative> {
    if printed.is_some() {
        return Vec::new();
    }
    vec![
        not_ruled_out("another file, or an override, that leaves `cache_to` out"),
        to_decide("run `docker compose config` (what is read) and `docker compose version`"),
    ]
}

fn lines(at: At, run: &Run, build: &Build, printed: Option<&CiNote>) -> Vec<Evidence> {
    let import = build.imports.iter().find(|import| Transfer::ok(import));
    let command = run.commands_of(build).iter().find(|command| command.tool == Tool::Compose);
    let mut lines: Vec<Evidence> =
        at.evidence_of("cache_to", "a cache is to be exported").into_iter().collect();
    lines.extend(printed.map(|note| Study::quote(run, &note.quote, "the version that builds")));
    lines.extend(command.map(|command| {
        Study::quote(run, &command.quote, "builds the service, and exports no cache")
    }));
    lines.extend(import.map(|import| Study::quote(run, &import.header, "the cache is imported")));
    lines
}

fn fix(at: At, service: &str) -> Fix {
    Fix {
        summary: "use Docker Compose 2.37.3 or newer".to_owned(),
        steps: vec![
            "On GitHub: docker/setup-compose-action. Elsewhere replace the CLI plugin, and print \
                `docker compose version` in the job."
                .to_owned(),
            "Until then build the same file with bake, which passes both on; or set \
                COMPOSE_BAKE=false."
                .to_owned(),
        ],
        snippet: Some(format!("docker buildx bake -f {} --load {service}", at.config.path)),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_versions_leave_it_out() {
        for broken in ["v2.37.0", "2.37.1", "v2.37.2-desktop.1"] {
            assert!(is_broken(broken), "{broken}");
        }
        for good in ["v2.36.2", "v2.37.3", "v2.40.3", "v5.0.0", "v2.37", "dev"] {
            assert!(!is_broken(good), "{good}");
        }
    }
}
