//! What will go wrong: the newest run, or the configuration, takes the inline cache from an image
//! that the engine has already.

use super::META;
use crate::finding::{
    Confidence, Finding, Fix, Impact, Proof, Severity, not_ruled_out, ruled_out, to_decide,
};
use crate::model::{CacheKind, CacheSpec, Outcome};
use crate::rules::Study;
use crate::rules::own_image::{OwnImage, Way};
use crate::rules::past::{Past, graphdriver, verdict};
use crate::rules::planned::{self, Lost, Words};
use crate::rules::remedy::{self, At, Site, patch};
use crate::series::chain;

/// The newest run takes steps from such an image, and writes the inline cache of the next one.
pub(super) fn newest(past: &Past) -> Option<Finding> {
    let (run, build) = past.last()?;
    let inline = build.inline.as_ref()?;
    if !graphdriver(build) || !build.succeeded() {
        return None;
    }
    let own = OwnImage::of(run, build, &past.imports(past.len().checked_sub(1)?))?;
    // What several stages lack has a finding of its own.
    let several = build.decided().any(|step| Some(&*step.stage) != chain::final_stage(build));
    if own.came.is_none() || several {
        return None;
    }
    let hit = build.decided().find(|step| step.outcome == Outcome::Hit)?;
    let site = Site::of(past.study, run, build);
    let this = if past.len() > 1 { run.label.as_str() } else { "this run" };
    let came = own.came.map(|came| Study::quote(run, &came.quote, "the image is on the machine"));
    let lines = [
        Study::quote(run, &own.import.header, "and the cache is read from it"),
        verdict(run, hit, "came from the cache"),
        Study::quote(run, inline, "wrote an inline cache, incomplete"),
    ];
    Some(Finding {
        rule: META.id,
        severity: Severity::Warning,
        confidence: Confidence::Suspected,
        title: format!(
            "{this} damaged the inline cache: the next one that changes something will run cold"
        ),
        cause: format!(
            "{} {} took {} of {} steps from it, and the inline cache that it wrote lacks \
                them: the next run in which something changes rebuilds every step.",
            own.bug(),
            run.label,
            build.hits(),
            build.total()
        ),
        evidence: Proof::from_lines(came.into_iter().chain(lines).collect())?,
        fix: own.avoided(remedy::engine_upgrade(&site)),
        impact: Impact::default(),
        rules_out: vec![
            ruled_out("the containerd image store (dockerd's own wrote the image)"),
            not_ruled_out("a machine that keeps its builder, which then has these steps itself"),
            to_decide("give the log of the next run in which something changed"),
        ],
        subject: site.imports.first().cloned().unwrap_or(site.image),
    })
}

/// The configuration: an inline cache that the engine will lose.
pub(super) fn written(study: &Study, at: At) -> Option<Finding> {
    let command = &at.place.command;
    let only_inline = command.cache_to.iter().all(|spec| spec.kind() == CacheKind::Inline);
    if !command.inline() || !only_inline {
        return None;
    }
    let lost = |name| Lost::of(study, at, name).map(|lost| (name, lost));
    let (name, lost) = command.cache_from.iter().filter_map(image).find_map(lost)?;
    // What several stages lack has a finding of its own.
    if planned::inner(study, at).is_some() {
        return None;
    }
    let upgrade = remedy::engine_upgrade(&Site::written(at));
    let (lines, words) = match lost {
        Lost::Pulled(lines) => (lines, pulled(at, name, upgrade)),
        Lost::Engine(version, lines) => (lines, old_engine(version, name, upgrade)),
    };
    let asked = at.evidence("reads and writes an inline cache");
    planned::finding(&META, Severity::Warning, lines.into_iter().chain(asked).collect(), words)
}

fn pulled(at: At, name: &str, upgrade: Fix) -> Words {
    Words {
        title: format!("{name} is pulled before the build, which damages its inline cache"),
        cause: format!("{} {AFTERWARDS}", Way::Pulled.bug()),
        fix: unpulled(at, name, Way::Pulled.avoided(name, upgrade)),
        rules_out: vec![
            not_ruled_out(
                "the containerd image store, the default of Docker Engine 29, which keeps the cache",
            ),
            to_decide(
                "run `docker info` in the job: the storage driver `overlay2` has the bug, \
                    `overlayfs` has not",
            ),
        ],
        subject: name.to_owned(),
    }
}

fn old_engine(version: u32, name: &str, upgrade: Fix) -> Words {
    Words {
        title: format!("Docker Engine {version} loses the inline cache of {name}"),
        cause: format!(
            "Docker Engine 20.10 to 26.1 does not store again what it takes from an inline cache. \
                {AFTERWARDS}"
        ),
        fix: upgrade,
        rules_out: vec![not_ruled_out("the containerd image store, where the engine is set to it")],
        subject: name.to_owned(),
    }
}

const AFTERWARDS: &str = "After a run that uses the cache, the next one in which something changes \
    rebuilds every step.";

/// Without the pull.
fn unpulled(at: At, name: &str, fix: Fix) -> Fix {
    let Some(change) = remedy::unpulled(at, name) else { return fix };
    let bare = Fix { edits: Vec::new(), snippet: None, cost: String::new(), ..fix.clone() };
    let unpulled = patch::with_change(bare, at, change);
    if unpulled.edits.is_empty() { fix } else { unpulled }
}

fn image(spec: &CacheSpec) -> Option<&str> {
    if spec.kind() == CacheKind::Registry { spec.get("ref") } else { None }
}
