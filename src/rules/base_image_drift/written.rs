//! The configuration: each build asks the registry for a tag that moves whenever its owner likes.

use super::META;
use crate::config::{Config, Stage};
use crate::finding::{Finding, Fix, Severity, not_ruled_out};
use crate::rules::Study;
use crate::rules::dockerfile_at::line;
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{At, reference};

/// One note for each Dockerfile that is built with `--pull`.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for at in planned::places(study).filter(|at| at.place.command.pull) {
        let finding = planned::dockerfile(study, at).and_then(|file| finding(at, file));
        found.extend(finding.filter(|new| !found.iter().any(|known| known.subject == new.subject)));
    }
    found
}

fn finding(at: At, file: &Config) -> Option<Finding> {
    let floating = |stage: &&Stage| is_floating(stage, &file.content.stages);
    let stage = file.content.stages.iter().find(floating)?;
    let words = Words {
        title: format!(
            "the build pulls {} every time, a tag that moves with every release",
            stage.base
        ),
        cause: "With `--pull` the builder asks the registry for the newest image of the tag even \
            if it has one. Once the tag has moved, every step of the stage runs again, and no \
            cache can prevent it."
            .to_owned(),
        fix: Fix {
            summary: format!(
                "pin a version of {} by its digest",
                reference::repository(&stage.base)
            ),
            steps: vec![
                "Name a version and its digest in FROM, and let Renovate or Dependabot update \
                    them: the rebuild then comes with a commit."
                    .to_owned(),
                format!("No patch for {}: which version to pin is your decision.", file.path),
            ],
            ..Fix::default()
        },
        rules_out: vec![not_ruled_out(
            "intended updates: if `--pull` is there to get newer base images, nothing is wrong",
        )],
        subject: format!("{}:{}", file.path, stage.base),
    };
    let asked = at.evidence_of("pull", "asks for the newest image");
    let lines = line(file, stage.line, "a tag that moves").into_iter().chain(asked);
    planned::finding(&META, Severity::Note, lines.collect(), words)
}

/// An image without a version: no tag, `latest`.
fn is_floating(stage: &Stage, all: &[Stage]) -> bool {
    let base = stage.base.as_str();
    let image = base != "scratch"
        && !base.contains(['$', '@'])
        && !all.iter().any(|other| other.name == base);
    image && reference::tag(base).is_none_or(|tag| tag == "latest")
}
