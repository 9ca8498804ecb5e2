//! A stage that stands on an image whose tag is new in each run: `FROM base:101`, `FROM base:102`.

use std::collections::BTreeSet;

use super::{META, short};
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, not_ruled_out, ruled_out};
use crate::model::{Base, ImageRef, Step};
use crate::rules::Study;
use crate::rules::build_args;
use crate::rules::past::{Past, cost, header};
use crate::rules::recurring::same_stage;
use crate::series::Because;

/// A run that has another image of the repository than the run before.
struct Renamed<'a> {
    at: usize,
    now: &'a Base,
    step: &'a Step,
}

/// Once is a new version; a tag that comes back is of two builds in turns.
pub(super) fn finding(past: &Past) -> Option<Finding> {
    let renamed: Vec<Renamed> = (1..past.len()).filter_map(|i| renamed(past, i)).collect();
    let last = renamed.last()?;
    let tags: BTreeSet<&str> = renamed.iter().map(|one| one.now.image.as_str()).collect();
    let always = renamed.len() + 1 == past.len();
    if renamed.len() < 2 || tags.len() < renamed.len() || !always {
        return None;
    }
    let runs: Vec<usize> = renamed.iter().map(|one| one.at).collect();
    let name = short(ImageRef::parse(&last.now.image).repository);
    let argument = build_args::changing(past, &runs).into_iter().find(|argument| {
        let tag = ImageRef::parse(&last.now.image).tag.unwrap_or_default();
        argument.values.last().is_some_and(|value| value.contains(tag) && !tag.is_empty())
    });
    let steps = renamed.iter().filter_map(|one| Some((past.get(one.at)?.1, one.step)));
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!("FROM names a different tag of {name} in each of {} runs", past.len()),
        cause: format!(
            "The stage is built on an image that gets a new tag in each run{}. On different \
                layers, `{}` and every step after it have different cache keys: no cache can serve \
                them.",
            match &argument {
                Some(argument) => format!(" (`{}` names it)", argument.name),
                None => String::new(),
            },
            last.step.text
        ),
        evidence: Proof::from_lines(
            renamed.iter().rev().take(3).rev().flat_map(|r| lines(past, r)).collect(),
        )?
        .seen_in(past.places(runs.iter().copied())),
        fix: fix(name),
        impact: cost(steps.flat_map(|(build, step)| same_stage(build, step)), renamed.len()),
        rules_out: vec![
            ruled_out("changed sources or arguments (not needed to explain it)"),
            not_ruled_out("a base image whose content really differs in each run"),
        ],
        subject: past.subject(name),
    })
}

fn renamed<'a>(past: &Past<'a>, i: usize) -> Option<Renamed<'a>> {
    let miss = past.misses(i).find(|miss| miss.because == Because::BaseChanged)?;
    let step = miss.step;
    let base = |k: usize| past.builds.get(k)?.base_of(&step.stage, &step.platform);
    let (before, now) = (base(past.previous(i)?)?, base(i)?);
    let (old, new) = (ImageRef::parse(&before.image), ImageRef::parse(&now.image));
    let other = old.is_of(&new) && old.tag != new.tag && !now.pinned && !before.pinned;
    let released = new.tag.is_some_and(is_version);
    (other && !released).then_some(Renamed { at: i, now, step })
}

/// `22.3-alpine`, `v1.4.2`: releases may follow each other quickly, and each is wanted.
fn is_version(tag: &str) -> bool {
    let number = tag.trim_start_matches('v');
    number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.')
}

fn lines(past: &Past, one: &Renamed) -> Vec<Evidence> {
    let Some((run, _)) = past.get(one.at) else { return Vec::new() };
    vec![
        Study::quote(run, &one.now.quote, "a tag that the run before did not have"),
        header(run, one.step, "this step and those below it ran"),
    ]
}

fn fix(name: &str) -> Fix {
    Fix {
        summary: format!("let {name} keep its tag until its content changes"),
        steps: vec![
            "Tag the base image by what it is made of (a hash of its Dockerfile and lock files), \
                not by run or commit, and build it only if that tag does not exist yet."
                .to_owned(),
            "Or make it a stage of this Dockerfile, and store all stages (mode=max): it is then \
                found in the cache like any other step."
                .to_owned(),
        ],
        ..Fix::default()
    }
}
