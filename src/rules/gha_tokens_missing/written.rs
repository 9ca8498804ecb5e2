//! The configuration: a script asks for a GitHub cache, and nothing gives it the runner's token.

use super::{META, fix};
use crate::config::Place;
use crate::finding::{Evidence, Finding, not_ruled_out, to_decide};
use crate::model::{CacheKind, CacheSpec, Tool};
use crate::rules::Study;
use crate::rules::planned::{self, Words, bake};
use crate::rules::remedy::{At, patch};

/// The finding of a build, or of a call of bake.
pub(super) fn finding(study: &Study, at: At) -> Option<Finding> {
    if !is_without(at) {
        return None;
    }
    let lines = lines(study, at)?;
    // Of many builds few ask for it: the file is searched for these alone.
    if is_handed_on(at) {
        return None;
    }
    let words = Words {
        title: "type=gha is asked for in a script that has no token: buildx drops it silently"
            .to_owned(),
        cause: "GitHub gives the token and the address of its cache service to actions, not to \
            `run:` steps and not to other CI systems. Where they are not in the environment, \
            buildx leaves a GitHub cache out, and the build goes on without one."
            .to_owned(),
        fix: patch::refused(
            fix(&at.place.command),
            at,
            "adding an action from outside your repository is your decision",
        ),
        rules_out: vec![
            not_ruled_out("a runner that is set up to pass the token on"),
            to_decide(
                "give \
            a log: it would show the import",
            ),
        ],
        subject: format!("{}:type=gha", at.config.path),
    };
    planned::finding(&META, META.severity, lines, words)
}

/// Nothing gives the builder the token that a GitHub cache needs.
pub(in crate::rules) fn lacks_token(at: At) -> bool {
    is_without(at) && !is_handed_on(at)
}

fn is_without(at: At) -> bool {
    let Some(ci) = at.ci() else { return false };
    // The runners of Gitea and Forgejo put the token into the environment of every step.
    let github = at.forge().is_none_or(|forge| forge == ".github");
    let script = || ci != "github-actions" && is_script(at.place);
    github && (at.place.machine.gha_token == Some(false) || script())
}

fn is_handed_on(at: At) -> bool {
    let handed = ["ACTIONS_RUNTIME_TOKEN", "ACTIONS_CACHE_URL"];
    at.texts().any(|text| handed.iter().any(|name| text.contains(name)))
}

fn is_script(place: &Place) -> bool {
    matches!(
        place.command.tool,
        Tool::BuildxBuild | Tool::BuildxBake | Tool::DockerBuild | Tool::Compose
    )
}

/// The build, and what asks for the GitHub cache; `None` where nothing does.
fn lines(study: &Study, at: At) -> Option<Vec<Evidence>> {
    let asked = match asks(at.place) {
        Some(spec) => at.evidence_of(&spec.raw, "the GitHub cache is asked for"),
        None => Some(of_bake(study, at)?),
    };
    let place = at.evidence("runs in a script, which has no token");
    let lines = place.into_iter().chain(asked).chain(at.call("runs the script"));
    let mut lines: Vec<Evidence> = lines.collect();
    lines.dedup_by(|a, b| a.line == b.line && a.source == b.source);
    Some(lines)
}

fn asks(place: &Place) -> Option<&CacheSpec> {
    let given = |spec: &&CacheSpec| spec.kind() == CacheKind::Gha && spec.get("token").is_none();
    place.command.cache_from.iter().chain(&place.command.cache_to).find(given)
}

/// A target that the call builds asks for it.
fn of_bake(study: &Study, at: At) -> Option<Evidence> {
    if at.place.command.tool != Tool::BuildxBake {
        return None;
    }
    let (file, built) = bake::built(study, at)?;
    let places = built.all.iter().filter_map(|at| Some((*at, file.content.places.get(*at)?)));
    let (index, target) =
        places.filter(|(_, place)| asks(place).is_some()).min_by_key(|at| at.0)?;
    At { config: file, index, place: target }
        .evidence_of("type=gha", "the GitHub cache is asked for")
}
