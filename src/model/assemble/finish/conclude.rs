//! How a build ended, and what only all of its vertices together tell.

use foldhash::HashSet;

use super::{Segment, Vertex};
use crate::model::{
    Base, Build, BuildOutcome, CacheKind, Dialect, Engine, Outcome, Run, Step, StepKind, Text,
};

/// How far the log shows a build.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// An export was stopped.
    Stopped,
    /// Something never came to its end, or nothing says that it was the end.
    Cut,
    /// All exports are done. They need every step: one that was canceled had its result from
    /// another, and a vertex that completes while a status line of it is open gets no closing line
    /// (`progressui` `printer.go`).
    Exported,
    /// Nothing is exported, and everything ended.
    Shown,
}

/// The outcome follows from the errors, else from how the exports and the steps ended.
pub(super) fn conclude(build: &mut Build, end: Ending) {
    if let Some(inline) = build.exports.iter().find(|e| e.kind == CacheKind::Inline) {
        build.inline = build.inline.take().or_else(|| Some(inline.header.clone()));
    }
    if build.driver.as_deref().is_some_and(|d| d != "docker") {
        build.engine = Engine::Buildkitd;
    } else if build.driver.is_some() && build.engine == Engine::Buildkitd {
        build.engine = Engine::Containerd;
    }
    mark_fetches(&mut build.steps);
    let some = |outcome: Outcome| build.steps.iter().any(|s| s.outcome == outcome);
    let failed = !build.errors.is_empty() || some(Outcome::Failed);
    let canceled = end == Ending::Stopped || end != Ending::Exported && some(Outcome::Canceled);
    build.outcome = match end {
        _ if failed => BuildOutcome::Failed,
        _ if canceled => BuildOutcome::Canceled,
        Ending::Exported => BuildOutcome::Succeeded,
        Ending::Shown if !some(Outcome::Unknown) => BuildOutcome::Succeeded,
        _ => BuildOutcome::Unknown,
    };
}

/// The error of a cache export is the build's, unless `ignore-error=true` was asked for; the client
/// says which, below the error and an excerpt of each vertex that failed. Where the log ends before
/// that, nobody knows.
pub(in crate::model::assemble) fn doubt(run: &mut Run, lines: u64) {
    const EXCERPTS: u64 = 8;
    let last = |build: &Build| {
        let failed =
            build.exports.iter().filter(|e| e.error.is_some()).filter_map(|e| e.verdict.as_ref());
        failed.map(|quote| quote.line).max()
    };
    let ignored = run
        .commands
        .iter()
        .flat_map(|c| &c.cache_to)
        .any(|spec| spec.get("ignore-error") == Some("true"));
    let other =
        |b: &Build| matches!(b.dialect, Dialect::Classic | Dialect::Kaniko | Dialect::Buildah);
    for build in run.builds.iter_mut().filter(|b| b.succeeded() && !other(b) && !ignored) {
        if last(build).is_some_and(|line| line + EXCERPTS > lines) {
            build.outcome = BuildOutcome::Unknown;
        }
    }
}

/// `ADD https://…` has two vertices of one name; the first fetches and is never cached.
fn mark_fetches(steps: &mut [Step]) {
    let mut later: HashSet<Text> = HashSet::default();
    for step in steps.iter_mut().rev().filter(|step| step.instruction == "ADD") {
        if !later.insert(step.name.clone()) {
            step.kind = StepKind::Fetch;
        }
    }
}

/// `load metadata for node:20@sha256:…` names the FROM as it is written; the FROM line has a digest
/// always.
pub(super) fn mark_pinned(builds: &mut [Build], segment: &Segment) {
    let names = segment.vertices.values().flat_map(|v| &v.names);
    let written = names.filter_map(|(name, _)| loaded(name)?.rsplit_once('@'));
    let written: HashSet<&str> = written.map(|(_, digest)| digest).collect();
    for base in builds.iter_mut().flat_map(images) {
        base.pinned = base.digest.as_deref().is_some_and(|digest| written.contains(digest));
    }
}

/// dockerd with its classic image store looks among its own images before it asks a registry, and
/// names the type of what a registry gave it only: `inferred cache manifest type: …`, of `BuildKit`
/// v0.12 on. That version is known from an inline cache that is written within an image's export,
/// as it is from v0.13 on; before, it has a vertex of its own.
pub(super) fn mark_own_images(builds: &mut [Build], segment: &Segment) {
    let within = |vertex: &Vertex| {
        vertex.inline.is_some()
            && vertex.names.iter().all(|(name, _)| name.ends_with("exporting to image"))
    };
    if segment.dialect != Dialect::BuildkitPlain || !segment.vertices.values().any(within) {
        return;
    }
    for build in builds.iter_mut().filter(|build| build.engine == Engine::Graphdriver) {
        for import in build.imports.iter_mut().filter(|import| import.ok()) {
            import.own_image = import.kind == CacheKind::Registry && import.manifest_type.is_none();
        }
    }
}

fn images(build: &mut Build) -> impl Iterator<Item = &mut Base> {
    build.bases.iter_mut().chain(build.sources.iter_mut())
}

/// `[internal] load metadata for …`, `[web internal] load metadata for …`
fn loaded(name: &str) -> Option<&str> {
    name.strip_prefix('[')?.split_once(']')?.1.strip_prefix(" load metadata for ")
}

#[cfg(test)]
mod tests {
    use crate::model::assemble::testing::build;
    use crate::model::{BuildOutcome, CacheKind};

    const STEPS: &str = "#5 [2/2] RUN a\n#5 DONE 0.1s\n#6 exporting to image\n#6 DONE 0.1s";
    const REFUSED: &str =
        "#7 exporting cache to registry\n#7 ERROR: error writing layer blob: denied";

    fn outcome(end: &str) -> BuildOutcome {
        build(&format!("{STEPS}\n{end}")).outcome
    }

    #[test]
    fn a_refused_export_at_the_end_of_the_log_may_have_failed_the_build() {
        let excerpt = "------\n > exporting cache to registry:\n------";
        assert_eq!(outcome(REFUSED), BuildOutcome::Unknown);
        assert_eq!(outcome(&format!("{REFUSED}\n{excerpt}")), BuildOutcome::Unknown);
        let error = "ERROR: failed to solve: error writing layer blob: denied";
        assert_eq!(outcome(&format!("{REFUSED}\n{excerpt}\n{error}")), BuildOutcome::Failed);
        let goes_on = "echo done\n".repeat(9);
        assert_eq!(outcome(&format!("{REFUSED}\n{excerpt}\n{goes_on}")), BuildOutcome::Succeeded);
    }

    #[test]
    fn an_import_without_a_type_is_of_an_image_that_the_engine_has() {
        let own = |import: &str, inline: &str| {
            let import = format!("#3 importing cache manifest from r/a:1\n{import}#3 DONE 0.1s");
            let written = "#6 writing image sha256:0a1b done\n#6 DONE 0.1s";
            let log = format!("{import}\n\n#5 [2/2] RUN a\n#5 CACHED\n\n{inline}{written}");
            build(&log).imports[0].own_image
        };
        let within = "#6 exporting to image\n#6 preparing layers for inline cache done\n";
        let typed =
            "#3 inferred cache manifest type: application/vnd.oci.image.manifest.v1+json done\n";
        assert!(own("", within));
        assert!(!own(typed, within));
        let apart = "#7 preparing layers for inline cache\n#7 DONE 0.0s\n\n#6 exporting to image\n";
        assert!(!own("", apart), "the version may be one that names no type");
    }

    #[test]
    fn a_build_ends_as_its_exports_do() {
        assert_eq!(outcome("#7 exporting cache to registry\n#7 CANCELED"), BuildOutcome::Canceled);
        assert_eq!(
            outcome("#7 exporting to image\n#7 ERROR: failed to push r/a:1: denied"),
            BuildOutcome::Failed
        );
    }

    #[test]
    fn what_was_exported_was_built_whatever_its_vertices_print() {
        let built = |step: &str| build(&format!("#4 [1/2] COPY a /\n{step}\n{STEPS}")).outcome;
        assert_eq!(built("#4 CANCELED"), BuildOutcome::Succeeded);
        assert_eq!(built("#4 ..."), BuildOutcome::Succeeded);
        assert_eq!(
            build("#4 [1/2] COPY a /\n#4 CANCELED\n#5 [2/2] RUN a\n#5 DONE 0.1s").outcome,
            BuildOutcome::Canceled
        );
        assert_eq!(outcome("#7 exporting cache to registry"), BuildOutcome::Unknown);
    }

    #[test]
    fn an_export_that_has_not_written_yet_is_of_any_kind() {
        let kind =
            |end: &str| build(&format!("{STEPS}\n#7 exporting cache\n{end}")).exports[0].kind;
        assert_eq!(kind("#7 preparing build cache for export"), CacheKind::Unknown);
        assert_eq!(
            kind("#7 preparing build cache for export done\n#7 DONE 0.0s"),
            CacheKind::Inline
        );
    }
}
