//! One log alone: the order of its instructions is there, how often it costs something is not.

use super::{META, advice, brings_manifests_first, runs_after, stands_on_an_installation};
use crate::finding::{Confidence, Finding, Impact, Proof, Severity, not_ruled_out, to_decide};
use crate::model::{Build, Outcome, Run, Step};
use crate::rules::dockerfile_at;
use crate::rules::instruction::{brief, copies_everything, installs};
use crate::rules::past::{Past, cost, header};
use crate::rules::recurring::same_stage;

/// The only build that was given, without its Dockerfile, where it was to use its cache.
pub(in crate::rules) fn lone<'a>(past: &Past<'a>) -> Option<(&'a Run, &'a Build)> {
    let (run, build) = past.only_run()?;
    let written = dockerfile_at::of(past.study, run, build);
    (written.is_none() && !past.asked_for_no_cache(0)).then_some((run, build))
}

/// A note for the stage that copies everything before an installation which then ran. A Dockerfile
/// that was given is judged itself.
pub(super) fn finding(past: &Past) -> Option<Finding> {
    let (run, build) = lone(past)?;
    build.steps.iter().find_map(|copy| of_copy(past, (run, build), copy))
}

fn of_copy(past: &Past, (run, build): (&Run, &Build), copy: &Step) -> Option<Finding> {
    let wide = copies_everything(&copy.text) && !brings_manifests_first(build, copy);
    if !wide
        || stands_on_an_installation(build, copy)
        || copy.outcome != Outcome::Miss
        || !shows_all_before(build, copy)
    {
        return None;
    }
    let rerun: Vec<&Step> =
        same_stage(build, copy).filter(|s| s.position >= copy.position).collect();
    let after = runs_after(rerun.clone());
    let install = after.iter().copied().find(|step| installs(&step.text))?;
    let warm =
        same_stage(build, copy).any(|s| s.position < copy.position && s.outcome == Outcome::Hit);
    let (text, shown) = (&copy.text, brief(&install.text));
    let ran = if warm { "ran: something in the context changed" } else { "copies everything" };
    Some(Finding {
        rule: META.id,
        severity: Severity::Note,
        confidence: if warm { Confidence::Likely } else { Confidence::Suspected },
        title: format!("`{text}` comes before `{shown}`: every changed file reruns it"),
        cause: format!(
            "`{text}` copies the whole build context. As soon as any file in it changes, it runs \
                again, and with it `{shown}`, though {} can only need a few of them.",
            advice::needs(&install.text)
        ),
        evidence: Proof::from_lines(vec![
            header(run, copy, ran),
            header(run, install, "needs few of its files, and ran after it"),
        ])?,
        fix: advice::fix(build, copy, install, &after),
        impact: if warm { cost(rerun, 1) } else { Impact::default() },
        rules_out: vec![
            not_ruled_out("a `.dockerignore` that leaves little but the files it needs"),
            to_decide("give the Dockerfile (--config DIR), or logs of more runs"),
        ],
        subject: past.subject(&format!("{}:{text}", copy.stage)),
    })
}

/// An excerpt may begin below the COPY of the few files. Position 1 is FROM.
pub(in crate::rules) fn shows_all_before(build: &Build, copy: &Step) -> bool {
    let before = same_stage(build, copy).filter(|step| step.position < copy.position).count();
    !build.headless || before + 2 >= usize::try_from(copy.position).unwrap_or(usize::MAX)
}
