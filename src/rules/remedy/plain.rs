//! Fixes for builders that are not `BuildKit`: they have options of their own and no builder to
//! make.

use super::{Form, Site, reference};
use crate::finding::Fix;

/// A cache in a registry for kaniko or buildah; `None` for `BuildKit`'s tools.
pub(super) fn registry(site: &Site) -> Option<Fix> {
    match site.form {
        Form::Kaniko => Some(kaniko(site)),
        Form::Buildah | Form::Podman => Some(buildah(site)),
        _ => None,
    }
}

/// The options alone, as they are pasted.
pub(super) fn options(site: &Site) -> String {
    let repo = repository(site);
    let call = match site.form {
        Form::Buildah => Some("buildah build --layers"),
        Form::Podman => Some("podman build"),
        _ => None,
    };
    if let Some(call) = call {
        return format!(
            "{call} \\\n  --cache-from {repo} --cache-to {repo} \\\n  -t {} .",
            site.image
        );
    }
    format!(
        "/kaniko/executor \\\n  --cache=true --cache-repo={repo} \\\n  --destination={}",
        site.image
    )
}

/// The repository in use, else `IMAGE/cache`, kaniko's own default.
fn repository(site: &Site) -> String {
    let known = site.imports.last().map(|name| reference::repository(name).to_owned());
    known.unwrap_or_else(|| format!("{}/cache", reference::repository(&site.image)))
}

fn kaniko(site: &Site) -> Fix {
    Fix {
        summary: format!(
            "let kaniko read and store layers: --cache=true --cache-repo={}",
            repository(site)
        ),
        steps: vec![
            "Call the executor with `--cache=true`; it looks every RUN up in the cache repository \
                and pushes what it had to execute."
                .to_owned(),
            "COPY and ADD are looked up only with `--cache-copy-layers`.".to_owned(),
            "Leave out `--no-push-cache` and `--single-snapshot`: with either of them no layer is \
                ever stored."
                .to_owned(),
        ],
        snippet: Some(options(site)),
        cost: "every layer is pushed under a tag of its own; add a retention rule to the \
            repository"
            .to_owned(),
        ..Fix::default()
    }
}

fn buildah(site: &Site) -> Fix {
    Fix {
        summary: "keep the layers, and store them in a registry where the host is thrown away"
            .to_owned(),
        steps: vec![
            "`buildah build` keeps layers only with `--layers` (or BUILDAH_LAYERS=true); `podman \
                build` does by default, but not with `--layers=false`, `--squash` or \
                `--squash-all`."
                .to_owned(),
            "Where the storage does not outlive the job: add `--cache-from` and `--cache-to` with \
                a repository (buildah 1.27, podman 4.2, or newer)."
                .to_owned(),
        ],
        snippet: Some(options(site)),
        cost: "every layer is pushed to the repository".to_owned(),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn podman_keeps_layers_unless_told_otherwise() {
        let of = |form| Site { form, image: "r/a:1".to_owned(), ..Site::default() };
        assert!(options(&of(Form::Buildah)).starts_with("buildah build --layers \\\n"));
        assert!(
            options(&of(Form::Podman)).starts_with("podman build \\\n  --cache-from r/a/cache")
        );
    }
}
