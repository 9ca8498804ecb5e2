//! What the formats for people say in the same words.
//!
//! Everything that comes from a log is escaped here.

use crate::model::{Build, Dialect};
use crate::render::escape;
use crate::render::units::{count, duration, share};
use crate::trend::{self, Branch, Change, Member, RememberedJob, Reported, StepTrend, Trend};
use crate::triage::Figures;

/// `run 4711 (2026-03-04)`; where nobody told the run its time is its name.
pub(super) fn run(member: &Member) -> String {
    let Some(earlier) = &member.run.earlier else { return name(member) };
    let time = member.run.started.unwrap_or(earlier.recorded).format("%Y-%m-%d").to_string();
    let name = name(member);
    if name.starts_with(&time) { name } else { format!("{name} ({time})") }
}

fn name(member: &Member) -> String {
    escape::line(member.run.earlier.as_ref().map_or(&member.run.label, |earlier| &earlier.name))
}

/// `broke at run 12 (2026-03-04)`
pub(super) fn when(trend: &Trend, change: &Change) -> String {
    let first = trend.members.get(change.between.1).map(run).unwrap_or_default();
    format!("{} {first}", verb(change))
}

/// `broke at run 12`
pub(super) fn when_in_short(trend: &Trend, change: &Change) -> String {
    let first = trend.members.get(change.between.1).map(name).unwrap_or_default();
    format!("{} {first}", verb(change))
}

fn verb(change: &Change) -> &'static str {
    if change.better { "better since" } else { "broke at" }
}

/// What became of the steps of a change.
pub(super) fn steps(trend: &Trend, change: &Change) -> String {
    let all = trend.steps.iter().filter(|step| step.total > 0).count();
    let number = format!("{} of {}", change.steps.len(), count(all, "step"));
    if change.better {
        format!("{number} mostly from the cache since, executed before")
    } else {
        format!("{number} used to hit and have been rebuilt since")
    }
}

/// Steps that take turns: that is a pattern of its own.
pub(super) fn turns(trend: &Trend) -> Option<String> {
    let number = trend.steps.iter().filter(|step| step.in_turns).count();
    (number > 0).then(|| {
        format!("alternates: {} from the cache in one run, not in the next", count(number, "step"))
    })
}

/// `12 runs, 3 of them not counted: they did not end well`
pub(super) fn runs(trend: &Trend) -> String {
    let all = trend.members.len();
    let left = all - trend.whole.runs;
    let left = if left == 0 {
        String::new()
    } else {
        format!(", {left} of them not counted: they did not end well")
    };
    format!("{}{left}", count(all, "run"))
}

/// The builds, for their marks.
pub(super) fn builds<'a>(trend: &'a Trend) -> impl Iterator<Item = &'a Build> {
    trend.members.iter().map(|member| member.build)
}

/// `6 runs, steps from the cache: 35 of 42 (83 %), executed steps took 2.1 s per run (median)`
pub(super) fn figures(figures: &Figures) -> String {
    let took = figures
        .seconds
        .map(|seconds| format!(", executed steps took {} per run (median)", duration(seconds)));
    let (runs, share) = (count(figures.runs, "run"), share(figures.hits, figures.total));
    format!("{runs}, steps from the cache: {share}{}", took.unwrap_or_default())
}

/// What was found, with the rule that says so.
pub(super) fn findings(findings: &[&Reported]) -> Vec<String> {
    findings
        .iter()
        .map(|f| format!("{}  {}", escape::line(&f.rule), escape::line(&f.title)))
        .collect()
}

/// Platform and stage of a step.
pub(super) fn stage(step: &StepTrend) -> String {
    let words = [step.row.platform, step.row.stage];
    let words: Vec<_> =
        words.iter().filter(|word| !word.is_empty()).map(|word| escape::line(word)).collect();
    words.join(" ")
}

/// Of few runs it is said that they are few.
pub(super) fn steady(trend: &Trend) -> &'static str {
    if trend.whole.runs < trend::FEWEST {
        "too few runs that ended well to say whether something changed"
    } else {
        "no step broke or got better for good in these runs"
    }
}

/// `12 runs · steps from the cache: 30 of 60 (50 %) · executed steps took 41 s per run (median)`
pub(super) fn summary(trend: &Trend) -> String {
    let whole = &trend.whole;
    let mut parts =
        vec![runs(trend), format!("steps from the cache: {}", share(whole.hits, whole.total))];
    parts.extend(
        whole
            .seconds
            .map(|seconds| format!("executed steps took {} per run (median)", duration(seconds))),
    );
    parts.join(" · ")
}

/// `team/app build · team/svc · branch main`
pub(super) fn title(job: &RememberedJob, branch: &Branch, trend: &Trend) -> String {
    let branch = branch.name.as_deref().map(|name| format!(" · branch {}", escape::line(name)));
    escape::line(&of_several(job, trend)) + &branch.unwrap_or_default()
}

/// One of several builds of a job, not yet escaped: builds without a name of their own have that of
/// the job.
pub(super) fn of_several(job: &RememberedJob, trend: &Trend) -> String {
    // `web (folder)`, `web #2`: series are told apart so.
    let own = |rest: &&str| rest.is_empty() || rest.starts_with(' ');
    match trend.key.strip_prefix(&job.name).filter(own) {
        Some(rest) => format!("{}{rest}", job.title),
        None => format!("{} · {}", job.title, trend.key),
    }
}

/// Points at the first run after each change.
pub(super) fn pointer(trend: &Trend, marks: usize) -> Option<String> {
    let is_first = |at: usize| trend.changes.iter().any(|change| change.between.1 == at);
    let hidden = trend.members.len().saturating_sub(marks);
    let points: String =
        (hidden..trend.members.len()).map(|at| if is_first(at) { '^' } else { ' ' }).collect();
    (!points.trim().is_empty()).then(|| points.trim_end().to_owned())
}

/// `took over at run 4 (2026-03-04) from team/app, built by kaniko before and by BuildKit since: …`
pub(super) fn follows(trend: &Trend) -> Option<String> {
    let (followed, first) = (trend.follows.as_ref()?, trend.members.first()?);
    let (was, is) = (builder(followed.dialect), builder(first.build.dialect));
    let by = if was == is {
        String::new()
    } else {
        format!(", built by {was} before and by {is} since")
    };
    let key = if followed.key == trend.key {
        "another build".to_owned()
    } else {
        escape::line(&followed.key)
    };
    let figures = figures(&followed.whole);
    Some(format!("took over at {} from {key}{by}; before: {figures}", run(first)))
}

/// `took over at run 4`
pub(super) fn follows_in_short(trend: &Trend) -> Option<String> {
    trend.follows.as_ref()?;
    Some(format!("took over at {}", trend.members.first().map(name)?))
}

fn builder(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::BuildkitPlain | Dialect::BuildkitRawjson | Dialect::BuildkitTty => "BuildKit",
        Dialect::Classic => "the classic builder",
        Dialect::Kaniko => "kaniko",
        Dialect::Buildah => "buildah",
    }
}
