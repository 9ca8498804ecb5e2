//! A final stage that begins with a copy out of a rebuilt stage: no step of it can come from the
//! cache in a run that changed something, so such a run takes nothing from the cache at all.
//!
//! Runs that find nothing have other causes too, so more is asked for than of a run whose final
//! stage was found: a stored cache, and several such runs, or one that was answered as a whole.

use super::Rebuilt;
use crate::finding::{
    Alternative, Confidence, Evidence, Severity, not_ruled_out, ruled_out, to_decide,
};
use crate::model::{Build, Outcome, Step};
use crate::rules::past::{Past, end, graphdriver, header, verdict};
use crate::series::chain::{self, Stage};

/// What speaks for a store that lacks the inner stages, where no step of the final stage was found.
pub(super) struct StoreSigns<'a> {
    /// A run that came from the cache as a whole: the store is read, and complete as far as it
    /// goes.
    whole: Option<(usize, &'a Step)>,
    /// Several runs say the same.
    again: bool,
    /// Another build reads the same reference, and may write it.
    shared: bool,
    /// The store is known to hold the final stage only.
    certain: bool,
    /// What looks the same where no run came from the cache as a whole.
    look_alikes: Vec<Alternative>,
}

impl<'a> StoreSigns<'a> {
    pub(super) fn of(past: &Past<'a>, seen: &[Rebuilt], certain: bool) -> Self {
        let whole = (0..past.len()).find_map(|i| Some((i, whole(past, i)?)));
        let look_alikes = if whole.is_none() { look_alikes(past, seen) } else { Vec::new() };
        Self { whole, again: seen.len() > 1, shared: past.shares_reference(), certain, look_alikes }
    }

    /// A pattern of runs, not one of them.
    pub(super) fn is_pattern(&self) -> bool {
        !self.shared && (self.again || self.whole.is_some())
    }

    pub(super) fn confidence(&self) -> Confidence {
        if self.certain && self.is_pattern() { Confidence::Likely } else { Confidence::Suspected }
    }

    /// A store that is not known is blamed above a note only where runs in between show that it is
    /// read.
    pub(super) fn severity(&self, usual: Severity) -> Severity {
        let shown = self.certain || (self.again && self.whole.is_some());
        if shown && self.is_pattern() { usual } else { Severity::Note }
    }

    pub(super) fn rules_out(&self) -> Vec<Alternative> {
        let mut said = self.look_alikes.clone();
        if self.whole.is_some() {
            said.push(ruled_out(
                "a cache that is never read, or not written (a run in between came from it as a \
                    whole)",
            ));
        }
        said.push(if self.shared {
            not_ruled_out(
                "another build that replaces the cache (one in these logs reads the same \
                reference; it may write it too)",
            )
        } else {
            ruled_out("another build that replaces the cache between the runs (none in these logs)")
        });
        if !self.certain {
            said.extend([
                not_ruled_out("an export with mode=max (the mode is not printed)"),
                to_decide("give the command line or the configuration of the export"),
            ]);
        }
        said
    }

    /// The run that was answered as a whole.
    pub(super) fn evidence(&self, past: &Past) -> Option<Evidence> {
        let (i, step) = self.whole?;
        Some(verdict(past.get(i)?.0, step, "came from the cache, as all steps of this run did"))
    }
}

fn look_alikes(past: &Past, seen: &[Rebuilt]) -> Vec<Alternative> {
    let by_dockerd =
        |r: &Rebuilt| past.builds.get(r.at).is_some_and(|b| b.inline.is_some() && graphdriver(b));
    let unseen = past.all_commands().next().is_none();
    let mut said = Vec::new();
    if unseen {
        said.extend([not_ruled_out("`--no-cache`"), to_decide("look at the command line")]);
    }
    if seen.iter().any(by_dockerd) {
        said.extend([
            not_ruled_out(
                "an engine that writes no records into its inline cache (27.0.1 to 27.1.2)",
            ),
            to_decide("run `docker version` on the build host"),
        ]);
    }
    said
}

/// The run took nothing from a cache that an earlier one had stored, and its final stage begins
/// with a copy out of one of the stages that ran.
pub(super) fn is_blind(past: &Past, i: usize, last: &str, ran: &[Stage]) -> bool {
    let Some((_, build)) = past.get(i) else { return false };
    copies(build, last, ran)
        && build.succeeded()
        && only_image(build, last)
        && stored_before(past, i)
}

/// The final stage begins with a copy out of one of these stages.
pub(super) fn copies(build: &Build, last: &str, ran: &[Stage]) -> bool {
    first_of(build, last)
        .is_some_and(|first| ran.iter().any(|s| chain::reads(build, first, s.name)))
}

/// What was found at most is a stage that the image is built `FROM`: its layers are in the image.
/// The final stage then has no base image of its own, and nothing is copied out of the stage.
fn only_image(build: &Build, last: &str) -> bool {
    let own_base = build.bases.iter().any(|base| base.stage == last);
    let copied =
        |stage: &str| build.steps.iter().any(|s| s.stage != stage && chain::reads(build, s, stage));
    build
        .decided()
        .filter(|s| s.outcome == Outcome::Hit)
        .all(|s| !own_base && s.stage != last && !copied(&s.stage))
}

/// The step that the final stage begins with.
fn first_of<'a>(build: &'a Build, last: &str) -> Option<&'a Step> {
    build.decided().filter(|s| s.stage == last).min_by_key(|s| s.position)
}

/// What a run shows that took nothing from the cache.
pub(super) fn lines(past: &Past, one: &Rebuilt) -> Vec<Evidence> {
    let Some((run, build)) = past.get(one.at) else { return Vec::new() };
    let import = past.imports(one.at).into_iter().find(|t| t.ok());
    let copy = first_of(build, one.last);
    let copied = copy.map(|step| {
        header(
            run,
            step,
            "the final stage begins with a copy out of it: nothing of it can be found",
        )
    });
    let mut lines: Vec<Evidence> =
        import.map(|t| end(run, t, "the cache was imported without error")).into_iter().collect();
    lines.extend(copied);
    lines
}

fn stored_before(past: &Past, i: usize) -> bool {
    let wrote = |j: usize| {
        let build = past.builds.get(j).filter(|b| b.succeeded());
        past.exported(j) || build.is_some_and(|b| b.inline.is_some())
    };
    (0..i).any(wrote)
}

fn whole<'a>(past: &Past<'a>, i: usize) -> Option<&'a Step> {
    let (hits, total) = past.counts(i)?;
    if hits != total || total < 2 || !past.imported(i) {
        return None;
    }
    let (_, build) = past.get(i)?;
    chain::inner_stages(build).into_iter().find_map(|stage| stage.steps.first().copied())
}

#[cfg(test)]
mod tests {
    use super::super::{is_blind as blind, rebuilt};
    use super::*;
    use crate::model::CacheKind;
    use crate::rules::testing::{Made, made, of};

    fn stored(made: Made) -> Made {
        made.import("r.example.com/a:c", None).export(CacheKind::Registry, None)
    }

    /// How many runs show it, none of which found the final stage.
    fn seen(builds: Vec<Made>) -> usize {
        let study = of(builds.into_iter().map(stored).collect());
        Past::all(&study)
            .map(|past| rebuilt(&past))
            .filter(|seen| blind(seen))
            .map(|seen| seen.len())
            .sum()
    }

    fn stage(made: Made) -> Made {
        made.stage("build")
            .from("golang:1", "aa")
            .miss("WORKDIR /src")
            .miss("COPY . .")
            .stage("stage-1")
            .from("alpine:3", "bb")
    }

    #[test]
    fn a_copy_out_of_what_ran_hides_the_final_stage() {
        let copy = || stage(made()).miss("COPY --from=build /a /a").miss("RUN chmod +x /a");
        assert_eq!(seen(vec![copy(), copy(), copy()]), 2);
    }

    #[test]
    fn another_first_step_could_have_been_found() {
        let files = || stage(made()).miss("COPY nginx.conf /etc/").miss("COPY --from=build /a /a");
        assert_eq!(seen(vec![files(), files()]), 0);
        let image = || {
            stage(made()).miss("COPY --from=busybox /bin/sh /sh").miss("COPY --from=build /a /a")
        };
        assert_eq!(seen(vec![image(), image()]), 0);
    }

    #[test]
    fn what_the_image_is_built_from_may_be_found() {
        let base =
            |base: Made| base.stage("deps").miss("WORKDIR /app").miss("COPY . .").stage("stage-2");
        let warm = || base(made().stage("base").from("node:22", "aa").hit("RUN corepack enable"));
        assert_eq!(
            seen(vec![
                warm().miss("COPY --from=deps /a /a"),
                warm().miss("COPY --from=deps /a /a")
            ]),
            1
        );
        let other = || warm().from("alpine:3", "bb").miss("COPY --from=deps /a /a");
        assert_eq!(seen(vec![other(), other()]), 0);
    }

    #[test]
    fn a_failed_build_has_no_final_stage() {
        let failed =
            || stage(made()).miss("COPY --from=build /a /a").error("ERROR: failed to solve: x");
        assert_eq!(seen(vec![failed(), failed()]), 0);
    }
}
