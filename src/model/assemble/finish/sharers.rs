//! Vertices that several targets of a bake share.
//!
//! What targets have in common (the base image, the steps above the first that differs, stages that
//! they copy from) is one vertex, which is printed under the name of one of them: `[web 2/6] WORKDIR
//! /app` and `[api 3/6] COPY package.json ./` are steps of both where each goes on with a step 4 of
//! its own, and the next run may print `[api 2/6] WORKDIR /app` (`docker/buildx`
//! `util/progress/multiwriter.go`; `docker compose build` since 2.37 is a bake).

use std::collections::{BTreeMap, BTreeSet};

use super::super::graph::Graph;
use super::super::instruction::place_of;
use crate::model::{Operation, parse_step_name};

/// Targets that a vertex is a step of beside those it is printed under.
pub(super) type Sharers<'a> = BTreeMap<u32, Vec<&'a str>>;

/// A step by its vertex and its text.
type Printed<'a> = (u32, &'a str);

/// Platform and stage.
type Place<'a> = (&'a str, &'a str);

/// Steps of a stage by their positions.
type Steps<'a> = BTreeMap<u32, Printed<'a>>;

/// Steps of a target.
type Stages<'a> = BTreeMap<Place<'a>, Steps<'a>>;

/// What each target prints.
type Targets<'a> = BTreeMap<&'a str, Stages<'a>>;

/// Targets that are compared, each with all; of more it is left open what they share.
const MOST: usize = 100;

/// Found by the graph where the log has one, else by the steps that each target lacks.
pub(super) fn sharers<'a>(
    printed: impl Iterator<Item = (&'a str, &'a str, u32)>,
    known: &BTreeSet<String>,
    graph: &Graph,
) -> Sharers<'a> {
    let mut targets = Targets::default();
    for (target, name, number) in printed {
        let stages = targets.entry(target).or_default();
        let Some(parsed) = parse_step_name(name) else { continue };
        let (stage, platform) = place_of(&parsed, known);
        let steps = stages.entry((platform, stage)).or_default();
        steps.entry(parsed.position).or_insert((number, parsed.text));
    }
    let mut sharers = Sharers::default();
    if targets.len() < 2 || targets.len() > MOST {
        return sharers;
    }
    for (target, own) in &targets {
        let mut all = own.clone();
        if graph.is_known() {
            follow(&mut all, &targets, graph);
        } else {
            while complete(&mut all, target, &targets) {}
        }
        for number in numbers(&all).difference(&numbers(own)) {
            sharers.entry(*number).or_default().push(target);
        }
    }
    sharers
}

fn numbers(stages: &Stages) -> BTreeSet<u32> {
    stages.values().flat_map(BTreeMap::values).map(|(number, _)| *number).collect()
}

/// Adds the steps that those of the target take their input from.
fn follow<'a>(all: &mut Stages<'a>, targets: &Targets<'a>, graph: &Graph) {
    let above = graph.above(numbers(all));
    for (place, steps) in targets.values().flatten() {
        for (position, step) in steps.iter().filter(|(_, (number, _))| above.contains(number)) {
            all.entry(*place).or_default().entry(*position).or_insert(*step);
        }
    }
}

/// Adds a step or a stage that the target lacks and another one prints; whether it did.
fn complete<'a>(all: &mut Stages<'a>, target: &str, targets: &Targets<'a>) -> bool {
    for (place, steps) in all.iter() {
        let last = steps.keys().next_back().copied().unwrap_or_default();
        let lacking = (1..last).filter(|position| !steps.contains_key(position));
        let found = lacking.rev().find_map(|position| {
            let others = targets.iter().filter(|(name, _)| **name != target);
            let stages = others.filter_map(|(_, stages)| stages.get(place));
            let step = only(stages.filter_map(|stage| shared_at(position, steps, stage)));
            let step = step.or_else(|| (position == 1).then(|| base(targets)).flatten());
            step.map(|step| (*place, position, step))
        });
        if let Some((place, position, step)) = found {
            all.entry(place).or_default().insert(position, step);
            return true;
        }
    }
    let Some((place, stage)) = lacking_stage(all, targets) else { return false };
    all.insert(place, stage);
    true
}

/// The step of another target there, unless the two went ways of their own above it.
fn shared_at<'a>(position: u32, own: &Steps<'a>, other: &Steps<'a>) -> Option<Printed<'a>> {
    let parted = |(at, step): (&u32, &Printed)| own.get(at).is_some_and(|mine| mine.0 != step.0);
    let shared = !other.range(..position).any(parted);
    other.get(&position).copied().filter(|_| shared)
}

/// The one that they are all, by their text at least.
fn only<'a>(mut steps: impl Iterator<Item = Printed<'a>>) -> Option<Printed<'a>> {
    let first = steps.next()?;
    steps.all(|(number, text)| number == first.0 || text == first.1).then_some(first)
}

/// The base image of all targets, in whatever stage of theirs.
fn base<'a>(targets: &Targets<'a>) -> Option<Printed<'a>> {
    let stages = targets.values().flat_map(BTreeMap::values);
    only(stages.flat_map(BTreeMap::values).copied().filter(|(_, text)| text.starts_with("FROM ")))
}

/// A stage that a step takes files from, of which the target prints nothing.
fn lacking_stage<'a>(all: &Stages<'a>, targets: &Targets<'a>) -> Option<(Place<'a>, Steps<'a>)> {
    for ((platform, _), steps) in all {
        for (_, text) in steps.values() {
            for from in Operation::parse(text).sources() {
                let has = |stages: &Stages| stages.keys().any(|(_, stage)| *stage == from);
                if has(all) {
                    continue;
                }
                let mut others = targets.values().flatten();
                let is = |((of, stage), _): &(&Place, _)| of == platform && *stage == from;
                let found = others.find(is).map(|(place, steps)| (*place, steps.clone()));
                if found.is_some() {
                    return found;
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::model::Build;
    use crate::model::assemble::testing::builds;

    fn of(log: &str) -> Vec<(String, Vec<String>)> {
        let texts = |build: &Build| {
            let mut all: Vec<String> = build.steps.iter().map(|s| s.text.to_string()).collect();
            all.extend(build.bases.iter().map(|base| base.image.to_string()));
            all.sort();
            (build.target.as_ref().map(ToString::to_string).unwrap_or_default(), all)
        };
        let vertex = |(i, name)| format!("#{n} {name}\n#{n} DONE 0.1s\n", n = i + 1);
        let vertices: Vec<String> = log.lines().enumerate().map(vertex).collect();
        let vertices = vertices.join("\n");
        let mut all: Vec<_> = builds(vertices.lines()).iter().map(texts).collect();
        all.sort();
        all
    }

    /// `docker compose build` of 2.40.3, two services on one base image.
    const TWO: &str = "\
[web internal] load build definition from Dockerfile.web
[api internal] load build definition from Dockerfile.api
[web 1/4] FROM r/base:1
[web 2/4] WORKDIR /app
[api 3/4] COPY package.json ./
[api 4/4] RUN npm ci
[web 4/4] RUN npm ci --omit=dev";

    #[test]
    fn steps_above_the_first_that_differs_are_of_both() {
        let common = ["COPY package.json ./", "WORKDIR /app", "r/base:1"];
        let [(api, of_api), (web, of_web)] = of(TWO).try_into().unwrap();
        assert_eq!((api.as_str(), web.as_str()), ("api", "web"));
        assert!(common.iter().all(|text| of_api.iter().any(|own| own == text)), "{of_api:?}");
        assert!(common.iter().all(|text| of_web.iter().any(|own| own == text)), "{of_web:?}");
        assert_eq!((of_api.len(), of_web.len()), (4, 4));
    }

    #[test]
    fn targets_that_part_at_once_share_the_base_alone() {
        let log = "[a internal] load build context\n[b internal] load build context\n\
            [a 1/3] FROM r/base:1\n[a 2/3] RUN a\n[b 2/3] RUN b\n[a 3/3] RUN c";
        assert_eq!(
            of(log).into_iter().map(|(_, all)| all).collect::<Vec<_>>(),
            [vec!["RUN a", "RUN c", "r/base:1"], vec!["RUN b", "r/base:1"]]
        );
    }

    #[test]
    fn a_stage_that_both_copy_from_is_of_both() {
        let log = "[a internal] load build context\n[b internal] load build context\n\
            [a build 1/2] FROM r/base:1\n[a build 2/2] RUN make\n[a a 2/2] COPY --from=build /a /\n\
            [b b 2/2] COPY --from=build /b /";
        let all = of(log);
        assert!(all.iter().all(|(_, own)| own.iter().any(|text| text == "RUN make")), "{all:?}");
    }

    #[test]
    fn of_two_that_part_nobody_knows_whose_step_a_third_has() {
        let log = "[a internal] load build context\n[b internal] load build context\n\
            [c internal] load build context\n[a 2/3] RUN a\n[b 2/3] RUN b\n[a 3/3] RUN x\n\
            [b 3/3] RUN x\n[c 3/3] RUN c";
        assert_eq!(of(log).pop().unwrap().1, ["RUN c"]);
    }
}
