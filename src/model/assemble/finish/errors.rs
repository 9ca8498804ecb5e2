//! What errors say only together with the vertices of their build.

use super::super::buildkit::Segment;
use super::super::vertex::{End, Vertex};
use super::EXPORT;
use super::place::export_kind;
use crate::model::{
    Build, CacheKind, Dialect, Outcome, Quote, Text, Transfer, is_broken_off, is_cut_short,
};

/// The line that lists the layer which an error says is gone, under the step it belongs to: no
/// layer of a base image.
///
/// `failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:… (…) from remote: not found`
/// (containerd `core/remotes/docker/fetcher.go`) has neither a repository nor a step.
pub(super) fn gone(segment: &Segment) -> Option<Quote> {
    let of_vertices =
        segment.vertices.values().filter(|v| v.end == End::Error).filter_map(|v| v.error.as_ref());
    let errors = of_vertices.chain(segment.errors.iter().map(|quote| &quote.text));
    let digests: Vec<&str> = errors.filter_map(|text| missing(text)).collect();
    if digests.is_empty() {
        return cut_short(segment).or_else(|| broken_off(segment));
    }
    let listed = segment.vertices.values().flat_map(|v| &v.layers);
    listed
        .into_iter()
        .find(|quote| digests.iter().any(|digest| quote.text.contains(digest)))
        .cloned()
}

/// A layer of a step that came from the cache was being fetched, and ends too early: the step that
/// needs it ran no command. The newer words tell the size, by which the layer is known.
fn cut_short(segment: &Segment) -> Option<Quote> {
    let is_short = |v: &&Vertex| {
        let cut = v.error.as_ref().is_some_and(|text| is_cut_short(text));
        v.end == End::Error && !v.logs && cut
    };
    let short = segment.vertices.values().find(is_short)?;
    let size = short.error.as_ref().and_then(|error| expected(error));
    let Some(size) = size else { return short.layers.first().cloned() };
    let size = format!("/ {size}");
    let mut listed = segment.vertices.values().flat_map(|v| &v.layers);
    listed.find(|quote| quote.text.contains(&size)).cloned()
}

/// A layer of a step that came from the cache was being fetched when a connection broke. The error
/// names no layer, and what stands under FROM is no step's.
fn broken_off(segment: &Segment) -> Option<Quote> {
    let is_broken = |v: &Vertex| {
        let error = v.error.as_ref().is_some_and(|text| is_broken_off(text));
        v.end == End::Error && !v.logs && error
    };
    if !segment.vertices.values().any(is_broken) {
        return None;
    }
    let cached = segment.vertices.values().filter(|v| v.end == End::Cached || is_broken(v));
    cached.filter_map(|v| v.layers.last()).max_by_key(|quote| quote.line).cloned()
}

/// The size of the whole, as a status line prints it: `short read: expected 92 bytes but got 91`.
fn expected(error: &str) -> Option<String> {
    let (_, rest) = error.split_once("short read: expected ")?;
    let bytes: u32 = rest.split(' ').next()?.parse().ok()?;
    let of = |unit: f64, name: &str| format!("{:.2}{name}", f64::from(bytes) / unit);
    Some(match bytes {
        0..1_000 => format!("{bytes}B"),
        1_000..1_000_000 => of(1e3, "kB"),
        1_000_000..1_000_000_000 => of(1e6, "MB"),
        _ => of(1e9, "GB"),
    })
}

/// The digest of what was to be fetched and is not there.
fn missing(error: &str) -> Option<&str> {
    let (_, rest) = error.split_once("could not fetch content descriptor ")?;
    let (digest, rest) = rest.split_once(' ')?;
    (digest.starts_with("sha256:") && rest.contains("not found")).then_some(digest)
}

/// The error of a builder that could not be started: nothing else of the build is printed, and the
/// client's last line has words of the daemon alone (`Error response from daemon: toomanyrequests:
/// …`).
pub(super) fn of_boot(segment: &Segment) -> Option<Quote> {
    let boots = |v: &&Vertex| v.names.iter().any(|(name, _)| name == BOOTING);
    let vertex = segment.vertices.values().find(boots).filter(|v| v.end == End::Error)?;
    if segment.has_steps() { None } else { vertex.ended.clone() }
}

/// Clients make a builder when it is first used.
const BOOTING: &str = "[internal] booting buildkit";

/// The final error that no vertex printed, where exports are the last that ended, one of a cache
/// among them.
pub(super) fn behind_export(segment: &Segment) -> Option<Quote> {
    let quote = segment.errors.first()?;
    let ended = segment.vertices.values().filter_map(|v| Some((v.ended.as_ref()?.line, v)));
    let (_, last) = ended.max_by_key(|(line, _)| *line)?;
    let export = last.end == End::Done
        && last.names.iter().any(|(name, _)| without_target(name).starts_with(EXPORT));
    let cached = export && segment.vertices.values().any(exports_cache);
    let of_vertex =
        segment.vertices.values().filter_map(|v| v.error.as_ref()).any(|error| is_in(error, quote));
    let stopped = quote.text.contains("context canceled");
    (cached && !of_vertex && !stopped && says_solve(quote)).then(|| quote.clone())
}

/// A terminal shows that an export failed, and not why: that is in the client's last line, where
/// nothing else failed that ends a build.
pub(super) fn tell_failed_export(builds: &mut [Build], segment: &Segment) {
    let [build] = builds else { return };
    let said = segment.errors.first().and_then(|quote| quote.text.split_once("failed to solve: "));
    let Some((_, why)) = said.filter(|_| segment.dialect == Dialect::BuildkitTty) else { return };
    if build.steps.iter().any(|step| step.outcome == Outcome::Failed) {
        return;
    }
    let silent = |export: &&mut Transfer| export.error.as_deref() == Some("");
    let mut failed = build.exports.iter_mut().filter(silent);
    if let (Some(export), None) = (failed.next(), failed.next()) {
        export.error = Some(why.into());
    }
}

fn exports_cache(vertex: &Vertex) -> bool {
    let kinds =
        vertex.names.iter().filter_map(|(name, _)| export_kind(without_target(name), vertex));
    vertex.end == End::Done && kinds.into_iter().any(|kind| kind != CacheKind::Inline)
}

fn without_target(name: &str) -> &str {
    match name.split_once("] ") {
        Some((_, rest)) if name.starts_with('[') => rest,
        _ => name,
    }
}

/// The first line of a vertex' error is the end of the client's.
fn is_in(error: &Text, last: &Quote) -> bool {
    let first = error.lines().next().unwrap_or_default();
    !first.is_empty() && last.text.contains(first)
}

/// An error of the solver, and not of the client before it or behind it.
fn says_solve(quote: &Quote) -> bool {
    quote.text.contains("failed to solve: ")
}

#[cfg(test)]
mod tests {
    use crate::model::BuildOutcome;
    use crate::model::assemble::testing::{build, builds};

    const STEP: &str = "#5 [2/2] RUN a\n#5 CACHED";
    const EXPORT: &str = "#7 exporting cache to registry\n#7 preparing build cache for export 0.1s \
        done\n#7 DONE 0.4s";

    #[test]
    fn an_error_behind_a_cache_export_belongs_to_no_vertex() {
        let behind = |log: String| build(&log).behind_export.is_some();
        let error = "ERROR: failed to solve: Unknown: lease expired";
        assert!(behind(format!("{STEP}\n{EXPORT}\n{error}")));
        assert!(!behind(format!(
            "{STEP}\n{EXPORT}\nERROR: failed to solve: Canceled: context canceled"
        )));
        assert!(!behind(format!("{STEP}\n{error}")), "no export");
        let failed = "#8 exporting to image\n#8 ERROR: failed to push r/a:1: denied";
        assert!(!behind(format!(
            "{STEP}\n{failed}\n{EXPORT}\nERROR: failed to solve: failed to push r/a:1: denied"
        )));
    }

    #[test]
    fn a_builder_that_does_not_start_fails_the_build() {
        let boot = "#1 [internal] booting buildkit\n#1 pulling image moby/buildkit:buildx-stable-1";
        let error = "#1 ERROR: Error response from daemon: toomanyrequests: You have reached your \
            unauthenticated pull rate limit.";
        let failed = build(&format!("{boot}\n{error}"));
        assert_eq!((failed.outcome, failed.errors.len()), (BuildOutcome::Failed, 1));
        assert!(builds(format!("{boot} 1.0s done\n#1 DONE 2.0s").lines()).is_empty());
    }

    #[test]
    fn a_layer_listed_under_a_step_is_none_of_a_base_image() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let error = format!(
            "#6 [3/3] COPY . .\n#6 ERROR: failed to copy: httpReadSeeker: failed open: could not \
                fetch content descriptor {digest} (application/vnd.oci.image.layer.v1.tar+gzip) \
                from remote: not found"
        );
        let log = |of: &str| format!("#5 {of}\n#5 {digest} 0B / 302.96kB\n#5 CACHED\n{error}");
        assert_eq!(build(&log("[2/3] RUN make")).gone.map(|quote| quote.line), Some(2));
        assert_eq!(build(&log("[1/3] FROM r.example.com/base:1")).gone, None);
        assert_eq!(build(&error).gone, None);
        let short = |of: &str| {
            format!(
                "#5 {of}\n#5 {digest} 1MB / 2MB\n#5 ERROR: failed to read expected number of \
                    bytes: unexpected EOF"
            )
        };
        assert!(build(&short("[2/3] RUN make")).gone.is_some());
        assert!(build(&short("[1/3] FROM r.example.com/base:1")).gone.is_none());
    }
}
