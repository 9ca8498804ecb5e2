//! What looks like a tag that moved, and may be something else: a FROM whose variable has another
//! value, machines that hold different copies of an image, an image that the same log builds.

use super::{Drift, times};
use crate::finding::{Confidence, Finding, Fix, Severity, not_ruled_out, ruled_out, to_decide};
use crate::model::{Base, Build, Dialect, ImageRef, Run};
use crate::rules::instruction::brief;
use crate::rules::past::Past;

/// The images are other ones for a reason that the log shows: it builds them itself, or the
/// default of an ARG above the first FROM was edited.
pub(super) fn is_explained(now: (&Run, &Build), before: (&Run, &Build), base: &Base) -> bool {
    let built = |(run, build)| is_built_before(run, build, base);
    built(now) || built(before) || base.is_unnamed() && defaults(now.1) != defaults(before.1)
}

fn is_built_before(run: &Run, build: &Build, base: &Base) -> bool {
    let name = ImageRef::parse(&base.image);
    let before = run.builds.iter().take_while(|other| !std::ptr::eq(*other, build));
    let mut images = before.into_iter().flat_map(|other| &other.images);
    images.any(|image| ImageRef::parse(image).has_tag_of(&name))
}

/// ARG instructions above the first FROM.
fn defaults(build: &Build) -> Vec<&str> {
    let first = build.bases.first().map_or(0, |base| base.quote.line);
    let above = build.steps.iter().take_while(|step| step.header.line < first);
    above.map(|step| step.text.as_str()).collect()
}

/// The finding, in the words that are left where the log does not show that the tag moved.
pub(super) fn told(past: &Past, drifts: &[&Drift], name: &str, found: Finding) -> Finding {
    let Some(last) = drifts.last() else { return found };
    if last.now.is_unnamed() {
        return of_a_variable(past, drifts, last, found);
    }
    let classic = past.builds.get(last.at).is_some_and(|b| b.dialect == Dialect::Classic);
    if classic && come_back(drifts) { of_copies(name, last, found) } else { found }
}

/// An image that was there before the one that took its place is there again. The classic builder
/// prints the id of the copy that the machine has.
fn come_back(drifts: &[&Drift]) -> bool {
    let back = |(at, drift): (usize, &&Drift)| {
        let id = drift.now.id.as_ref().filter(|_| drift.now.digest.is_none());
        let mut earlier = drifts.iter().take(at).map(|earlier| earlier.before.1.id.as_ref());
        id.is_some() && earlier.any(|known| known == id)
    };
    drifts.iter().enumerate().any(back)
}

fn of_a_variable(past: &Past, drifts: &[&Drift], last: &Drift, found: Finding) -> Finding {
    let mut runs: Vec<usize> = drifts.iter().map(|drift| drift.at).collect();
    runs.dedup();
    let from = &last.now.image;
    let below = invalidated(last);
    Finding {
        severity: Severity::Note,
        confidence: Confidence::Suspected,
        title: format!(
            "FROM {from} stands on another image {}",
            times(runs.len(), runs.len(), past.len())
        ),
        cause: format!(
            "The image below FROM {from} is another one than in the run before.{below} The log does \
                not show what the variable holds: another image, or a tag that moved."
        ),
        fix: Fix {
            summary: format!("keep the image of FROM {from} the same until its content changes"),
            steps: vec![
                "If the build argument names a new tag in each run: tag the base image by what it \
                    is made of (a hash of its Dockerfile and lock files), not by run or commit."
                    .to_owned(),
                "If it names the same tag in all of them: name the digest in the argument, and let \
                    Renovate or Dependabot move it."
                    .to_owned(),
            ],
            ..Fix::default()
        },
        rules_out: vec![
            ruled_out("changed sources (not needed to explain it)"),
            not_ruled_out("a build argument with another value, or a tag that moved"),
            to_decide("look at the `--build-arg` of the builds"),
        ],
        ..found
    }
}

fn invalidated(last: &Drift) -> String {
    let step = last.rebuilt.first();
    step.map_or_else(String::new, |step| {
        format!(" That invalidates `{}` and the steps below it.", brief(&step.text))
    })
}

fn of_copies(name: &str, last: &Drift, found: Finding) -> Finding {
    let below = invalidated(last);
    Finding {
        confidence: Confidence::Likely,
        title: format!("the runs stand on different copies of the base image {name} in turns"),
        cause: format!(
            "FROM {name} is another image than in the run before, and one of an earlier run comes \
                back. A tag does not move back and forth: the machines hold different copies of \
                it (without `--pull` the builder takes the one that is there), or build for \
                different platforms.{below}"
        ),
        fix: Fix {
            summary: format!("pin {name} to a digest, or build with `--pull`"),
            steps: vec![
                format!(
                    "Name the digest in FROM (docker image inspect --format '{{{{index \
                        .RepoDigests 0}}}}' {name}), and let Renovate or Dependabot move it."
                ),
                "Or add `--pull` to `docker build`: each machine then asks the registry for the \
                    newest image, and all have the same."
                    .to_owned(),
            ],
            ..Fix::default()
        },
        rules_out: vec![
            ruled_out("changed sources or arguments (not needed to explain it)"),
            not_ruled_out("a tag that was moved back"),
            to_decide(format!("compare what `docker image inspect {name}` prints on the machines")),
        ],
        ..found
    }
}
