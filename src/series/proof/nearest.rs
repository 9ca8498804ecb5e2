//! Which earlier build a stage is compared with.

use super::{Run, Stage, steps_of};
use crate::model::{Build, Step};

/// How many builds with files are looked at for one whose stage is that of the log right before.
const MOST: usize = 16;

/// An earlier build that files tell of.
pub(super) struct Earlier<'a> {
    pub(super) run: &'a Run,
    pub(super) build: &'a Build,
    /// The steps of the stage in it, by their positions.
    pub(super) steps: Vec<&'a Step>,
    /// No log shows a build with the stage between it and this one.
    pub(super) adjacent: bool,
}

/// The nearest earlier build that files tell of and whose stage has the texts that the log right
/// before prints: one of another Dockerfile shows no change of this one. None where the stages of
/// all have others.
pub(super) fn of<'a>(
    before: impl DoubleEndedIterator<Item = (&'a Run, &'a Build)>,
    now: &Build,
    stage: &Stage,
) -> Option<Earlier<'a>> {
    let mut last: Option<Vec<&Step>> = None;
    let mut tried = 0;
    for (run, build) in before.rev() {
        let adjacent = last.is_none();
        if last.is_none() {
            let printed = printed(build, stage);
            last = (!printed.is_empty()).then_some(printed);
        }
        let Some(steps) = steps_of(build, now, stage) else { continue };
        let same = |last: &Vec<&Step>| has_texts_of(&steps, last);
        if adjacent || last.as_ref().is_none_or(same) {
            return Some(Earlier { run, build, steps, adjacent });
        }
        tried += 1;
        if tried == MOST {
            break;
        }
    }
    None
}

/// The steps of the stage that the log of a build prints.
fn printed<'a>(build: &'a Build, stage: &Stage) -> Vec<&'a Step> {
    if build.headless || build.tangled {
        return Vec::new();
    }
    let own = build.steps.iter().filter(|step| step.is_of(stage.name, stage.platform));
    own.filter(|step| step.has_text()).collect()
}

/// Each step has the text of that at its place, as far as both logs come to it.
fn has_texts_of(steps: &[&Step], last: &[&Step]) -> bool {
    last.iter().all(|step| {
        let mut here = steps.iter().filter(|other| other.position == step.position).peekable();
        let none = here.peek().is_none();
        let mut same = here.filter(|other| other.of == step.of);
        none || same.any(|other| other.text == step.text || !other.has_text())
    })
}
