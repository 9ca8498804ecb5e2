//! Where a value should be declared: right above the first instruction that uses it.
//!
//! Looks at one stage of a Dockerfile. An ENV or LABEL made of the value moves with it.

use crate::config::dockerfile::{declared, mentions};
use crate::config::{Change, Instruction, Stage};
use crate::model::StepKind;
use crate::rules::{installation, planned};

/// The changes for several names; what goes to one place goes together.
pub(super) fn changes(stage: &Stage, names: &[&str]) -> Result<Vec<Change>, String> {
    let mut places: Vec<(u64, Vec<u64>)> = Vec::new();
    for name in names {
        let Change::DeclareLater { declared, before } = change(stage, name)? else { continue };
        match places.iter_mut().find(|(known, _)| *known == before) {
            Some((_, lines)) => lines.extend(declared),
            None => places.push((before, declared)),
        }
    }
    for (_, lines) in &mut places {
        lines.sort_unstable();
        lines.dedup();
    }
    Ok(places
        .into_iter()
        .map(|(before, declared)| Change::DeclareLater { declared, before })
        .collect())
}

/// The declarations move down.
pub(super) fn change(stage: &Stage, name: &str) -> Result<Change, String> {
    let Descent { moved, before } = descent(stage, name)?;
    if let Some(other) = moved.iter().find(|i| i.several) {
        return Err(format!(
            "{} in line {} declares other names as well",
            other.instruction.keyword, other.instruction.line
        ));
    }
    let declared = moved.iter().map(|i| i.instruction.line).collect();
    Ok(Change::DeclareLater { declared, before })
}

/// What could stand lower, and above which line.
struct Descent<'a> {
    moved: Vec<Declaration<'a>>,
    before: u64,
}

struct Declaration<'a> {
    instruction: &'a Instruction,
    /// It declares names that are not made of the value, too.
    several: bool,
}

fn descent<'a>(stage: &'a Stage, name: &str) -> Result<Descent<'a>, String> {
    let declaration = stage.instructions.iter().find(|i| declared(&i.text).contains(&name));
    let declaration =
        declaration.ok_or_else(|| format!("the stage does not declare `{name}` itself"))?;
    let (group, names) = group(stage, declaration, name);
    let takes_it = |i: &&Instruction| {
        names.iter().any(|name| mentions(&i.text, name) || mentions(&i.body, name))
    };
    let below = || {
        stage.instructions.iter().filter(|i| i.line > declaration.line && !group.contains(&i.line))
    };
    let first = below().find(takes_it);
    let environment =
        stage.instructions.iter().filter(|i| group.contains(&i.line)).all(|i| i.keyword != "LABEL");
    let before = match first {
        Some(user) => user.line,
        // A RUN can use what its text does not name; an installation of packages does not.
        None if environment => {
            below().find(|i| runs_something(i)).map_or_else(|| end(stage, &group), |i| i.line)
        }
        None => end(stage, &group),
    };
    let several = |i: &Instruction| declared(&i.text).iter().any(|other| !names.contains(other));
    let crosses = |before: u64| below().any(|i| i.keyword == "RUN" && i.line < before);
    // An ENV of several names stays where it is, and is what uses the value.
    let stays = stage.instructions.iter().find(|i| {
        i.line > declaration.line && i.line < before && group.contains(&i.line) && several(i)
    });
    let before = stays.map(|i| i.line).filter(|line| crosses(*line)).unwrap_or(before);
    if !crosses(before) {
        return Err(format!("`{name}` is declared right above what uses it"));
    }
    let moved = stage.instructions.iter().filter(|i| group.contains(&i.line) && i.line < before);
    let moved = moved.map(|instruction| Declaration { instruction, several: several(instruction) });
    Ok(Descent { moved: moved.collect(), before })
}

/// The first RUN that the declaration reaches and that only installs packages: it runs again for
/// nothing, whether or not the declaration can be moved as it is written.
pub(super) fn invalidated<'a>(stage: &'a Stage, name: &str) -> Option<&'a Instruction> {
    let Descent { moved, before } = descent(stage, name).ok()?;
    let first = moved.first()?.instruction.line;
    let mut reached = stage.instructions.iter().filter(|i| i.line > first && i.line < before);
    reached.find(|i| installs(i))
}

/// An installation in a stage that is built on this one, which hands its values on
/// (<https://docs.docker.com/build/building/variables/#scoping>), above all that may use the value.
pub(super) fn spoilt_above<'a>(
    stages: &'a [Stage],
    at: usize,
    declaration: &'a Instruction,
    name: &'a str,
) -> Option<&'a Instruction> {
    let stage = stages.get(at)?;
    let (group, names) = group(stage, declaration, name);
    let uses = |i: &Instruction| {
        let takes = |name: &&str| mentions(&i.text, name) || mentions(&i.body, name);
        runs_something(i) || names.iter().any(takes)
    };
    let own = stage.instructions.iter().filter(|i| !group.contains(&i.line));
    if own.filter(|i| i.line > declaration.line).any(uses) {
        return None;
    }
    let on_it = (at + 1..stages.len()).filter(|above| planned::below(stages, *above).contains(&at));
    on_it.filter_map(|above| stages.get(above)).find_map(|stage| {
        let unused = stage.instructions.iter().take_while(|i| !uses(i));
        unused.into_iter().find(|i| installs(i))
    })
}

/// Lines of the declaration and of all ENV, ARG and LABEL made of it, with the names they declare.
fn group<'a>(
    stage: &'a Stage,
    declaration: &'a Instruction,
    name: &'a str,
) -> (Vec<u64>, Vec<&'a str>) {
    let (mut lines, mut names) = (vec![declaration.line], vec![name]);
    for next in stage.instructions.iter().filter(|i| i.line > declaration.line) {
        let made_of_it = names.iter().any(|name| mentions(&next.text, name));
        if made_of_it && matches!(next.keyword.as_str(), "ENV" | "ARG" | "LABEL") {
            lines.push(next.line);
            if let [name] = *declared(&next.text) {
                names.push(name);
            }
        }
    }
    (lines, names)
}

fn runs_something(instruction: &Instruction) -> bool {
    let idle = installs(instruction) || installation::is_idle(&instruction.text);
    instruction.keyword == "RUN" && !idle
}

/// Whatever files an installation reads, a value that it does not name is nothing to it.
fn installs(instruction: &Instruction) -> bool {
    installation::reads(&instruction.text).is_some() || installation::is_all(&instruction.text)
}

/// Right below the last instruction that makes a layer.
fn end(stage: &Stage, group: &[u64]) -> u64 {
    let layer = |i: &Instruction| StepKind::of(&i.keyword) == StepKind::Counted;
    let last = stage.instructions.iter().rposition(layer).map_or(0, |at| at + 1);
    let mut rest = stage.instructions.iter().skip(last).filter(|i| !group.contains(&i.line));
    let behind = stage.instructions.last().map_or(stage.end, |i| i.end) + 1;
    rest.next().map_or(behind, |i| i.line)
}
