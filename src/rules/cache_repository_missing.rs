//! A cache export to a repository that does not exist, in a registry that does not make it.

use super::backend::{self, Cause, Draft, Refusal, lost};
use super::remedy::reference;
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity};
use crate::model::CacheKind;

pub(super) struct CacheRepositoryMissing;

static META: RuleMeta = RuleMeta {
    id: "cache-repository-missing",
    title: "the cache's repository does not exist",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "A cache export ends with `name unknown` (NAME_UNKNOWN), or with 404 when its first \
        upload begins; an import or export of S3 with `NoSuchBucket`, of Azure with \
        `ContainerNotFound`.",
    why: "Many registries create a repository on the first push. In Amazon ECR and Google Artifact \
        Registry the repository, in Harbor the project, has to exist before: until then no cache \
        is stored, and every import finds nothing.",
    fix: "Create the repository (the bucket, the container), or keep the cache under a tag of the \
        image's repository.",
    rules_out: "A reference that does not exist yet: imports report it, and the first export \
        creates it. Missing permissions give 401 and 403.",
    limits: "Some registries answer 403 or `denied` for a repository that does not exist: that is \
        `cache-access-denied`.",
    example: include_str!("examples/cache-repository-missing.txt"),
    references: &[
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-create.html",
        "https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes",
    ],
    since: "0.1.0",
};

impl Rule for CacheRepositoryMissing {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::RepositoryMissing, |repo, group| {
            let failed = group.iter().any(|refusal| !refusal.build.errors.is_empty());
            Some(bucket(group).unwrap_or_else(|| draft(repo, failed)))
        })
    }
}

/// S3 and Azure keep caches in a bucket or a container.
fn bucket(group: &[Refusal]) -> Option<Draft> {
    let first = group.first()?;
    let (what, key, hint) = match store(first) {
        CacheKind::S3 => {
            ("bucket", "bucket", "`region` and `endpoint_url` have to be those of the bucket")
        }
        CacheKind::Azblob => {
            ("container", "container", "`account_url` has to be that of its storage account")
        }
        _ => return None,
    };
    let name = first
        .asked(store(first))
        .and_then(|spec| spec.get(key))
        .map(|name| format!(" {name}"))
        .unwrap_or_default();
    Some(Draft {
        severity: Severity::Error,
        confidence: Confidence::Proven,
        title: format!("the cache's {what}{name} does not exist: the cache is {}", lost(group)),
        cause: format!(
            "The storage says that there is no such {what}, and the builder does not create one."
        ),
        fix: Fix {
            summary: format!("create the {what}, or correct its name"),
            steps: vec![
                format!(
                    "Create the {what}{name}, with rights for the builder to list, read and write in \
                        it."
                ),
                format!("Or correct its name in `--cache-from` and `--cache-to`: {hint}."),
            ],
            ..Fix::default()
        },
        rules_out: Vec::new(),
    })
}

/// A terminal prints the reason behind the steps, where nothing says of which cache it is: the
/// words are the store's own.
fn store(refusal: &Refusal) -> CacheKind {
    let says = |words: &str| refusal.text.contains(words);
    match refusal.kind {
        CacheKind::Unknown if says("NoSuchBucket") => CacheKind::S3,
        CacheKind::Unknown if says("ContainerNotFound") => CacheKind::Azblob,
        kind => kind,
    }
}

fn draft(repo: &str, failed: bool) -> Draft {
    let goes_on = if failed { "" } else { " The build goes on without the cache and stays green." };
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Proven,
        title: format!("the cache's repository {repo} does not exist: no cache is stored"),
        cause: format!(
            "The registry has no such repository, and created none when the cache was \
                pushed.{goes_on}"
        ),
        fix: fix(repo),
        rules_out: Vec::new(),
    }
}

fn fix(repo: &str) -> Fix {
    let host = reference::host(repo);
    let name = repo.strip_prefix(host).map_or(repo, |rest| rest.trim_start_matches('/'));
    let project = name.split('/').next().unwrap_or(name);
    let (make, snippet) = if host.contains(".dkr.ecr.") {
        let region = host.split('.').nth(3).unwrap_or("REGION");
        let create =
            format!("aws ecr create-repository --repository-name {name} --region {region}");
        ("Create the repository in Amazon ECR.".to_owned(), Some(create))
    } else {
        (
            format!(
                "Create the repository {name} in {host}; if it has projects (Harbor), create the \
                    project {project}."
            ),
            None,
        )
    };
    Fix {
        summary: "create the repository, or keep the cache next to the image".to_owned(),
        steps: vec![
            make,
            "Or write the cache to a tag of the image's repository, which is there: \
                `ref=IMAGE:buildcache` (kaniko: `--cache-repo`). Its tags must be mutable."
                .to_owned(),
        ],
        snippet,
        ..Fix::default()
    }
}
