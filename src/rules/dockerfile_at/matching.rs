//! Lays the steps of a build over the instructions of a Dockerfile.

use super::prints;
use crate::config::pattern::fits;
use crate::config::{Content, Stage};
use crate::model::{Base, Build, Dialect, Step, StepKind};
use crate::rules::remedy::reference;

/// Stage and instruction of each step; `None` where a step cannot be of this Dockerfile.
pub(super) fn steps(content: &Content, build: &Build) -> Option<Vec<Option<(usize, usize)>>> {
    let numbered = matches!(build.dialect, Dialect::BuildkitPlain | Dialect::BuildkitRawjson);
    let known = build.bases.iter().all(|base| has_base(content, build, base));
    let steps = if numbered { by_number(content, build)? } else { in_order(content, build)? };
    (known && steps.iter().any(Option::is_some)).then_some(steps)
}

/// How well the path agrees with `--file`: the number of its last parts that are the same; `None`
/// where the names of the files differ.
pub(super) fn hint(path: &str, named: Option<&str>) -> Option<usize> {
    let Some(named) = named.filter(|named| *named != "-") else { return Some(0) };
    let same = path.rsplit('/').zip(named.rsplit('/')).take_while(|(a, b)| fits(b, a)).count();
    (same > 0).then_some(same)
}

/// Name of a stage in a log (`dockerfile2llb/convert.go`): a single one has none, one without a name
/// its number in the file.
pub(super) fn stage_called(stages: &[Stage], printed: &str) -> Option<usize> {
    let called = |(index, stage): (usize, &Stage)| match stage.name.as_str() {
        _ if stages.len() == 1 => {
            printed.is_empty() || printed == stage.name || printed == "stage-0"
        }
        "" => printed.strip_prefix("stage-").is_some_and(|number| number == index.to_string()),
        name => name == printed,
    };
    stages.iter().enumerate().position(called)
}

/// A single stage has no name; bake prints its target in that place.
fn stage_of(content: &Content, build: &Build, printed: &str) -> Option<usize> {
    let single = content.stages.len() == 1 && build.target.as_deref() == Some(printed);
    stage_called(&content.stages, if single { "" } else { printed })
}

/// The earlier stage that a FROM names.
pub(super) fn base_stage(earlier: &[Stage], base: &str) -> Option<usize> {
    earlier
        .iter()
        .rposition(|stage| !stage.name.is_empty() && stage.name.eq_ignore_ascii_case(base))
}

/// The stage that a stage is built on, if it is one.
pub(super) fn below(stages: &[Stage], at: usize) -> Option<usize> {
    base_stage(stages.get(..at)?, &stages.get(at)?.base)
}

/// The stage, the one it is built on, and so on: each is an earlier one.
pub(super) fn chain(stages: &[Stage], at: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(at), |at| below(stages, *at))
}

/// The image of a FROM, as the log calls it, tag included.
pub(super) fn is_image(base: &str, image: &str) -> bool {
    let name = reference::without_hub(base.split_once('@').map_or(base, |(before, _)| before));
    let tagged = if reference::tag(name).is_some() || name.contains('$') {
        name.to_owned()
    } else {
        format!("{name}:latest")
    };
    fits(&tagged, image) || fits(name, image)
}

/// A FROM is of its stage, or of an image that some instruction copies from.
fn has_base(content: &Content, build: &Build, base: &Base) -> bool {
    let image = reference::without_hub(&base.image);
    let stage = stage_of(content, build, &base.stage).and_then(|index| content.stages.get(index));
    let mut sources =
        content.stages.iter().flat_map(|stage| &stage.instructions).flat_map(|i| &i.from);
    stage.is_some_and(|stage| is_image(&stage.base, image))
        || sources.any(|from| is_image(from, image))
}

/// `BuildKit` prints the stage, the number of the step in it and how many there are.
fn by_number(content: &Content, build: &Build) -> Option<Vec<Option<(usize, usize)>>> {
    build.steps.iter().map(|step| numbered(content, build, step).map(Some)).collect()
}

fn numbered(content: &Content, build: &Build, step: &Step) -> Option<(usize, usize)> {
    let index = stage_of(content, build, &step.stage)?;
    let stage = content.stages.get(index)?;
    let layers: Vec<usize> = layers(stage).collect();
    let from = u32::from(stage.base != "scratch" && below(&content.stages, index).is_none());
    let at = usize::try_from(step.position.checked_sub(from + 1)?).ok()?;
    let instruction = *layers.get(at)?;
    let all = u32::try_from(layers.len()).ok()? + from;
    (all == step.of && prints(&stage.instructions.get(instruction)?.text, &step.text))
        .then_some((index, instruction))
}

/// Instructions that `BuildKit` numbers.
fn layers(stage: &Stage) -> impl Iterator<Item = usize> + '_ {
    let instructions = stage.instructions.iter().enumerate();
    let counted = instructions.filter(|(_, i)| StepKind::of(&i.keyword) == StepKind::Counted);
    counted.map(|(index, _)| index)
}

/// Other builders print instructions in the order of the file, some of them not at all.
fn in_order(content: &Content, build: &Build) -> Option<Vec<Option<(usize, usize)>>> {
    let mut left = content.stages.iter().enumerate().flat_map(|(s, stage)| {
        stage.instructions.iter().enumerate().map(move |(i, own)| ((s, i), &own.text))
    });
    let mut place = |step: &Step| match step.kind {
        StepKind::Fetch => Some(None),
        _ => left.find(|(_, text)| prints(text, &step.text)).map(|(at, _)| Some(at)),
    };
    build.steps.iter().map(&mut place).collect()
}
