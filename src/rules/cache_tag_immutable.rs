//! A cache tag that the registry does not let move.

use super::backend::{self, Cause, Draft, Refusal};
use super::manifest_refused::{Immutable, immutable};
use super::remedy::{ATTRIBUTES, reference};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity, ruled_out};
use crate::model::Dialect;

pub(super) struct CacheTagImmutable;

static META: RuleMeta = RuleMeta {
    id: "cache-tag-immutable",
    title: "the cache tag cannot be overwritten",
    group: "The cache backend refuses",
    severity: Severity::Error,
    what: "The first run stores its cache under a tag, every later run is refused when it writes \
        the manifest of the same tag.",
    why: "A registry can forbid overwriting a tag. A cache has to be overwritten in every run: \
        here it stays what the first run stored, and with each change the build fails or hits \
        less.",
    fix: "Exempt the cache tag from immutability, or keep the cache in a repository of its own \
        whose tags can be overwritten.",
    rules_out: "A registry that refuses the manifest's format refuses the first run as well: \
        `export-manifest-rejected`.",
    limits: "The registry does not give the reason: it follows from an earlier run that could \
        write the same tag. A single log is judged only by the registry's message.",
    example: include_str!("examples/cache-tag-immutable.txt"),
    references: &[
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
    ],
    since: "0.1.0",
};

impl Rule for CacheTagImmutable {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let mut found = backend::findings(study, &META, Cause::TagImmutable, |_, group| {
            draft(study, group.first()?)
        });
        found.extend(backend::findings(study, &META, Cause::ManifestRejected, |_, group| {
            draft(study, group.first()?)
        }));
        for finding in &mut found {
            push_first_write(study, finding);
        }
        found
    }
}

fn draft(study: &Study, refusal: &Refusal) -> Option<Draft> {
    let why = immutable(study, refusal)?;
    if refusal.build.dialect == Dialect::Kaniko {
        return Some(of_kaniko(refusal));
    }
    let place = refusal.reference().unwrap_or_else(|| "the cache tag".to_owned());
    Some(Draft {
        severity: Severity::Error,
        confidence: if matches!(why, Immutable::Said) && !unspoken(refusal) {
            Confidence::Proven
        } else {
            Confidence::Likely
        },
        title: format!("{place} cannot be overwritten: the cache stays what the first run stored"),
        cause: match why {
            Immutable::Said if unspoken(refusal) => "The registry answers the manifest with 412: \
                usually one of its rules forbids overwriting the tag (Harbor's tag immutability)."
                .to_owned(),
            Immutable::Said => "The registry says that the tag is immutable.".to_owned(),
            Immutable::WrittenBefore(..) => "An earlier run stored its cache under this tag, and \
                the registry refuses to overwrite the tag: it is immutable."
                .to_owned(),
            Immutable::ReadNow(..) => {
                "This run read a cache of the same format from this tag, and the registry refuses \
                    to overwrite the tag: it is immutable."
                    .to_owned()
            }
        },
        fix: fix(&place),
        rules_out: match why {
            Immutable::Said => Vec::new(),
            _ => vec![ruled_out(
                "the manifest's format (the registry accepted the same format under this tag \
                    before)",
            )],
        },
    })
}

/// kaniko stores each layer under a tag that is its key, and builds a layer again whose tag is older
/// than `--cache-ttl` (`pkg/executor/build.go`, two weeks).
fn of_kaniko(refusal: &Refusal) -> Draft {
    let place = refusal.reference().unwrap_or_default();
    let repository = reference::repository(&place);
    let name = repository.split_once('/').map_or(repository, |(_, name)| name);
    let amazon = repository.contains(".dkr.ecr.");
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Likely,
        title: format!("{repository} does not let kaniko store a layer again"),
        cause: "kaniko keeps each layer under a tag that is its key. A layer that is older than \
            `--cache-ttl` (two weeks by default) is built again, and the tag cannot be overwritten: \
            from then on it is built again in every run. Two jobs that build the same layer at the \
            same time collide in the same way, which does no harm."
            .to_owned(),
        fix: Fix {
            summary: "make the tags of the cache's repository mutable".to_owned(),
            steps: vec![
                format!(
                    "Let the tags of {repository} be overwritten: it holds nothing but layers."
                ),
                "Where that is not allowed: give `--cache-repo` a repository of its own with \
                    mutable tags. A larger `--cache-ttl` only moves the day."
                    .to_owned(),
            ],
            snippet: amazon.then(|| {
                format!(
                    "aws ecr put-image-tag-mutability --repository-name {name} \\\n  \
                        --image-tag-mutability MUTABLE"
                )
            }),
            ..Fix::default()
        },
        rules_out: Vec::new(),
    }
}

/// `412 Precondition Failed`, and no more.
fn unspoken(refusal: &Refusal) -> bool {
    refusal.text.trim_end().ends_with("412 Precondition Failed")
}

fn fix(place: &str) -> Fix {
    let repository = reference::repository(place);
    let own =
        format!("{repository}-{}", if repository.ends_with("cache") { "mutable" } else { "cache" });
    Fix {
        summary: "keep the cache where tags can be overwritten".to_owned(),
        steps: vec![
            format!(
                "Exempt the cache tag from immutability (Amazon ECR: tag immutability with an \
                    exclusion filter for {}).",
                reference::tag(place).unwrap_or("the cache tag")
            ),
            format!(
                "Or write the cache to a repository of its own whose tags are mutable, for example \
                    {own}."
            ),
        ],
        snippet: Some(format!(
            "--cache-from type=registry,ref={own}:buildcache \\\n--cache-to \
                type=registry,ref={own}:buildcache,{ATTRIBUTES}"
        )),
        cost: "one more repository".to_owned(),
        ..Fix::default()
    }
}

/// Shows where the tag was written or read, beside the refusal.
fn push_first_write(study: &Study, finding: &mut Finding) {
    let refusals = backend::refusals(study);
    let first = refusals.iter().find(|r| {
        finding.evidence.first().line == r.quote.line
            && finding.evidence.first().source == r.run.source
    });
    match first.and_then(|refusal| immutable(study, refusal)) {
        Some(Immutable::WrittenBefore(run, quote)) => {
            finding.evidence.push(Study::quote(run, quote, "an earlier run stored a cache"));
        }
        Some(Immutable::ReadNow(run, quote)) => {
            finding.evidence.push(Study::quote(run, quote, "the tag holds a cache"));
        }
        Some(Immutable::Said) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;
    use crate::model::CacheKind;

    #[test]
    fn fires_when_the_registry_says_so() {
        let text = "error writing manifest blob: 409 Conflict: The image tag 'cache' already \
            exists and cannot be overwritten because the repository is immutable.";
        let found =
            CacheTagImmutable.check(&of(vec![made().export(CacheKind::Registry, Some(text))]));
        assert_eq!(found[0].confidence, Confidence::Proven);
    }
}
