//! One mark per run: how a build, or one step of it, fared over time.

use crate::model::{Build, BuildOutcome, Outcome, Step};
use crate::render::units::grouped;

/// Marks of whole builds, each with its meaning.
pub(super) const LEGEND: [(char, &str); 5] = [
    ('●', "all from cache"),
    ('◐', "some"),
    ('○', "none"),
    ('✕', "failed"),
    ('–', "nothing to count"),
];

/// How a build fared.
pub(super) fn of_build(build: &Build) -> char {
    match (build.outcome, build.hits(), build.total()) {
        (BuildOutcome::Failed, ..) => '✕',
        (_, _, 0) => '–',
        (_, 0, _) => '○',
        // Of a log that was cut nobody knows what became of the other steps.
        (_, hits, total) if hits == total && build.whole() => '●',
        _ => '◐',
    }
}

/// How a step fared: answered, ran, failed, or was not reached.
pub(super) fn of_step(step: Option<&Step>) -> char {
    match step.map(|s| s.outcome) {
        Some(Outcome::Hit) => '█',
        Some(Outcome::Miss) => '·',
        Some(Outcome::Failed) => '✕',
        Some(Outcome::Canceled | Outcome::Unknown) | None => ' ',
    }
}

/// The marks, oldest first; where they do not fit, the newest, and how many are older.
pub(in crate::render) fn fitted(marks: &[char], width: usize) -> String {
    if marks.len() * 2 <= width + 1 {
        return marks.iter().map(char::to_string).collect::<Vec<_>>().join(" ");
    }
    if marks.len() <= width {
        return marks.iter().collect();
    }
    // The number shown is never shorter than the number of what is left out.
    let room = width.saturating_sub(format!("{} older, ", grouped(marks.len())).len());
    let newest = marks.iter().skip(marks.len().saturating_sub(room));
    format!("{} older, {}", grouped(marks.len().saturating_sub(room)), newest.collect::<String>())
}

/// The marks of builds, the newest alone where not all fit.
pub(in crate::render) fn of_builds<'a>(
    builds: impl Iterator<Item = &'a Build>,
    width: usize,
) -> String {
    newest(&builds.map(of_build).collect::<Vec<_>>(), width)
}

/// The marks of a step, under those of its builds.
pub(in crate::render) fn of_steps(cells: &[Option<&Step>], width: usize) -> String {
    newest(&cells.iter().map(|cell| of_step(*cell)).collect::<Vec<_>>(), width)
}

/// All marks of builds, with their meaning.
pub(in crate::render) fn meaning() -> String {
    LEGEND.map(|(mark, meaning)| format!("{mark} {meaning}")).join("   ")
}

/// The marks of steps, with their meaning.
pub(in crate::render) const STEP_MEANING: &str =
    "█ from cache  · ran  ✕ failed  (blank: not reached)";

/// The newest marks alone, so that columns of several rows stay under one another.
pub(super) fn newest(marks: &[char], width: usize) -> String {
    marks.iter().skip(marks.len().saturating_sub(width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_newest_where_not_all_fit() {
        let marks: Vec<char> = "○◐◐●".chars().collect();
        assert_eq!(fitted(&marks, 7), "○ ◐ ◐ ●");
        assert_eq!(fitted(&marks, 6), "○◐◐●");
        let many: Vec<char> = std::iter::repeat_n('○', 90).chain(['●'; 10]).collect();
        assert_eq!(fitted(&many, 22), "89 older, ○●●●●●●●●●●");
        assert_eq!(fitted(&[], 5), "");
    }
}
