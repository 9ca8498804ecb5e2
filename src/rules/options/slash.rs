//! A name of a branch in the tag of a reference.
//!
//! A tag takes letters, digits, `_`, `.` and `-`
//! (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>); a
//! branch may be called `feature/x`, and a pull request's run `12/merge`.

use super::{Kind, Mistake};
use crate::config::{Form, pieces};
use crate::model::{CacheKind, CacheSpec};
use crate::rules::branch_value::{is_branch_name, results};
use crate::rules::remedy::reference;

/// The mistake, in a place where such names may have slashes.
pub(in crate::rules) fn slash(spec: &CacheSpec, expanded: &str) -> Option<Mistake> {
    if spec.kind() != CacheKind::Registry {
        return None;
    }
    let named = spec.get("ref")?;
    let tag = reference::tag(expanded).or_else(|| reference::tag(named))?;
    let branch =
        pieces(tag).find(|piece| piece.form.is_some_and(|form| is_branch(piece.text, form)))?;
    Some(Mistake {
        token: branch.text.to_owned(),
        nearest: None,
        kind: Kind::Slash,
        valid: Vec::new(),
    })
}

fn is_branch(text: &str, form: Form) -> bool {
    match form {
        // One that replaces characters has been thought of: `${BRANCH//\//-}`, `${BRANCH/\//-}`,
        // and `${env.BRANCH_NAME.replace('/', '-')}` of Jenkins.
        Form::Variable(name, _) => {
            let replaces = text.contains(&format!("{name}/")) || text.contains(".replace");
            is_branch_name(name) && !replaces
        }
        Form::Expression(inside) => results(inside).any(is_branch_name),
        Form::Command => {
            let asks = ["git rev-parse --abbrev-ref", "git branch --show-current"]
                .iter()
                .any(|git| text.contains(git));
            asks && !text.contains('|')
        }
        Form::Percent => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_branch_in_a_tag_is_one() {
        let found = |raw: &str| {
            let spec = CacheSpec::parse(raw);
            let name = spec.get("ref").unwrap_or_default().to_owned();
            slash(&spec, &name).map(|mistake| mistake.token)
        };
        assert_eq!(
            found("type=registry,ref=r.example/a:c-$BITBUCKET_BRANCH").as_deref(),
            Some("$BITBUCKET_BRANCH")
        );
        assert_eq!(
            found("type=registry,ref=r/a:${{ github.ref_name }}").as_deref(),
            Some("${{ github.ref_name }}")
        );
        for raw in [
            "type=registry,ref=r/a:${{ github.head_ref || github.ref_name }}",
            "type=registry,ref=r/a:$(Build.SourceBranch)",
            "type=registry,ref=r/a:${env.BRANCH_NAME}",
        ] {
            assert!(found(raw).is_some(), "{raw}");
        }
        for raw in [
            "type=registry,ref=r/a:c-$CI_COMMIT_REF_SLUG",
            "type=registry,ref=r/$BITBUCKET_BRANCH:c",
            "type=gha,scope=${{ github.ref_name }}",
            "type=registry,ref=r/a:${BRANCH_NAME//\\//-}",
            "type=registry,ref=r/a:${TRAVIS_BRANCH/\\//-}",
            "type=registry,ref=r/a:${TRAVIS_BRANCH///-}",
            "type=registry,ref=r/a:${env.BRANCH_NAME.replaceAll('/', '-')}",
            "type=registry,ref=r/a:${{ github.ref_name == 'main' && 'main' || 'other' }}",
            "type=registry,ref=r/a:c",
        ] {
            assert_eq!(found(raw), None, "{raw}");
        }
    }
}
