//! Errors of transfers that no rule of their own is about, and of which is known what they mean.

use super::super::backend::{Refusal, Side, ignored};
use super::{builders, stores};
use crate::finding::{Confidence, Fix};
use crate::model::CacheKind;
use crate::rules::remedy::builder::CREATE;

/// What an error means.
pub(super) struct Meaning {
    is: fn(&Refusal) -> bool,
    /// What follows `the cache export fails` in the title.
    pub(super) title: &'static str,
    pub(super) cause: &'static str,
    pub(super) confidence: Confidence,
    pub(super) fix: fn(&[Refusal]) -> Fix,
}

/// What all of these refusals mean. A terminal shows the words of some only at the end.
pub(super) fn of(group: &[Refusal]) -> Option<&'static Meaning> {
    let worded = || group.iter().filter(|refusal| !refusal.text.trim().is_empty());
    worded().next()?;
    KNOWN.iter().find(|known| worded().all(known.is))
}

static KNOWN: &[Meaning] = &[
    Meaning {
        is: is_not_served,
        title: "",
        cause: "a `type=local` cache is read and written by the client, which hands the builder a \
            store of its directory; this client does not (img, envd and other programs that call \
            BuildKit through its library).",
        confidence: Confidence::Proven,
        fix: another_client,
    },
    Meaning {
        is: is_too_long,
        title: ": a message is larger than gRPC allows",
        cause: "builder and client exchange the description of the build in one message, and this \
            one is larger than the receiver accepts. It happens in every run of this build.",
        confidence: Confidence::Proven,
        fix: shorter_messages,
    },
    Meaning {
        is: is_without_session,
        title: ": the client was gone",
        cause: "the builder asks the client for a registry's credentials, and the session with the \
            client ended before the transfer did.",
        confidence: Confidence::Proven,
        fix: keep_the_client,
    },
    Meaning {
        is: is_locked,
        title: "",
        cause: "the builder is sending this very layer for another build already, and an upload \
            takes one at a time.",
        confidence: Confidence::Proven,
        fix: one_at_a_time,
    },
    Meaning {
        is: is_cut_off,
        title: "",
        cause: "the builder went away during the export: it was stopped, it ran out of memory, or \
            the connection to it was cut. All steps were done.",
        confidence: Confidence::Proven,
        fix: keep_the_builder,
    },
    Meaning {
        is: is_expired,
        title: "",
        cause: "the bucket refused the request without saying why, and the same build had read \
            from it before. What changes in between is the age of the credentials: a session \
            token lives for an hour, and BuildKit keeps those it was given at the start.",
        confidence: Confidence::Likely,
        fix: fresh_credentials,
    },
    Meaning {
        is: is_unexplained,
        title: "",
        cause: "the bucket refused the request without saying why: the answer to HEAD has no text. \
            A wrong `region` or `endpoint_url`, and credentials that it does not accept, look like \
            this.",
        confidence: Confidence::Suspected,
        fix: settings_of_the_bucket,
    },
    Meaning {
        is: builders::is_without_key,
        title: ": the layer has no key",
        cause: "buildah stores each layer under a tag that is its key, and buildah 1.29 makes none \
            for a RUN with `--mount=type=cache,from=…`: the tag would be empty. It happens in \
            every run that has to store this step.",
        confidence: Confidence::Likely,
        fix: builders::another_buildah,
    },
    Meaning {
        is: builders::is_unwritable,
        title: ": the directory cannot be written",
        cause: "a `type=local` cache is written by the client, as the user that calls it, and this \
            user may not write in that directory.",
        confidence: Confidence::Proven,
        fix: builders::a_directory_of_ones_own,
    },
    Meaning {
        is: builders::is_looped,
        title: "",
        cause: "BuildKit before 0.8 cannot export the cache of a build whose steps depend on each \
            other in a circle once their results are the same. It is so in every run of this \
            build.",
        confidence: Confidence::Likely,
        fix: builders::a_newer_builder,
    },
    Meaning {
        is: builders::is_an_image,
        title: ": the reference is an image, not a cache",
        cause: "this builder is BuildKit before 0.4 (Docker Engine 18.09), which reads caches that \
            were exported by themselves and none that are part of an image.",
        confidence: Confidence::Proven,
        fix: builders::a_newer_engine,
    },
    Meaning {
        is: builders::is_not_stored,
        title: ": the builder has lost a layer of it",
        cause: "the builder's records name a layer that its store no longer has, usually one of an \
            imported cache that was never fetched, or of a builder that was cleaned up.",
        confidence: Confidence::Likely,
        fix: builders::an_empty_builder,
    },
    Meaning {
        is: stores::is_checksum,
        title: ": the server does not accept the checksum that is sent",
        cause: "Amazon's client, which BuildKit uses, sends a checksum in a form that this \
            S3-compatible server does not know. It is so in every run.",
        confidence: Confidence::Proven,
        fix: stores::other_builder,
    },
    Meaning {
        is: stores::is_part_lost,
        title: ": the parts of a large layer do not fit together",
        cause: "S3 takes a large layer in parts and joins them at the end. BuildKit 0.26.0 and \
            0.26.1 send the parts with a checksum that the joining request does not name, and S3 \
            then does not find them. It is so in every run with such a layer.",
        confidence: Confidence::Likely,
        fix: stores::builder_that_joins_parts,
    },
    Meaning {
        is: stores::is_header_lost,
        title: ": a proxy changes the request",
        cause: "a header that the builder signed did not reach the server as it was sent: a proxy \
            between them (nginx, Cloudflare, an ingress) drops or rewrites it. The credentials are \
            not the reason.",
        confidence: Confidence::Likely,
        fix: stores::headers_as_sent,
    },
    Meaning {
        is: stores::is_clock,
        title: ": the builder's clock is wrong",
        cause: "a request to S3 carries the time at which it was signed, and is refused when that \
            is more than 15 minutes off the server's own clock. Keys and rights are not the reason.",
        confidence: Confidence::Proven,
        fix: stores::right_clock,
    },
    Meaning {
        is: stores::is_azure_timeout,
        title: ": a layer takes longer than five minutes",
        cause: "BuildKit gives each layer five minutes to reach an Azure container, and this one \
            took longer: it is large, or the line to the storage account is slow.",
        confidence: Confidence::Likely,
        fix: stores::smaller_layers,
    },
    Meaning {
        is: stores::is_upload_cut,
        title: ": the registry refuses the end of an upload",
        cause: "the registry began to take the layer and refused it at the end (400): mostly not \
            all of it arrived. BuildKit sends several layers at once; over a slow line one of them \
            can stand still for longer than the registry, or a proxy in front of it, waits.",
        confidence: Confidence::Suspected,
        fix: stores::whole_upload,
    },
    Meaning {
        is: stores::is_upload_lost,
        title: ": the registry lost the upload that it had begun",
        cause: "the registry began the upload and then did not know it: usually several instances \
            share its name but not their storage.",
        confidence: Confidence::Likely,
        fix: stores::one_instance,
    },
    Meaning {
        is: is_full,
        title: ": no space is left",
        cause: "a disk is full, the builder's or that of the directory that is written.",
        confidence: Confidence::Proven,
        fix: make_room,
    },
];

/// `unknown service containerd.services.content.v1.Content`: the builder asks the client's session
/// for the content store of the directory (`session/content/caller.go`), and a client that has none
/// answers so in every run. (`client/solve.go` adds it where the client reads the option itself.)
fn is_not_served(refusal: &Refusal) -> bool {
    refusal.text.contains("unknown service containerd.services")
}

/// `rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5391022 vs.
/// 4194304)` (google.golang.org/grpc `rpc_util.go`). 4 MiB is the library's own limit, which
/// clients and builders kept until mid-2024 (`moby/buildkit` #4969, `moby/moby` #48242).
fn is_too_long(refusal: &Refusal) -> bool {
    refusal.text.contains("grpc: received message larger than max")
}

/// `failed to authorize: no active session for 0a1b: context deadline exceeded`
/// (`session/manager.go`)
fn is_without_session(refusal: &Refusal) -> bool {
    refusal.text.contains("no active session for ")
}

/// `ref layer-sha256:… locked for 30.1s (since …): unavailable` (containerd
/// `remotes/docker/pusher.go`)
fn is_locked(refusal: &Refusal) -> bool {
    refusal.text.contains(" locked for ") && refusal.text.contains("unavailable")
}

/// `failed to receive status: rpc error: …`
fn is_cut_off(refusal: &Refusal) -> bool {
    refusal.text.contains("failed to receive status")
}

/// An answer to HEAD has no body, so S3 cannot say `ExpiredToken` (`moby/buildkit` issue 3903).
fn is_expired(refusal: &Refusal) -> bool {
    let refused = refusal.text.contains("HeadObject") && refusal.text.contains("StatusCode: 400");
    let read = refusal.build.imports.iter().any(|t| t.kind == CacheKind::S3 && t.ok());
    let long = refusal.build.seconds_executed() >= SHORTEST_SESSION;
    refusal.side == Side::Export && refused && read && long
}

/// Seconds: what a role's session lives for at least (`AssumeRole`, `DurationSeconds`).
const SHORTEST_SESSION: f64 = 900.0;

/// The same of a build in which no credentials can have grown too old.
fn is_unexplained(refusal: &Refusal) -> bool {
    refusal.text.contains("HeadObject") && refusal.text.contains("StatusCode: 400")
}

fn settings_of_the_bucket(_: &[Refusal]) -> Fix {
    Fix {
        summary: "ask the bucket for the reason with the same settings".to_owned(),
        steps: vec![
            "Run `aws s3api list-objects-v2 --bucket BUCKET --region REGION` with the credentials \
                of the build (and `--endpoint-url`, where the cache has one): its answer has a \
                text."
                .to_owned(),
            "Compare `region` and `endpoint_url` of the option with those of the bucket."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

fn is_full(refusal: &Refusal) -> bool {
    refusal.text.contains("no space left on device")
}

fn another_client(_: &[Refusal]) -> Fix {
    Fix {
        summary: "build with buildx or buildctl, or keep the cache in a registry".to_owned(),
        steps: vec![
            "Running again does not help: this client cannot serve a local directory.".to_owned(),
            "Build with `docker buildx build` and a docker-container builder, or with `buildctl`: \
                their sessions serve `type=local`."
                .to_owned(),
            "Or use `type=registry`: the builder reads and writes it without the client."
                .to_owned(),
        ],
        snippet: Some(format!(
            "{CREATE}\ndocker buildx build --cache-from type=local,src=DIR \\\n  \
                --cache-to type=local,dest=DIR,mode=max ."
        )),
        ..Fix::default()
    }
}

fn shorter_messages(group: &[Refusal]) -> Fix {
    let old = group.iter().any(|r| r.text.contains("vs. 4194304)"));
    let newer = "The limit of 4 MiB is that of clients and builders before mid-2024. BuildKit \
        0.14, buildx 0.15 and Docker Engine 27.1 take 16 MiB: update both, client and builder."
        .to_owned();
    let mut steps = vec!["Running again does not help: the message stays as large.".to_owned()];
    steps.extend(old.then_some(newer));
    steps.push(
        "Build less at once: a Dockerfile of fewer stages and steps, fewer named contexts, bake \
            targets one after the other."
            .to_owned(),
    );
    steps.extend(optional(group));
    let summary = if old { "update builder and client" } else { "build less at once" };
    Fix { summary: summary.to_owned(), steps, ..Fix::default() }
}

fn keep_the_client(group: &[Refusal]) -> Fix {
    let mut steps = vec![
        "Check whether the client ended first: a timeout of the job, a proxy that cuts idle \
            connections, a build that nothing waited for."
            .to_owned(),
        "Where one build of several ends early (bake, Compose): build the targets one after the \
            other."
            .to_owned(),
    ];
    steps.extend(optional(group));
    Fix {
        summary: "keep the client connected until the transfer is over".to_owned(),
        steps,
        ..Fix::default()
    }
}

fn one_at_a_time(_: &[Refusal]) -> Fix {
    Fix {
        summary: "run again; let builds that share a builder export one after the other".to_owned(),
        steps: vec![
            "Run again: the other upload is over by then.".to_owned(),
            "Where it comes back: build the targets one after the other, or give the jobs that \
                share this builder a builder each."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

pub(super) fn keep_the_builder(group: &[Refusal]) -> Fix {
    let optional =
        "Add `ignore-error=true` to the export: it helps if the backend is slow, not if the \
            builder itself ends."
            .to_owned();
    let mut steps = vec![
        "Look at the end of the builder's own log (`docker logs buildx_buildkit_ci0`, or \
            `kubectl logs`): was it killed for its memory, or asked to stop?"
            .to_owned(),
        "Export less: `mode=min`, fewer exports at once, or a backend nearby.".to_owned(),
    ];
    steps.extend((!ignored(group)).then_some(optional));
    Fix {
        summary: "find out why the builder ends during the export".to_owned(),
        steps,
        ..Fix::default()
    }
}

fn fresh_credentials(_: &[Refusal]) -> Fix {
    Fix {
        summary: "give the builder credentials that live longer than the build".to_owned(),
        steps: vec![
            "Give the role a longer session (`role-duration-seconds`, up to 12 hours), or the \
                builder a role of its own (an instance profile, a web identity), which BuildKit \
                renews itself."
                .to_owned(),
            "Or split the build: `--target` stages that are built and exported before the hour is \
                over."
                .to_owned(),
            "Where it fails in short builds too, check `region` and `endpoint_url`.".to_owned(),
        ],
        ..Fix::default()
    }
}

fn make_room(_: &[Refusal]) -> Fix {
    Fix {
        summary: "make room on the disk before the build".to_owned(),
        steps: vec![
            "A builder that is kept: limit its cache (`docker buildx prune --max-used-space \
                20GB`), and remove old images."
                .to_owned(),
            "A directory (`type=local`) only grows: export to a second one and move it into the \
                place of the first."
                .to_owned(),
            "A new runner for each job: remove tools that the job does not need, or use a larger \
                one."
                .to_owned(),
        ],
        snippet: Some(
            "docker buildx prune --force --max-used-space 20GB\ndocker image prune \
            --force"
                .to_owned(),
        ),
        ..Fix::default()
    }
}

/// For exports that fail a build.
pub(super) fn optional(group: &[Refusal]) -> Option<String> {
    let exports = group.iter().any(|r| r.side == Side::Export);
    (exports && !ignored(group)).then(|| {
        "Add `ignore-error=true` to the export where it must not fail the build.".to_owned()
    })
}
