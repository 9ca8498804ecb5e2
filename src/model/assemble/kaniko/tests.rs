//! Builds of kaniko, read from lines.

use super::*;
use crate::model::assemble::testing::{build, builds};

const LOG: &str = "\
INFO[0000] Resolved base name golang:1 to build
INFO[0000] Building stage 'golang:1' [idx: '0', base-idx: '-1']
INFO[0000] Checking for cached layer r/app/cache:aa...
INFO[0000] Using caching version of cmd: RUN a
INFO[0000] Checking for cached layer r/app/cache:bb...
INFO[0000] No cached layer found for cmd RUN b
INFO[0000] RUN a
INFO[0000] Found cached layer, extracting to filesystem
INFO[0000] COPY . .
INFO[0001] RUN b
INFO[0004] RUN c
INFO[0006] Building stage 'alpine:3' [idx: '1', base-idx: '-1']
INFO[0006] COPY --from=build /a /a
INFO[0006] Pushing layer r/app/cache:bb to cache now
INFO[0006] Pushing image to r/app/cache:bb";

#[test]
fn lookups_come_first_and_stop_at_the_first_miss() {
    let build = build(LOG);
    let steps: Vec<_> =
        build.steps.iter().map(|s| (s.stage.as_str(), s.text.as_str(), s.outcome)).collect();
    assert_eq!(
        steps,
        [
            ("build", "RUN a", Outcome::Hit),
            ("build", "COPY . .", Outcome::Miss),
            ("build", "RUN b", Outcome::Miss),
            ("build", "RUN c", Outcome::Miss),
            ("stage-1", "COPY --from=build /a /a", Outcome::Miss),
        ]
    );
    assert_eq!((build.hits(), build.total()), (1, 3), "a COPY that is never stored is not counted");
    assert_eq!(build.steps[0].key.as_deref(), Some("aa"));
    assert_eq!(build.steps[2].seconds, Some(3.0));
    assert!(build.imports[0].ok() && build.imports[0].reference.as_deref() == Some("r/app/cache"));
    assert!(!build.exports[0].ended, "a push that no line ends was interrupted");
    assert_eq!(build.outcome, BuildOutcome::Unknown);
}

#[test]
fn stages_of_old_versions_have_no_line() {
    let old = LOG.replace(
        "INFO[0000] Building stage 'golang:1' [idx: '0', base-idx: '-1']",
        "\
INFO[0000] Retrieving image manifest golang:1
INFO[0000] Executing 0 build triggers",
    );
    let old = old.replace(
        "INFO[0006] Building stage 'alpine:3' [idx: '1', base-idx: '-1']",
        "\
INFO[0006] Retrieving image manifest alpine:3
INFO[0006] Executing 0 build triggers
INFO[0006] Unpacking rootfs as cmd COPY --from=build /a /a requires it.",
    );
    let (old, new) = (build(&old), build(LOG));
    let steps = |b: &Build| {
        b.steps.iter().map(|s| (s.stage.clone(), s.text.clone(), s.outcome)).collect::<Vec<_>>()
    };
    assert_eq!(steps(&old), steps(&new));
    let bases =
        |b: &Build| b.bases.iter().map(|b| (b.stage.clone(), b.image.clone())).collect::<Vec<_>>();
    assert_eq!(bases(&old), bases(&new));
}

#[test]
fn a_log_may_begin_inside_a_stage() {
    let cut: Vec<&str> = LOG.lines().skip(2).collect();
    let build = build(&cut.join("\n"));
    let first: Vec<_> = build.steps.iter().map(|s| (s.text.as_str(), s.outcome)).take(3).collect();
    assert_eq!(
        first,
        [("RUN a", Outcome::Hit), ("COPY . .", Outcome::Miss), ("RUN b", Outcome::Miss)]
    );
}

#[test]
fn a_lookup_settles_what_a_cut_log_does_not_show_any_more() {
    let cut: Vec<&str> = LOG.lines().take(7).collect();
    let build = build(&cut.join("\n"));
    let steps: Vec<_> = build.steps.iter().map(|s| (s.text.as_str(), s.outcome)).collect();
    assert_eq!(steps, [("RUN a", Outcome::Hit), ("RUN b", Outcome::Miss)]);
    assert_eq!((build.outcome, build.total()), (BuildOutcome::Unknown, 2));
}

#[test]
fn a_log_may_begin_below_the_lookups() {
    let refused = "WARN[0009] error uploading layer to cache: failed to push to destination \
        r/app/cache:bb: HEAD https://r/v2/app/cache/blobs/sha256:0: unexpected status code 401 \
        Unauthorized";
    let log = build(&format!(
        "{refused}\nINFO[0009] RUN c\nINFO[0010] Taking snapshot of full filesystem..."
    ));
    assert_eq!(log.exports[0].reference.as_deref(), Some("r/app/cache"));
    assert!(log.exports[0].error.as_deref().is_some_and(|e| e.contains("401")) && log.headless);
    assert_eq!(log.steps[0].outcome, Outcome::Unknown, "nothing says how it went on");
    let stored = build(
        "INFO[0001] Pushing layer r/app/cache:bb to cache now\nINFO[0009] RUN c\nINFO[0010] RUN d",
    );
    assert_eq!(stored.steps[0].outcome, Outcome::Miss);
    assert_eq!(stored.exports[0].reference.as_deref(), Some("r/app/cache"));
}

#[test]
fn a_refused_push_is_an_export_error_in_a_good_build() {
    let end = "WARN[0007] Error uploading layer to cache: failed to push to destination \
        r/app/cache:bb: 401\nINFO[0007] Pushing image to r/app:1\nINFO[0008] Pushed \
        r/app@sha256:00";
    let build = build(&format!("{LOG}\n{end}"));
    assert!(build.exports[0].error.is_some());
    assert_eq!((build.outcome, build.images), (BuildOutcome::Succeeded, ["r/app:1".into()].into()));
}

/// v1.28 with `FF_KANIKO_CACHE_LOOKAHEAD` and its companions.
#[test]
fn stages_are_looked_up_before_they_are_built() {
    let log = [
        "Resolved base name golang:1.22 to build",
        "Built cross stage deps: map[0:[/app]]",
        "Executing 0 build triggers",
        "Checking for cached layer r/c:0a...",
        "Using caching version of cmd: RUN make",
        "Executing 0 build triggers",
        "Cache hit via inferred cross-stage key for cmd: COPY --from=build /app /app",
        "Checking for cached layer r/c:0b...",
        "Using caching version of cmd: COPY --from=build /app /app",
        "Checking for cached layer r/c:0c...",
        "No cached layer found for cmd RUN test",
        "Eliminating stage 'golang:1.22' [idx: '0'], all consumers are served from cache",
        "Executing 0 build triggers",
        "Building stage 'alpine:3.20' [idx: '1', base-idx: '-1']",
        "Using caching version of cmd: COPY --from=build /app /app",
        "No cached layer found for cmd RUN test",
        "COPY --from=build /app /app",
        "Found cached layer, extracting to filesystem",
        "RUN test",
        "Pushing cache pointer r/c:0d -> 0c",
        "Pushing image to r/c:0d",
        "Pushing image to r/app:1",
        "Pushed r/app@sha256:0a",
    ]
    .map(|message| format!("INFO[0001] {message}"));
    let builds = builds(log.iter().map(String::as_str));
    let steps: Vec<_> =
        builds[0].steps.iter().map(|s| (s.stage.as_str(), s.text.as_str(), s.outcome)).collect();
    assert_eq!(
        steps,
        [
            ("build", "RUN make", Outcome::Hit),
            ("stage-1", "COPY --from=build /app /app", Outcome::Hit),
            ("stage-1", "RUN test", Outcome::Miss),
        ]
    );
    assert_eq!(
        (builds.len(), builds[0].outcome, builds[0].images.len()),
        (1, BuildOutcome::Succeeded, 1)
    );
}

#[test]
fn a_lookup_that_failed_counts_where_its_line_says_why() {
    let error = |said: &str| {
        let log = format!(
            "INFO[0000] Building stage 'a' [idx: '0', base-idx: '-1']\nINFO[0000] Checking for \
                cached layer r/c:0a...\nDEBU[0001] Failed to retrieve layer: {said}\nINFO[0001] No \
                cached layer found for cmd RUN a\nINFO[0001] RUN a"
        );
        builds(log.lines()).remove(0).imports.remove(0).error.is_some()
    };
    let url = "GET https://r/v2/c/manifests/0a";
    assert!(error(&format!("{url}: UNAUTHORIZED: authentication required")));
    assert!(error(&format!("{url}: unexpected status code 503 Service Unavailable")));
    assert!(error("Get \"https://r/v2/\": dial tcp 10.0.0.1:443: i/o timeout"));
    // Wrapped by a terminal.
    assert!(!error(url));
    assert!(!error(&format!("{url}:")));
    assert!(!error(&format!("{url}: MANIFEST_UNK")));
}

/// As the App Platform of `DigitalOcean` prints them.
#[test]
fn addresses_that_the_service_hides_name_nothing() {
    let hidden = "\
INFO[0000] Building stage 'golang:1' [idx: '0', base-idx: '-1']
INFO[0000] Checking for cached layer <registry-uri-1>
INFO[0000] Using caching version of cmd: RUN a
INFO[0000] Checking for cached layer <registry-uri-2>
INFO[0000] No cached layer found for cmd RUN b
INFO[0001] RUN a
INFO[0001] Found cached layer, extracting to filesystem
INFO[0002] RUN b
INFO[0004] Pushing layer <registry-uri-2> to cache now
INFO[0006] Pushing image to <registry-uri-3>";
    let build = build(hidden);
    assert_eq!((build.hits(), build.total(), build.images.len()), (1, 2, 0));
    let references = build.imports.iter().chain(&build.exports).map(|t| t.reference.as_deref());
    assert_eq!(references.collect::<Vec<_>>(), [None, None]);
}

/// v0.10, with a `--cache-dir` that has no base image.
#[test]
fn stages_of_2019_begin_with_a_download() {
    let old = "\
INFO[0000] Resolved base name golang:1.12 to build
INFO[0000] Downloading base image golang:1.12
INFO[0001] Error while retrieving image from cache: getting file info: stat /cache/sha256:0a
INFO[0001] Downloading base image golang:1.12
INFO[0001] Built cross stage deps: map[0:[/out/app]]
INFO[0001] Downloading base image golang:1.12
INFO[0002] Error while retrieving image from cache: getting file info: stat /cache/sha256:0a
INFO[0002] Downloading base image golang:1.12
INFO[0003] Unpacking rootfs as cmd RUN go build -o /out/app . requires it.
INFO[0005] Taking snapshot of full filesystem...
INFO[0006] COPY . .
INFO[0007] RUN go build -o /out/app .
INFO[0017] Downloading base image alpine:3.10
INFO[0018] COPY --from=build /out/app /app
INFO[0019] Taking snapshot of files...";
    let build = build(old);
    let steps: Vec<_> = build.steps.iter().map(|s| (s.stage.as_str(), s.text.as_str())).collect();
    assert_eq!(
        steps,
        [
            ("build", "COPY . ."),
            ("build", "RUN go build -o /out/app ."),
            ("stage-1", "COPY --from=build /out/app /app"),
        ]
    );
    assert_eq!((build.bases.len(), build.headless), (2, false));
    assert_eq!(build.steps[1].seconds, Some(10.0));
}

#[test]
fn a_build_of_several_stages_that_ends_in_the_first_keeps_its_names() {
    let log = |deps: &str| {
        format!(
            "INFO[0001] Built cross stage deps: {deps}\n\
             INFO[0002] Building stage 'node:20' [idx: '0', base-idx: '-1']\n\
             INFO[0003] RUN npm ci\n\
             error building image: error building stage: failed to execute command: exit status 1"
        )
    };
    let stage = |deps: &str| build(&log(deps)).steps[0].stage.clone();
    assert_eq!(stage("map[0:[/app/dist]]"), "stage-0");
    assert_eq!(stage("map[]"), "");
}
