//! The engine's inline-cache bug: a partly cached run stores an inline cache without the records it
//! imported, and the next run that needs them misses everything.

mod newest;
mod written;

use super::image_names::may_be_named;
use super::lost_by::OwnImage;
use super::past::{self, Loss, Past, graphdriver, header, plural, verdict};
use super::planned;
use super::remedy::{self, Site, reference};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Impact, Proof, Severity, not_ruled_out,
    ruled_out, to_decide,
};
use crate::model::{Base, Outcome, Step};
use crate::series::chain::{self, is_other_base};

pub(super) struct InlineCacheLostEverySecondRun;

static META: RuleMeta = RuleMeta {
    id: "inline-cache-lost-every-second-run",
    title: "the engine loses its inline cache after every run that used part of it",
    group: "Hits only every second run",
    severity: Severity::Error,
    what: "With dockerd's classic image store (overlay2, not containerd's) and an inline cache, a \
        run takes some or all of its steps from the cache, and the next run that changes something \
        misses all of them, including those that no change can reach, although the import reports \
        no error, the base image has the same digest and the instructions the same text. From \
        one run, or from the configuration: the job pulls the image that its build then has as its \
        inline cache, or names an engine that loses all of them (`docker:24-dind`).",
    why: "The run that used the cache writes the inline cache of its image without the records it \
        had imported (moby/buildkit pull request 4796). The next build finds nothing in it, runs \
        cold, writes a complete cache, and so on: every second build is cold. Where the image is \
        on the machine before the build, as after `docker pull`, newer engines do the same, and \
        20.10 alone does not.",
    fix: "No `docker pull` of the image before the build, and Docker Engine 27.2 or newer (25.x \
        and 26.x never got the fix, and 27.0.1 to 27.1.2 never store a usable inline cache); or a \
        docker-container builder with a registry cache; or the containerd image store. A newer \
        client does not help.",
    rules_out: "A changed base image (its digest is compared), changed instructions, failed \
        imports, another build writing the same reference (cache-ref-shared), separate builders \
        (docker-container, remote) and the containerd image store, which do not have the bug.",
    limits: "The version of the engine is never printed by a build. One cold run after a partial \
        one is not enough for certainty, and runs in which the cache is used in full hide the \
        damage.",
    example: include_str!("examples/inline-cache-lost-every-second-run.txt"),
    references: &[
        "https://github.com/moby/buildkit/pull/4796",
        "https://github.com/moby/buildkit/issues/2274",
        "https://github.com/moby/buildkit/issues/5242",
    ],
    since: "0.1.0",
};

impl Rule for InlineCacheLostEverySecondRun {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let found = past::judge(study, found);
        planned::with_undecided(
            study,
            found,
            |past| past.len() > 1,
            |at| written::finding(study, at),
        )
    }
}

/// One period: the run that damaged the cache, and the one that found nothing in it.
struct Period<'a> {
    damaged: usize,
    lost: usize,
    losses: Vec<Loss<'a>>,
    /// Where the first of them read its cache from an image that the engine had.
    own: Option<OwnImage<'a>>,
}

impl Period<'_> {
    /// The run that damaged the cache built something itself.
    fn is_partial(&self, past: &Past) -> bool {
        past.builds.get(self.damaged).is_some_and(|build| build.hits() < build.total())
    }

    /// Nothing was built since some run that took part of its steps from the cache: each version
    /// with the bug loses those, and what nobody built was lost by chance only.
    fn is_behind_a_partial_run(&self, past: &Past) -> bool {
        let builds = past.builds.iter().take(self.damaged + 1).rev();
        let mut built = builds.skip_while(|build| build.hits() == build.total());
        built.next().is_some_and(|build| build.hits() > 0)
    }

    /// The logs print no digest of the base image.
    fn may_be_of_a_base(&self) -> bool {
        self.losses.iter().all(|loss| loss.another_base)
    }
}

fn found(past: &Past) -> Option<Finding> {
    if past.shares_reference() {
        return None;
    }
    finding(past).or_else(|| newest::finding(past))
}

fn finding(past: &Past) -> Option<Finding> {
    let mut periods: Vec<Period> = (1..past.len()).filter_map(|i| period(past, i)).collect();
    // A base image that moves may do so once before a cold run, and not before each of them only.
    let once_moved = periods.iter().filter(|period| period.may_be_of_a_base()).count() < 2;
    periods.retain(|period| !(once_moved && period.may_be_of_a_base()));
    let last = periods.last()?;
    let (run, build) = past.last()?;
    let recovers =
        periods.iter().any(|p| past.builds.get(p.lost + 1).is_some_and(|b| b.hits() > 0));
    let open = periods.iter().flat_map(|p| &p.losses).all(Loss::may_follow_a_value);
    let on_others = periods.iter().all(Period::may_be_of_a_base);
    let told = last.own.is_some() || last.is_behind_a_partial_run(past);
    let once = periods.len() == 1 && !(recovers && told);
    let own = imports_what_it_names(past, last);
    let sure = !once && !open && !on_others && own;
    let site = Site::of(past.study, run, build);
    let again = plural(periods.len(), "run", "runs");
    let over = (last.lost + 2..past.len()).filter(|&i| is_refuted(past, i)).count() >= OVER;
    Some(Finding {
        rule: META.id,
        severity: if over { Severity::Note } else { META.severity },
        confidence: if sure { Confidence::Likely } else { Confidence::Suspected },
        title: format!(
            "the engine loses its inline cache: {again} of {} ran cold after a run that used it{}",
            past.len(),
            if over { "; the later ones did not" } else { "" }
        ),
        cause: cause(past, last, open)?,
        evidence: proof(past, &periods)?
            .seen_in(past.places(periods.iter().map(|period| period.lost))),
        fix: fix(last, &site),
        impact: cost(&periods),
        rules_out: rules_out(past, last, once, open, own)?,
        subject: site.imports.first().cloned().unwrap_or(site.image),
    })
}

/// The log of the run that damaged the cache names the image that the next one imports, or none.
/// Another name may be given in a step that is not shown, or another build writes the image.
fn imports_what_it_names(past: &Past, last: &Period) -> bool {
    let Some(build) = past.builds.get(last.damaged) else { return false };
    let imports = past.imports(last.lost);
    let mut names = imports.iter().filter_map(|import| import.reference.as_deref());
    build.images.is_empty()
        || names.any(|name| build.images.iter().any(|image| reference::same(image, name)))
}

fn cause(past: &Past, last: &Period, open: bool) -> Option<String> {
    let took = if last.is_partial(past) {
        "used part of the inline cache, and the cache it wrote lacks exactly that part"
    } else {
        "took every step from the inline cache, and the cache it wrote lacks most of them"
    };
    let bug = last.own.as_ref().map_or_else(
        || {
            "A bug of Docker Engine 20.10 to 26.1 with its classic image store (overlay2) does this."
                .to_owned()
        },
        |own| own.lost_by.bug(),
    );
    Some(format!(
        "{} {took}. {} then imported it without error and found nothing, not even for {}, which no \
            change of the source can reach{}. {bug} A build in which nothing changed finds \
            everything even then, and looks healthy.",
        past.runs.get(last.damaged)?.label,
        past.runs.get(last.lost)?.label,
        quoted(last)?,
        if open { " (a build argument or ENV that the logs do not show can)" } else { "" }
    ))
}

fn fix(last: &Period, site: &Site) -> Fix {
    let upgrade = remedy::engine_upgrade(site);
    match &last.own {
        Some(image) => image.avoided(upgrade),
        None => upgrade,
    }
}

/// So many partly cached runs that the next one could build on say that the engine is mended.
const OVER: usize = 2;

/// Run `i` found what the run before had imported and not built: an engine with the bug loses just
/// that.
fn is_refuted(past: &Past, i: usize) -> bool {
    let first = |i: usize| {
        let build = past.builds.get(i).filter(|b| b.hits() > 0 && b.inline.is_some())?;
        let last = chain::final_stage(build)?;
        let ran = |s: &&Step| s.stage == last && s.outcome == Outcome::Miss;
        build.steps.iter().filter(ran).map(|step| step.position).min()
    };
    let both = i.checked_sub(1).and_then(first).zip(first(i));
    both.is_some_and(|(before, now)| now <= before) && past.imported(i)
}

/// Run `i` lost what the run that wrote its cache still had. A run that fails writes none.
fn period<'a>(past: &Past<'a>, i: usize) -> Option<Period<'a>> {
    let (_, build) = past.get(i)?;
    if !past.imported(i) || !graphdriver(build) || past.asked_for_no_cache(i) {
        return None;
    }
    let damaged = writer(past, i)?;
    let (run, before) = past.get(damaged)?;
    if before.inline.is_none()
        || !graphdriver(before)
        || before.hits() == 0
        || !past.imported(damaged)
    {
        return None;
    }
    let had = |loss: &Loss| {
        let same =
            |s: &&Step| s.is_of(&loss.step.stage, &loss.step.platform) && s.text == loss.step.text;
        before.steps.iter().find(same).is_some_and(|s| s.outcome == Outcome::Hit)
            && chain::all_missed(&loss.stage)
    };
    let mut losses = past.in_final_stage(i, past.losses_on_any_base(i));
    losses.retain(had);
    let own = OwnImage::of(run, before, &past.imports(damaged));
    (!losses.is_empty()).then_some(Period { damaged, lost: i, losses, own })
}

/// The run that wrote what run `i` imports: of several branches, the last one that made an image of
/// an imported name; else the last run, whose image may have been given that name.
fn writer(past: &Past, i: usize) -> Option<usize> {
    let read = past.imports(i);
    let names = || read.iter().filter(|t| t.ok()).filter_map(|t| t.reference.as_deref());
    let writes = |j: &usize| past.builds.get(*j).is_some_and(|build| build.errors.is_empty());
    let makes_one = |j: &usize| {
        past.get(*j).is_some_and(|(run, build)| names().any(|n| may_be_named(run, build, n)))
    };
    let nearest = || (0..i).rev().take(NEAR).filter(writes);
    nearest().find(makes_one).or_else(|| nearest().next())
}

/// Runs of other branches in between: what is looked at does not grow with the series.
const NEAR: usize = 32;

fn quoted(period: &Period) -> Option<String> {
    period.losses.first().map(|loss| format!("`{}`", loss.step.text))
}

fn proof(past: &Past, periods: &[Period]) -> Option<Proof> {
    let lines = periods.iter().rev().take(3).rev().flat_map(|p| lines(past, p).unwrap_or_default());
    Proof::from_lines(lines.collect())
}

fn lines(past: &Past, period: &Period) -> Option<Vec<Evidence>> {
    let (good, before) = past.get(period.damaged)?;
    let (bad, build) = past.get(period.lost)?;
    let loss = period.losses.first()?;
    let hit =
        before.steps.iter().find(|s| s.stage == loss.step.stage && s.text == loss.step.text)?;
    let mut lines = Vec::new();
    lines.extend(period.own.as_ref().and_then(|own| own.came).map(|came| {
        Study::quote(good, &came.quote, "the image that the cache is read from, on the machine")
    }));
    lines.push(verdict(good, hit, "came from the cache"));
    lines.extend(
        before.inline.as_ref().map(|q| Study::quote(good, q, "wrote an inline cache, incomplete")),
    );
    let import = past.imports(period.lost).into_iter().find(|t| t.ok())?;
    lines.push(Study::quote(bad, &import.header, "imported without error"));
    let (ran, base) = if loss.another_base {
        ("ran again, with the same text", "the same name as before, without a digest")
    } else {
        ("ran again, though nothing it depends on changed", "same base image as before")
    };
    lines.push(header(bad, loss.step, ran));
    let from = build.base_of(&loss.step.stage, &loss.step.platform);
    lines.extend(from.map(|from| Study::quote(bad, &from.quote, base)));
    Some(lines)
}

fn cost(periods: &[Period]) -> Impact {
    let steps = periods.iter().flat_map(|p| &p.losses).flat_map(|l| l.stage.steps.iter().copied());
    super::past::cost(steps, periods.len())
}

fn rules_out(
    past: &Past,
    last: &Period,
    once: bool,
    open: bool,
    own: bool,
) -> Option<Vec<Alternative>> {
    let loss = last.losses.first()?;
    let (before, build) = past.builds.get(last.damaged).zip(past.builds.get(last.lost))?;
    let moved = |b: &Base| before.bases.iter().any(|a| a.image == b.image && is_other_base(a, b));
    let base = build.base_of(&loss.step.stage, &loss.step.platform);
    let mut said = vec![match base.and_then(|b| b.digest.as_ref()) {
        Some(digest) => ruled_out(format!(
            "base image changed ({} before and after)",
            digest.get(..19).unwrap_or(digest)
        )),
        None if last.may_be_of_a_base() => not_ruled_out(
            "a base image that moved before each of these runs, and before no other (its digest is \
                not printed)",
        ),
        None if build.bases.is_empty() => ruled_out("base image changed (none is used)"),
        // Targets that are built together print the one that they share in one of their stages.
        None if !build.bases.iter().any(moved) => {
            ruled_out("base image changed (those that are printed are the same)")
        }
        None => not_ruled_out("a base image that moved, as one of these did"),
    }];
    if last.may_be_of_a_base() {
        said.push(to_decide("compare the base image's id (`docker image inspect`) in two of them"));
    }
    said.push(ruled_out("cache not found (the import ended without error)"));
    said.push(if own {
        ruled_out("another build that writes the same reference (none in these logs)")
    } else {
        not_ruled_out("another build that writes this image: these runs name theirs otherwise")
    });
    let since = match &last.own {
        Some(_) => "only with the image on the machine",
        None => "neither",
    };
    said.push(to_decide(format!(
        "run `docker version` on the build host (up to 26.1: this bug; 27.0.1 to 27.1.2: a \
            different inline-cache bug; 27.2 and newer: {since})"
    )));
    if open {
        said.extend([
            not_ruled_out(format!(
                "an ARG or ENV in scope of `{}` with a different value in the cold runs",
                loss.step.text
            )),
            to_decide("give the command lines, or put a WORKDIR in front of it"),
        ]);
    } else if once {
        said.extend([not_ruled_out("chance (seen only once)"), to_decide("give a few more runs")]);
    }
    Some(said)
}
