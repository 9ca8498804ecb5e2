//! What is said of kaniko, which has the layer and cannot unpack it.

use super::super::backend::{Draft, Refusal};
use crate::finding::{Confidence, Fix, Severity};

/// `extracting fs from image: removing whiteout .wh.dev: unlinkat //dev/pts/ptmx: …`
pub(super) fn draft(refusal: &Refusal) -> Draft {
    Draft {
        severity: Severity::Error,
        confidence: Confidence::Proven,
        title: "the build fails because a cached layer cannot be unpacked".to_owned(),
        cause: cause(refusal).to_owned(),
        fix: fix(),
        rules_out: Vec::new(),
    }
}

fn cause(refusal: &Refusal) -> &'static str {
    if refusal.text.contains("removing whiteout ") {
        return "kaniko found the step's layer in its cache and could not unpack it: the layer \
            deletes a path that is mounted into kaniko's container. kaniko does not run the step \
            instead.";
    }
    "kaniko found the step's layer in its cache and could not unpack it over the files of the \
        steps before. It does not run the step instead, so each build that finds the layer fails."
}

fn fix() -> Fix {
    let steps = [
        "Use the newest kaniko: old ones stored layers that they could not unpack themselves \
            (GoogleContainerTools/kaniko issues 742, 763 and 1626).",
        "Store the layers again: give `--cache-repo` a different name, or delete the tags of the \
            old one. The same key finds the same layer again.",
        "Until then, a build with `--cache=false` runs the step.",
    ];
    Fix {
        summary: "use the newest kaniko, and give `--cache-repo` a different name, so that the \
            layers are stored again"
            .to_owned(),
        steps: steps.map(str::to_owned).to_vec(),
        ..Fix::default()
    }
}
