//! What each step of a build takes its input from, as the Dockerfile says: a plain log names stages
//! only in texts, and does not print `FROM build AS test` at all.

use super::{DockerfileAt, find, is_dockerfile, matching};
use crate::config::{Config, Stage, dockerfile};
use crate::model::{Build, Few, FinalStep, Run, Text, Trace};

/// Gives the steps of a build their inputs, where one of the Dockerfiles is its own and the log
/// does not name them.
pub(in crate::rules) fn complete(runs: &mut [Run], configs: &[Config]) {
    if !configs.iter().any(is_dockerfile) {
        return;
    }
    for run in runs {
        let found: Vec<_> = run.builds.iter().map(|build| of_file(run, build, configs)).collect();
        for (build, (inputs, names)) in run.builds.iter_mut().zip(found) {
            build.final_step = FinalStep::default();
            for (step, inputs) in build.steps.iter_mut().zip(inputs) {
                step.trace = Some(Box::new(Trace { inputs, ..Trace::default() }));
            }
            for (step, names) in build.steps.iter_mut().zip(names) {
                step.trace.iter_mut().for_each(|trace| trace.declared.clone_from(&names));
            }
        }
    }
}

/// Indices of the inputs of each step, where they are not known already, and the names of the
/// arguments and variables above it; nothing where the Dockerfile is not known for sure.
fn of_file(
    run: &Run,
    build: &Build,
    configs: &[Config],
) -> (Vec<Vec<usize>>, Vec<Option<Few<Text>>>) {
    let Some(file) = find(configs, run, build) else { return Default::default() };
    let inputs = if is_untraced(build) && is_plain(&file, build) {
        let of = |place: &Option<_>| place.map(|place| inputs(&file, place)).unwrap_or_default();
        file.steps.iter().map(of).collect()
    } else {
        Vec::new()
    };
    let names = file.steps.iter().map(|place| names_above(&file, (*place)?)).collect();
    (inputs, names)
}

/// The log names no inputs. The steps of several platforms are not told apart by the Dockerfile.
fn is_untraced(build: &Build) -> bool {
    let Some(first) = build.steps.first() else { return false };
    build.steps.iter().all(|step| step.trace.is_none() && step.platform == first.platform)
}

fn names_above(file: &DockerfileAt, place: (usize, usize)) -> Option<Few<Text>> {
    let (stage, instruction) = place;
    let own = file.config.content.stages.get(stage)?;
    let values = file.values_above((own, own.instructions.get(instruction)?));
    let names = values.iter().flat_map(|value| dockerfile::declared(&value.text));
    Some(names.map(Text::new).collect())
}

/// No variable stands where a stage can be named: the log would have to resolve it.
fn is_plain(file: &DockerfileAt, build: &Build) -> bool {
    let stages = &file.config.content.stages;
    let printed =
        |at| build.bases.iter().any(|base| matching::stage_called(stages, &base.stage) == Some(at));
    let base = |(at, stage): (usize, &Stage)| !stage.base.contains('$') || printed(at);
    let sources = |stage: &Stage| {
        stage.instructions.iter().flat_map(|i| &i.from).all(|name| !name.contains('$'))
    };
    stages.iter().enumerate().all(base) && stages.iter().all(sources)
}

fn inputs(file: &DockerfileAt, (stage, instruction): (usize, usize)) -> Vec<usize> {
    let stages = &file.config.content.stages;
    let own = stages.get(stage).and_then(|own| own.instructions.get(instruction));
    let earlier = stages.get(..stage).unwrap_or_default();
    let sources =
        own.into_iter().flat_map(|own| &own.from).filter_map(|name| source(earlier, name));
    let before =
        before(file, stage, instruction).or_else(|| end(file, matching::below(stages, stage)?));
    before.into_iter().chain(sources.filter_map(|at| end(file, at))).collect()
}

/// The step of the stage that is nearest above the instruction.
fn before(file: &DockerfileAt, stage: usize, instruction: usize) -> Option<usize> {
    let places = file.steps.iter().enumerate().filter_map(|(step, place)| Some((step, (*place)?)));
    let above = places.filter(|&(_, (s, i))| s == stage && i < instruction);
    above.max_by_key(|&(_, (_, i))| i).map(|(step, _)| step)
}

/// The last step of the stage; one without any is the stage it is built on.
fn end(file: &DockerfileAt, stage: usize) -> Option<usize> {
    let below = || matching::below(&file.config.content.stages, stage);
    before(file, stage, usize::MAX).or_else(|| end(file, below()?))
}

/// The earlier stage that `--from=` names, by name or number, if it is no image.
fn source(earlier: &[Stage], name: &str) -> Option<usize> {
    let number = || name.parse().ok().filter(|number| *number < earlier.len());
    matching::base_stage(earlier, name).or_else(number)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FILE, config, logged};
    use super::*;
    use crate::model::Outcome;
    use crate::series::Misses;

    fn inputs_with(file: &str) -> Vec<Option<Vec<usize>>> {
        let mut runs = vec![logged("0123").run()];
        complete(&mut runs, &[config("Dockerfile", file)]);
        runs[0].builds[0]
            .steps
            .iter()
            .map(|step| Some(step.trace.as_ref()?.inputs.clone()))
            .collect()
    }

    #[test]
    fn steps_follow_their_stage_and_what_they_copy_from() {
        assert_eq!(inputs_with(FILE), [Some(vec![]), Some(vec![0]), Some(vec![1]), Some(vec![2])]);
        let numbered = FILE.replace("--from=build", "--from=0");
        assert_eq!(inputs_with(&numbered), [None, None, None, None], "the log prints another text");
    }

    #[test]
    fn what_is_declared_above_a_step_can_reach_it() {
        let mut runs = vec![logged("0123").run()];
        complete(&mut runs, &[config("Dockerfile", FILE)]);
        let declared = |at: usize| {
            let trace = runs[0].builds[0].steps[at].trace.as_ref().unwrap();
            trace.declared.iter().flatten().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!((declared(2), declared(3)), (vec!["SHA".to_owned()], Vec::new()));
    }

    #[test]
    fn a_stage_copied_by_number_is_no_break_of_its_own() {
        let breaks = |configs: &[Config]| {
            let mut runs = vec![logged("0123").run()];
            let steps = &mut runs[0].builds[0].steps;
            steps[0].outcome = Outcome::Miss;
            steps[3].text = "COPY --from=0 /app /app".into();
            complete(&mut runs, configs);
            let (run, build) = (&runs[0], &runs[0].builds[0]);
            let found = Misses::of(&[(run, build)], 0);
            found.in_build(0, build).map(|broken| broken.step.text.to_string()).collect::<Vec<_>>()
        };
        let file = config("Dockerfile", &FILE.replace("--from=build", "--from=0"));
        assert_eq!(breaks(&[]), ["WORKDIR /app", "COPY --from=0 /app /app"]);
        assert_eq!(breaks(&[file]), ["WORKDIR /app"]);
    }

    #[test]
    fn a_stage_without_steps_is_the_one_below() {
        let between = FILE
            .replace("--from=build", "--from=ready")
            .replace("FROM nginx", "FROM build AS ready\nFROM nginx");
        let mut runs = vec![logged("0123").run()];
        let copy = runs[0].builds[0].steps.last_mut().unwrap();
        copy.text = "COPY --from=ready /app /app".into();
        copy.stage = "stage-3".into();
        runs[0].builds[0].bases[1].stage = "stage-3".into();
        complete(&mut runs, &[config("Dockerfile", &between)]);
        assert_eq!(runs[0].builds[0].steps[3].trace.as_ref().unwrap().inputs, [2]);
    }

    #[test]
    fn a_variable_that_can_be_a_stage_says_nothing() {
        let variable = FILE.replace("--from=build", "--from=$SOURCE");
        assert_eq!(inputs_with(&variable), [None, None, None, None]);
    }
}
