//! The check of a corrected Dockerfile: the instructions are those of before, but for what was
//! asked.

use super::Change;
use crate::config::{Content, Instruction, Stage};

/// One instruction with all its text; FROM is one of them.
type Said = (String, String);

/// What was asked for, carried out on what was read before, is what is read now.
pub(super) fn are_as_asked(before: &Content, after: &Content, changes: &[Change]) -> bool {
    let mut lines: Vec<(u64, Said)> = before.arguments.iter().map(numbered).collect();
    lines.extend(before.stages.iter().flat_map(of_stage));
    for change in changes {
        carry_out(&mut lines, change);
    }
    let now = after.arguments.iter().map(numbered).chain(after.stages.iter().flat_map(of_stage));
    lines.into_iter().map(|(_, said)| said).eq(now.map(|(_, said)| said))
}

fn numbered(instruction: &Instruction) -> (u64, Said) {
    (instruction.line, (instruction.text.clone(), instruction.body.clone()))
}

fn of_stage(stage: &Stage) -> Vec<(u64, Said)> {
    let from = (stage.line, (stage.text.clone(), String::new()));
    std::iter::once(from).chain(stage.instructions.iter().map(numbered)).collect()
}

fn carry_out(lines: &mut Vec<(u64, Said)>, change: &Change) {
    match change {
        Change::CopyLater { copy, runs, first } => {
            if let Some(first) = first {
                let at = place(lines, *copy);
                lines.insert(at, (0, (first.clone(), String::new())));
            }
            let moved = take(lines, &[*copy]);
            let last = runs.last().copied().unwrap_or_default();
            let at = (place(lines, last) + 1).min(lines.len());
            lines.splice(at..at, moved);
        }
        Change::Insert { before, lines: new } => {
            let at = place(lines, *before);
            let new = new.iter().map(|text| (0, (text.clone(), String::new())));
            lines.splice(at..at, new);
        }
        Change::DeclareLater { declared, before } => {
            let moved = take(lines, declared);
            // One past the last line of a stage: in front of the next FROM, or at the end.
            let at = lines.iter().position(|(line, _)| line >= before).unwrap_or(lines.len());
            lines.splice(at..at, moved);
        }
        Change::PinBase { from, digest } => {
            let pinned = |text: &str| {
                let end = crate::config::dockerfile::base_span(text)?.end;
                Some(format!("{}@{digest}{}", text.get(..end)?, text.get(end..)?))
            };
            if let Some((_, (text, _))) = lines.iter_mut().find(|(line, _)| line == from) {
                *text = pinned(text).unwrap_or_default();
            }
        }
        _ => {}
    }
}

fn place(lines: &[(u64, Said)], number: u64) -> usize {
    lines.iter().position(|(line, _)| *line == number).unwrap_or(lines.len())
}

fn take(lines: &mut Vec<(u64, Said)>, numbers: &[u64]) -> Vec<(u64, Said)> {
    lines.extract_if(.., |(line, _)| numbers.contains(line)).collect()
}
