//! A registry that refuses to show or to store the cache.

mod bucket;
mod helper;
mod hub;

use super::backend::{self, Cause, Draft, Refusal, Side, manifest_only};
use super::options::is_bare_type;
use super::remedy::{Site, login, reference};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Alternative, Confidence, Finding, Fix, Severity, capitalised, not_ruled_out};
use crate::model::{CacheKind, Dialect};

pub(super) struct CacheAccessDenied;

static META: RuleMeta = RuleMeta {
    id: "cache-access-denied",
    title: "the registry refuses access to the cache",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "A cache import or export is answered with 401, 403, `denied`, `insufficient_scope` or \
        `no basic auth credentials`, or an upload with 405.",
    why: "A refused import never fails a build: it runs cold each time and stays green. A refused \
        export fails the build unless `ignore-error=true` is set; then nothing is ever stored.",
    fix: "Log in to the cache's registry before the build, with an account that may read and write \
        that repository.",
    rules_out: "Errors while the image itself is pushed are not about the cache. Docker Hub \
        answers `insufficient_scope` for a repository that does not exist yet: where a later run \
        reads the cache, nothing is reported.",
    limits: "Only the registry knows which permission is missing. kaniko prints a refused lookup \
        as a plain miss: there only the refused push shows it.",
    example: include_str!("examples/cache-access-denied.txt"),
    references: &[
        "https://docs.docker.com/reference/cli/docker/login/",
        "moby/buildkit cache/remotecache",
        "containerd remotes/docker/authorizer.go",
    ],
    since: "0.1.0",
};

impl Rule for CacheAccessDenied {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::AccessDenied, |repo, group| {
            // `--cache-to inline` means no registry at all: `cache-option-invalid`.
            if is_bare_type(reference::without_hub(repo)) {
                return None;
            }
            let only_new =
                group.iter().all(may_be_missing) && read_later(study, repo, group.last()?.at.run);
            (!only_new).then(|| draft(study, repo, group))
        })
    }
}

/// `pull access denied, repository does not exist or may require authorization`.
fn may_be_missing(refusal: &Refusal) -> bool {
    refusal.side == Side::Import
        && ["does not exist", "insufficient_scope"].iter().any(|text| refusal.text.contains(text))
}

fn read_later(study: &Study, repo: &str, at: usize) -> bool {
    let later = study.runs.iter().skip(at + 1).flat_map(|r| &r.builds).flat_map(|b| &b.imports);
    later
        .filter(|i| i.ok())
        .filter_map(|i| i.reference.as_deref())
        .any(|name| reference::same_repository(name, repo))
}

fn draft(study: &Study, repo: &str, group: &[Refusal]) -> Draft {
    let import = group.iter().any(|r| r.side == Side::Import);
    let export = group.iter().any(|r| r.side != Side::Import);
    let what = match (import, export) {
        (true, true) => "read and write access to the cache",
        (true, false) => "read access to the cache",
        _ => "write access to the cache",
    };
    let forgotten = lacks_registry(repo, group);
    let unsure = !forgotten && group.iter().all(may_be_missing);
    Draft {
        severity: if group.iter().all(Refusal::harmless) {
            Severity::Warning
        } else {
            Severity::Error
        },
        confidence: match (manifest_only(group), unsure) {
            // One login served the layers.
            (true, _) => Confidence::Suspected,
            (false, true) => Confidence::Likely,
            (false, false) => Confidence::Proven,
        },
        title: if helper::fails(group) {
            helper::title(repo)
        } else if bucket::is_unasked(group) {
            format!("the builder has no credentials for {}", backend::place(repo))
        } else if forgotten {
            format!(
                "`{}` names no registry, and Docker Hub denies {what}",
                reference::without_hub(repo)
            )
        } else {
            format!("{} denies {what}{}", subject_of(repo), in_repository(repo))
        },
        cause: format!("{}{}{}", reason(repo, group), unnamed(study, repo, group), silent(group)),
        fix: fix_of(study, repo, export, group),
        rules_out: look_alikes(unsure && !hub::is_too_deep(repo), group),
    }
}

fn reason(repo: &str, group: &[Refusal]) -> String {
    if hub::is_too_deep(repo) {
        return hub::cause(repo);
    }
    if lacks_registry(repo, group) {
        return hub::cause_without_registry(repo);
    }
    if let Some(said) = bucket::answer(group) {
        return format!("{} {said}.", capitalised(backend::place(repo)));
    }
    if helper::fails(group) {
        return helper::CAUSE.to_owned();
    }
    if takes_no_uploads(group) {
        return format!(
            "An upload to {} is answered with 405: it is read-only for everybody, as during \
                maintenance, or it is a mirror (pull-through cache) of another registry.",
            backend::place(repo)
        );
    }
    if group.iter().any(is_expired) {
        return format!(
            "The builder's login for {} has expired (Amazon ECR's is valid for 12 hours).",
            backend::place(repo)
        );
    }
    format!("The builder has no credentials, or not enough rights, for {}.", backend::place(repo))
}

/// `unexpected status from POST request to http://r/v2/a/blobs/uploads/: 405 Method Not Allowed`
fn takes_no_uploads(group: &[Refusal]) -> bool {
    group.iter().all(|refusal| backend::status(refusal.text) == Some(405))
}

/// `denied: Your authorization token has expired. Reauthenticate and try again.` (Amazon ECR)
fn is_expired(refusal: &Refusal) -> bool {
    refusal.said().contains("authorization token has expired")
}

fn fix_of(study: &Study, repo: &str, export: bool, group: &[Refusal]) -> Fix {
    if lacks_registry(repo, group)
        && let Some(first) = group.first()
    {
        let site = Site::of(study, first.run, first.build);
        let named = group
            .iter()
            .filter_map(Refusal::reference)
            .find_map(|name| Some(reference::tag(&name)?.to_owned()));
        return hub::fix_without_registry(repo, &site, named.as_deref());
    }
    if takes_no_uploads(group) {
        return fix_of_mirror(repo);
    }
    if helper::fails(group) {
        return helper::fix(repo);
    }
    if group.iter().any(is_expired) {
        let summary = format!("log in to {} again, right before the build", backend::place(repo));
        return Fix { summary, ..fix(repo, export, group) };
    }
    let by_kaniko = group.iter().all(|r| r.build.dialect == Dialect::Kaniko);
    match by_kaniko {
        _ if hub::is_too_deep(repo) => hub::fix(repo, by_kaniko),
        true if group.iter().all(|r| reference::checked(r.text).is_some()) => checked(repo),
        true => match beside_the_image(study, repo, group) {
            Some(full) => {
                hub::or_beside_the_image(kaniko(repo), &full, format!("--cache-repo={full}"))
            }
            None => kaniko(repo),
        },
        false if manifest_only(group) => or_as_image_manifest(fix(repo, export, group)),
        false => match beside_the_image(study, repo, group) {
            Some(full) => {
                let option = format!("ref={full}:buildcache");
                hub::or_beside_the_image(fix(repo, export, group), &full, option)
            }
            None => fix(repo, export, group),
        },
    }
}

fn or_as_image_manifest(mut fix: Fix) -> Fix {
    let first = "First try `image-manifest=true,oci-mediatypes=true` in `--cache-to`: the registry \
        took the layers from the same account.";
    fix.summary = format!("try `image-manifest=true`, or {}", fix.summary);
    fix.steps.insert(0, first.to_owned());
    fix
}

fn beside_the_image(study: &Study, repo: &str, group: &[Refusal]) -> Option<String> {
    let first = group.first().filter(|first| first.reference().is_some())?;
    // kaniko prints Docker Hub's host where none is written.
    let written = first.asked(CacheKind::Registry).and_then(|spec| spec.get("ref"));
    let written =
        written.map(reference::repository).filter(|w| reference::same_repository(w, repo));
    hub::beside_the_image(written.unwrap_or(repo), &Site::of(study, first.run, first.build))
}

fn unnamed(study: &Study, repo: &str, group: &[Refusal]) -> &'static str {
    match beside_the_image(study, repo, group) {
        Some(_) => " The cache's name has no registry in front, so it belongs to Docker Hub.",
        None => "",
    }
}

/// Where the log names no cache at all, the subject is a word of ours.
fn lacks_registry(repo: &str, group: &[Refusal]) -> bool {
    hub::lacks_registry(repo) && group.iter().any(|refusal| refusal.reference().is_some())
}

fn look_alikes(unsure: bool, group: &[Refusal]) -> Vec<Alternative> {
    let missing = not_ruled_out(
        "a repository that does not exist (the registry answers both in the same way)",
    );
    let manifest = not_ruled_out(
        "a registry that does not know this form of manifest (the layers were taken, only the \
            manifest was refused)",
    );
    let alternatives = [(unsure, missing), (manifest_only(group), manifest)];
    alternatives.into_iter().filter(|(holds, _)| *holds).map(|(_, other)| other).collect()
}

fn named(repo: &str) -> bool {
    backend::place(repo) == reference::host(repo)
}

fn subject_of(repo: &str) -> &str {
    if named(repo) { "the registry" } else { backend::place(repo) }
}

fn in_repository(repo: &str) -> String {
    if named(repo) { format!(" in {repo}") } else { String::new() }
}

fn silent(group: &[Refusal]) -> &'static str {
    let green = group.iter().any(|r| r.build.succeeded());
    if green { " The build goes on without the cache and stays green." } else { "" }
}

fn fix(repo: &str, export: bool, group: &[Refusal]) -> Fix {
    if matches!(repo, "s3" | "azblob") {
        return bucket::fix(repo, group);
    }
    let dialect = group.first().map_or(Dialect::BuildkitPlain, |first| first.build.dialect);
    let host = backend::place(repo);
    let known = named(repo);
    let rights = if export { "read and write" } else { "read" };
    let repo = if known { repo } else { "it" };
    let whose = if dialect == Dialect::Buildah {
        "buildah uses the credentials that `podman login`, `buildah login` and `docker login` \
            store."
    } else {
        "the builder uses the credentials of the docker client that calls it."
    };
    let mut steps = vec![
        format!("Log in to {host} in the same job, as the same user, before the build: {whose}"),
        format!("Give that account the right to {rights} {repo}."),
    ];
    steps.extend(of_host(host, export).iter().map(|step| (*step).to_owned()));
    let export = export && !backend::ignored(group);
    steps.extend(export.then(|| {
        "Jobs that may not write (pull requests from forks) should import \
        only: leave out `--cache-to` there, or add `ignore-error=true`."
            .to_owned()
    }));
    Fix {
        summary: format!("log in to {host} with an account that may {rights} {repo}"),
        steps,
        snippet: Some(login(known.then_some(host), dialect)),
        ..Fix::default()
    }
}

/// What registries refuse beside missing log-ins.
fn of_host(host: &str, export: bool) -> &'static [&'static str] {
    match host {
        "ghcr.io" => &[
            "With GITHUB_TOKEN the workflow needs `permissions: packages: write`.",
            "A package that was first pushed by hand or from another repository does not know this \
                one: add it under Package settings, Manage Actions access, with the role Write.",
        ],
        // `docker/build-push-action` issue 586: BuildKit sees 403, docker push the reason.
        "registry.digitalocean.com" if export => &[
            "DigitalOcean answers 403 as well when the plan allows no more repositories: keep the \
                cache in the image's own repository, under another tag.",
        ],
        _ => &[],
    }
}

/// No account may write there.
fn fix_of_mirror(repo: &str) -> Fix {
    let host = backend::place(repo);
    Fix {
        summary: format!("export the cache to a registry that accepts writes: {host} does not"),
        steps: vec![
            format!(
                "Name the registry that {host} mirrors, or another one, in `--cache-to` and \
                    `--cache-from`: a mirror is read-only."
            ),
            format!("If {host} is read-only for maintenance, end it (`maintenance.readonly`)."),
        ],
        ..Fix::default()
    }
}

/// kaniko asks before it builds whether it may write.
fn checked(repo: &str) -> Fix {
    let fix = kaniko(repo);
    let mut steps = vec![
        "In jobs that may only read, add `--no-push-cache`: they then read the cache and write \
            nothing. `--skip-push-permission-check` alone only delays the refusal."
            .to_owned(),
        "In jobs that should fill the cache, give kaniko the right to write:".to_owned(),
    ];
    steps.extend(fix.steps);
    Fix {
        summary: format!("add `--no-push-cache`, or give kaniko the right to write {repo}"),
        steps,
        ..fix
    }
}

/// kaniko has no docker client; a read that is refused looks like a miss there.
fn kaniko(repo: &str) -> Fix {
    let host = reference::host(repo);
    // What docker and go-containerregistry call it in their configuration.
    let key = if reference::is_hub(repo) { "https://index.docker.io/v1/" } else { host };
    Fix {
        summary: format!("give kaniko credentials for {host} that may read and write {repo}"),
        steps: vec![
            format!(
                "Write credentials for {host} into /kaniko/.docker/config.json before the executor \
                    starts, or mount them there."
            ),
            format!(
                "Give that account the right to read and write {repo}: kaniko treats a refused \
                    read as a miss and prints nothing."
            ),
        ],
        snippet: Some(format!(
            "mkdir -p /kaniko/.docker\nprintf '{{\"auths\":{{\"{key}\":{{\"auth\":\"%s\"}}}}}}' \
                \"$(printf '%s:%s' \"$REGISTRY_USER\" \"$REGISTRY_PASSWORD\" | base64 | tr -d \
                '\\n')\" \\\n  > /kaniko/.docker/config.json"
        )),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;
    use crate::model::CacheKind;

    const HEAD: &str = "failed to configure registry cache importer: unexpected status from HEAD \
        request to http://r.example.com/v2/team/app/manifests/cache: 401 Unauthorized";

    #[test]
    fn import_and_export_of_one_cache_are_one_finding() {
        let blob = "error writing layer blob: unexpected status from HEAD request to \
            http://r.example.com/v2/team/app/blobs/sha256:0: 401 Unauthorized";
        let run = || {
            made()
                .import("r.example.com/team/app:cache", Some(HEAD))
                .miss("RUN a")
                .export(CacheKind::Registry, Some(blob))
        };
        let found = CacheAccessDenied.check(&of(vec![run(), run()]));
        assert_eq!(
            (found.len(), found[0].evidence.iter().count(), found[0].impact.steps),
            (1, 4, 2)
        );
    }

    #[test]
    fn a_manifest_alone_may_be_of_an_unknown_form() {
        let text = "ERROR: failed to solve: error writing manifest blob: failed commit on ref \
            \"sha256:0\": unexpected status: 401 Unauthorized";
        let found = &CacheAccessDenied.check(&of(vec![made().error(text)]))[0];
        assert_eq!((found.confidence, found.rules_out.len()), (Confidence::Suspected, 1));
        assert!(
            !found.cause.contains("docker.io"),
            "the log does not name the registry: {}",
            found.cause
        );
        assert!(found.fix.snippet.as_deref().is_some_and(|s| s.ends_with(" REGISTRY")));
    }
}
