//! Logs of buildah and podman, as they come.

use crate::model::assemble::testing::{build, builds};
use crate::model::{Build, BuildOutcome, Outcome};

fn outcomes(build: &Build) -> Vec<(&str, &str, Outcome)> {
    build.steps.iter().map(|s| (s.stage.as_str(), s.text.as_str(), s.outcome)).collect()
}

#[test]
fn arrows_tell_hits_and_new_layers() {
    let build = build(
        "[1/2] STEP 1/2: FROM golang AS build\n[1/2] STEP 2/2: RUN a\n--> Using cache \
            c70f3a76daca\n--> c70f3a76dac\n[2/2] STEP 1/2: FROM alpine\n[2/2] STEP 2/2: COPY \
            --from=build /a /a\n--> Cache pulled from remote r/c:0a\n[2/2] COMMIT r/x\n--> \
            161bb1f8c15",
    );
    assert_eq!(
        outcomes(&build),
        [("build", "RUN a", Outcome::Hit), ("stage-1", "COPY --from=build /a /a", Outcome::Hit)]
    );
    assert_eq!(
        (build.outcome, build.imports[0].reference.as_deref()),
        (BuildOutcome::Succeeded, Some("r/c"))
    );
}

#[test]
fn layers_of_one_repository_are_one_import() {
    for pulled in ["r:5000/c:0a1b:0a1b", "r:5000/c:0a1b", "[r:5000/c]:0a1b"] {
        let log = format!(
            "STEP 1/3: FROM a\nSTEP 2/3: RUN a\n--> Cache pulled from remote {pulled}\nSTEP 3/3: \
                RUN b"
        );
        let build = build(&format!("{log}\n--> Cache pulled from remote r:5000/c:2c3d:2c3d"));
        let from: Vec<_> = build.imports.iter().map(|i| i.reference.as_deref()).collect();
        assert_eq!(from, [Some("r:5000/c")], "{pulled}");
    }
}

#[test]
fn a_log_may_begin_after_the_first_step() {
    let cut = build(
        "STEP 3: RUN a\n--> Using cache c70f3a76daca\nSTEP 4: COPY . .\nSTEP 5: COMMIT r/x\n--> \
            161bb1f8c15",
    );
    assert_eq!(outcomes(&cut), [("", "RUN a", Outcome::Hit), ("", "COPY . .", Outcome::Miss)]);
    assert_eq!((cut.outcome, cut.images), (BuildOutcome::Succeeded, ["r/x".into()].into()));
    let script = ["STEP 3: RUN migrations", "STEP 4: COPY files", "STEP 5: done"];
    assert!(builds(script.into_iter()).is_empty());
}

#[test]
fn the_last_step_ran_where_the_image_was_committed() {
    let build = build("STEP 1: FROM busybox\nSTEP 2: COPY . .\nSTEP 3: COMMIT tom\n522b6e604a10");
    assert_eq!(outcomes(&build), [("stage-0", "COPY . .", Outcome::Miss)]);
}

#[test]
fn without_layers_every_step_ran_and_the_failing_one_failed() {
    let build = build(
        "STEP 1/4: FROM a\nSTEP 2/4: RUN a\nSTEP 3/4: RUN b\nError: building at STEP \"RUN b\": \
            while running runtime: exit status 1",
    );
    assert_eq!(
        outcomes(&build),
        [("stage-0", "RUN a", Outcome::Miss), ("stage-0", "RUN b", Outcome::Failed)]
    );
    assert!(build.steps.iter().take(1).all(|s| s.verdict.is_none()));
}

#[test]
fn stages_are_built_side_by_side() {
    let hit = |key: &str| format!("--> Using cache {key}0a1b2c3d4e\n--> {key}0a1b2c3d4e");
    let log = [
        "[2/2] STEP 1/3: FROM b",
        "[1/2] STEP 1/3: FROM a AS deps",
        "[1/2] STEP 2/3: WORKDIR /app",
        "[2/2] STEP 2/3: COPY --from=deps /out /out",
        &hit("a"),
        "[1/2] STEP 3/3: RUN make",
        "--> b0a1b2c3d4e",
        &hit("c"),
        "[2/2] STEP 3/3: RUN test",
        "[2/2] COMMIT x",
        "--> d0a1b2c3d4e",
    ]
    .join("\n");
    let build = build(&log);
    assert_eq!(
        outcomes(&build),
        [
            ("deps", "WORKDIR /app", Outcome::Hit),
            ("stage-1", "COPY --from=deps /out /out", Outcome::Hit),
            ("deps", "RUN make", Outcome::Miss),
            ("stage-1", "RUN test", Outcome::Miss),
        ]
    );
    assert_eq!((builds(log.lines()).len(), build.outcome), (1, BuildOutcome::Succeeded));
}

#[test]
fn arrows_of_stages_that_need_nothing_of_each_other_belong_to_the_one_that_goes_on() {
    let build = build(
        "[1/3] STEP 1/3: FROM a AS x\n[2/3] STEP 1/2: FROM b AS y\n[1/3] STEP 2/3: RUN a\n[2/3] \
            STEP 2/2: RUN b\n--> Using cache c70f3a76daca\n--> c70f3a76dac\n--> 161bb1f8c15\n[1/3] \
            STEP 3/3: RUN c\n--> 261bb1f8c15",
    );
    let of = |text: &str| build.steps.iter().find(|s| s.text == text).map(|s| s.outcome);
    assert_eq!(
        (of("RUN a"), of("RUN b"), of("RUN c")),
        (Some(Outcome::Miss), Some(Outcome::Hit), Some(Outcome::Miss))
    );
}

#[test]
fn a_push_that_fails_ends_the_build() {
    let build = build(
        "STEP 1/2: FROM a\nSTEP 2/2: RUN a\n--> Pushing cache [r.example.com/c]:0a1b\nError: \
            failed pushing cache to {{{\"r.example.com\" \"c\"} \"0a1b\"} %!q(bool=false)}: \
            connection refused",
    );
    assert_eq!((build.outcome, build.exports.len()), (BuildOutcome::Failed, 1));
    assert!(build.exports[0].error.is_some() && build.steps[0].outcome == Outcome::Miss);
}

#[test]
fn a_registry_that_does_not_answer_is_an_import_that_failed() {
    let key = "0a".repeat(32);
    let retry = format!(
        "time=\"2026-05-04T09:00:00Z\" level=warning msg=\"Failed, retrying in 1s ... (1/3). \
            Error: initializing source docker://r:5000/c:{key}: pinging container registry r:5000: \
            connection refused\""
    );
    let log = format!(
        "STEP 1/2: FROM a\nSTEP 2/2: RUN a\n{retry}\n--> 161bb1f8c15\nCOMMIT x\n--> 161bb1f8c15"
    );
    let import = build(&log).imports.remove(0);
    assert_eq!((import.reference.as_deref(), import.ok()), (Some("r:5000/c"), false));
}

#[test]
fn where_steps_have_arrows_one_without_was_cut() {
    let build = build(
        "STEP 1/5: FROM a\nSTEP 2/5: RUN a\n--> Using cache c70f3a76daca\n--> c70f3a76dac\nSTEP 3/5: \
            RUN b\n[…]\nSTEP 4/5: RUN c\n--> 161bb1f8c15\nSTEP 5/5: RUN d\nCOMMIT x\n--> 261bb1f8c15",
    );
    let known: Vec<Outcome> = build.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(known, [Outcome::Hit, Outcome::Unknown, Outcome::Miss, Outcome::Miss]);
}

#[test]
fn a_stage_of_an_old_buildah_goes_on_with_the_image_that_it_made() {
    let (arg, run) = ("61".repeat(32), "6d".repeat(32));
    let log = |cache: &str| {
        format!(
            "STEP 1: FROM busybox\nSTEP 2: ARG user\n--> {cache}{arg}\nSTEP 3: FROM {arg}\nSTEP 4: \
                RUN a\n--> {cache}{run}\nSTEP 5: COMMIT x"
        )
    };
    let of = |outcome| [("stage-0", "ARG user", outcome), ("stage-0", "RUN a", outcome)];
    assert_eq!(outcomes(&build(&log("Using cache "))), of(Outcome::Hit));
    assert_eq!(outcomes(&build(&log(""))), of(Outcome::Miss));
}

#[test]
fn stages_without_numbers_follow_each_other() {
    let build = build(
        "STEP 1: FROM a AS x\nSTEP 2: RUN a\n--> Using cache c70f3a76daca\nSTEP 3: FROM b\nSTEP 4: \
            COPY --from=x /a /a\n--> Using cache d70f3a76daca\nSTEP 5: COMMIT x",
    );
    assert_eq!(
        outcomes(&build),
        [("x", "RUN a", Outcome::Hit), ("stage-1", "COPY --from=x /a /a", Outcome::Hit)]
    );
}

#[test]
fn what_a_command_printed_above_its_cached_result_tells_that_it_ran() {
    let log = |printed: &str| {
        format!(
            "STEP 1: FROM a\nSTEP 2: RUN a\n{printed}--> Using cache c70f3a76daca\nSTEP 3: COMMIT x"
        )
    };
    let outcome = |printed: &str| build(&log(printed)).steps[0].outcome;
    assert_eq!(outcome(""), Outcome::Hit);
    assert_eq!(outcome("\n"), Outcome::Hit, "an empty line between any two");
    assert_eq!(outcome("Collecting a\nInstalling a\nDone\n"), Outcome::Miss);
}

#[test]
fn a_key_that_is_no_tag_ends_the_build() {
    let error =
        "Error: failed generating tagged reference for \"r.example.com/c\": invalid tag format";
    let log = "STEP 1/2: FROM a\nSTEP 2/2: RUN a\n";
    let pushed = build(&format!("{log}--> Pushing cache [r.example.com/c]:\n{error}"));
    assert_eq!((pushed.outcome, pushed.exports.len()), (BuildOutcome::Failed, 1));
    assert!(pushed.exports[0].error.is_some());
    assert_eq!(pushed.steps[0].outcome, Outcome::Miss);
    let asked = build(&format!("{log}{error}"));
    assert!(asked.exports.is_empty() && asked.imports[0].error.is_some());
}
