//! Writes a corrected Dockerfile: moves whole instructions, adds one, names a digest.
//!
//! Carries out what it is asked for where all instructions still get what they depend on; else it
//! refuses.

use super::moving::MovingLines;
use super::words::arguments;
use super::{base_span, declared, mentions, read};
use crate::config::{Change, Content, Instruction, Stage};

/// The text with these changes.
pub(super) fn correct(text: &str, changes: &[Change]) -> Result<String, String> {
    let content = read::read(text)?;
    let mut lines = MovingLines::of(text);
    for change in changes {
        match change {
            Change::CopyLater { copy, runs, first } => {
                copy_later(&content, &mut lines, *copy, runs, first.as_deref())?;
            }
            Change::Insert { before, lines: new } => {
                let stage = stage_of(&content, *before)?;
                let start = start(stage, &lines, find(stage, *before)?, &[]);
                for text in new {
                    lines.insert_before(start, text);
                }
            }
            Change::DeclareLater { declared, before } => {
                declare_later(&content, &mut lines, declared, *before)?;
            }
            Change::PinBase { from, digest } => pin(&content, &mut lines, *from, digest)?,
            _ => return Err("a Dockerfile holds no cache options".to_owned()),
        }
    }
    Ok(lines.text())
}

fn copy_later<'a>(
    content: &Content,
    lines: &mut MovingLines<'a>,
    copy: u64,
    runs: &[u64],
    first: Option<&'a str>,
) -> Result<(), String> {
    let stage = stage_of(content, copy)?;
    let copy = find(stage, copy)?;
    let last = find(stage, runs.last().copied().unwrap_or_default())?;
    if copy.line >= last.line || !matches!(copy.keyword.as_str(), "COPY" | "ADD") {
        return Err(format!("line {} is no COPY above line {}", copy.line, last.line));
    }
    let sets = |i: &Instruction| declared(&i.text).iter().any(|name| mentions(&copy.text, name));
    let between = stage.instructions.iter().filter(|i| i.line > copy.line && i.line < last.line);
    let mut others = between.filter(|i| !runs.contains(&i.line));
    // What goes to a folder named from the root goes there from everywhere.
    let absolute = arguments(&copy.text).last().is_some_and(|(_, target)| target.starts_with('/'));
    let stays = |i: &Instruction| {
        leaves_files_alone(i) || (i.keyword == "WORKDIR" && absolute) || go_elsewhere(copy, i)
    };
    if let Some(other) = others.find(|i| !stays(i) || sets(i)) {
        return Err(format!("{} in line {} is between the two", other.keyword, other.line));
    }
    let start = start(stage, lines, copy, &[]);
    if let Some(first) = first {
        lines.insert_before(start, first);
    }
    lines.move_behind(start..=copy.end, last.end);
    Ok(())
}

/// Both are copies, and none writes where the other one does: what is moved goes to a folder, the
/// other one copies single files beside it.
fn go_elsewhere(moved: &Instruction, other: &Instruction) -> bool {
    let words = |i: &Instruction| -> Vec<String> {
        let all = arguments(&i.text).map(|(_, word)| word.trim_start_matches("./"));
        all.map(|word| word.trim_end_matches('/').to_owned()).collect()
    };
    let (moved_words, other_words) = (words(moved), words(other));
    let (Some(folder), Some((beside, files))) = (moved_words.last(), other_words.split_last())
    else {
        return false;
    };
    let beside = if beside == "." { "" } else { beside };
    let rooted = folder.starts_with('/') == beside.starts_with('/');
    let known = rooted && !folder.contains('$') && !beside.contains('$');
    let inside = beside
        .strip_prefix(folder.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    moved.keyword == "COPY"
        && other.keyword == "COPY"
        && known
        && !matches!(folder.as_str(), "" | ".")
        && !inside
        && files.iter().all(|file| is_one_file(file))
}

/// By its name: one ending, or a name that is always a file's. A folder would be poured out.
fn is_one_file(source: &str) -> bool {
    const FILES: [&str; 6] = ["Gemfile", "Makefile", "Pipfile", "Procfile", "Rakefile", "gradlew"];
    let name = source.rsplit('/').next().unwrap_or_default();
    let (stem, _) = name.split_once('.').unwrap_or_default();
    FILES.contains(&name)
        || name.ends_with("rc")
        || (!stem.is_empty() && !stem.starts_with('*') && !name.contains("**"))
}

/// It neither reads nor writes files, and changes no directory.
fn leaves_files_alone(instruction: &Instruction) -> bool {
    !matches!(
        instruction.keyword.as_str(),
        "RUN" | "COPY" | "ADD" | "WORKDIR" | "ONBUILD" | "SHELL" | "VOLUME"
    )
}

fn declare_later(
    content: &Content,
    lines: &mut MovingLines,
    moved: &[u64],
    before: u64,
) -> Result<(), String> {
    let stage = stage_of(content, moved.first().copied().unwrap_or_default())?;
    let last = stage.instructions.last().map_or(stage.end, |i| i.end);
    let mut behind = last_that_stays(stage, moved);
    for &line in moved {
        let declaration = find(stage, line)?;
        let target = stage.instructions.iter().find(|i| i.line == before);
        let inside = before > line && (target.is_some() || before == last + 1);
        if !inside || !matches!(declaration.keyword.as_str(), "ARG" | "ENV" | "LABEL") {
            return Err(format!("line {line} cannot move to line {before}"));
        }
        let mut crossed = stage.instructions.iter().filter(|i| i.line > line && i.line < before);
        if let Some(user) = crossed.find(|i| !moved.contains(&i.line) && depend(declaration, i)) {
            return Err(format!("{} in line {} depends on line {line}", user.keyword, user.line));
        }
        let lines_of = start(stage, lines, declaration, moved)..=declaration.end;
        match target {
            Some(target) => lines.move_before(lines_of, start(stage, lines, target, &[])),
            None => lines.move_behind(lines_of, behind),
        }
        behind = declaration.end;
    }
    Ok(())
}

/// Last line of the stage that does not move itself.
fn last_that_stays(stage: &Stage, moved: &[u64]) -> u64 {
    let stays = stage.instructions.iter().rev().find(|i| !moved.contains(&i.line));
    stays.map_or(stage.end, |i| i.end)
}

/// One of the two uses or sets what the other one sets: their order counts.
fn depend(declaration: &Instruction, other: &Instruction) -> bool {
    let names = declared(&declaration.text);
    let uses = names.iter().any(|name| mentions(&other.text, name) || mentions(&other.body, name));
    let sets = declared(&other.text)
        .iter()
        .any(|name| names.contains(name) || mentions(&declaration.text, name));
    let labels = declaration.keyword == "LABEL"
        && other.keyword == "LABEL"
        && share_a_key(&declaration.text, &other.text);
    uses || sets || labels || (other.keyword == "ONBUILD" && declaration.keyword != "LABEL")
}

fn share_a_key(label: &str, other: &str) -> bool {
    let keys = |text: &str| -> Vec<String> {
        arguments(text)
            .map(|(_, word)| {
                word.split('=').next().unwrap_or_default().trim_matches('"').to_owned()
            })
            .collect()
    };
    keys(label).iter().any(|key| keys(other).contains(key))
}

/// Where an instruction begins with its comment. A comment above several of a kind is about all of
/// them.
fn start(stage: &Stage, lines: &MovingLines, instruction: &Instruction, moved: &[u64]) -> u64 {
    let next = stage.instructions.iter().find(|i| i.line == instruction.end + 1);
    match next.filter(|next| next.keyword == instruction.keyword && !moved.contains(&next.line)) {
        Some(_) => instruction.line,
        None => lines.comment_above(instruction.line),
    }
}

fn pin(content: &Content, lines: &mut MovingLines, from: u64, digest: &str) -> Result<(), String> {
    let stage = content
        .stages
        .iter()
        .find(|stage| stage.line == from)
        .ok_or("there is no FROM in that line")?;
    if stage.base.contains(['$', '@']) {
        return Err(format!("the base image in line {from} is written as `{}`", stage.base));
    }
    // Where FROM is continued, the image can stand in another line.
    let behind = |text: &str| {
        base_span(text).filter(|at| text.get(at.clone()) == Some(&stage.base)).map(|at| at.end)
    };
    if lines.insert_into(from, &format!("@{digest}"), behind) {
        return Ok(());
    }
    Err(format!("FROM in line {from} is written in an unusual way"))
}

fn stage_of(content: &Content, line: u64) -> Result<&Stage, String> {
    let stage = content.stages.iter().rev().find(|stage| stage.line <= line);
    stage.ok_or_else(|| format!("line {line} stands before every FROM"))
}

fn find(stage: &Stage, line: u64) -> Result<&Instruction, String> {
    let found = stage.instructions.iter().find(|i| i.line == line);
    found.ok_or_else(|| format!("no instruction of the same stage begins in line {line}"))
}
