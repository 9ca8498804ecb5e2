//! Takes the lines out that pull an image, in any file with shell commands.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Change;
use crate::config::Content;
use crate::config::script::pulls_only;

const SHARED: &str = "the `docker pull` shares its line or its step with something else";

/// The text without the pulls that changes ask to remove, and the other changes.
pub(in crate::config) fn without_pulls<'a>(
    text: &'a str,
    content: &Content,
    changes: &[Change],
) -> Result<(Cow<'a, str>, Vec<Change>), String> {
    let mut lines: BTreeSet<usize> = BTreeSet::new();
    let mut others = Vec::new();
    for change in changes {
        let Change::Unpull { place, image } = change else {
            others.push(change.clone());
            continue;
        };
        let place = content.places.get(*place).ok_or("the build is not in this file")?;
        let pulls = place.pulls_of(image);
        lines.extend(pulls.map(|pull| usize::try_from(pull.quote.line).unwrap_or_default()));
    }
    if lines.is_empty() {
        return Ok((text.into(), others));
    }
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    if !lines.iter().all(|line| line.checked_sub(1).is_some_and(|at| is_removable(&all, at))) {
        return Err(SHARED.to_owned());
    }
    let stays = |(at, line): (usize, &&'a str)| (!lines.contains(&(at + 1))).then_some(*line);
    Ok((all.iter().enumerate().filter_map(stays).collect::<String>().into(), others))
}

/// It does nothing but pull, and its script or list is not empty without it.
fn is_removable(lines: &[&str], at: usize) -> bool {
    let Some(line) = lines.get(at).map(|line| ScriptLine::of(line)) else { return false };
    let above = lines.get(..at).unwrap_or_default().iter().rev().map(|line| ScriptLine::of(line));
    let below = lines.get(at + 1..).unwrap_or_default().iter().map(|line| ScriptLine::of(line));
    let (above, below) =
        (above.filter(ScriptLine::is_written), below.filter(ScriptLine::is_written));
    let is_whole = below.clone().next().is_none_or(|next| next.indent <= line.indent);
    let is_joined = !line.is_item && above.clone().next().is_some_and(|last| last.goes_on());
    let is_inside = |other: &ScriptLine| other.indent >= line.indent;
    let is_beside =
        |other: ScriptLine| other.indent == line.indent && other.is_item == line.is_item;
    pulls_only(line.script)
        && !line.goes_on()
        && is_whole
        && !is_joined
        && (above.take_while(is_inside).any(is_beside)
            || below.take_while(is_inside).any(is_beside))
}

/// One line of a file with scripts.
struct ScriptLine<'a> {
    indent: usize,
    /// It begins an item of a list.
    is_item: bool,
    /// What a shell reads of it, where that is all of it.
    script: &'a str,
}

impl<'a> ScriptLine<'a> {
    fn of(line: &'a str) -> Self {
        let text = line.trim();
        let item = text.strip_prefix("- ");
        let script = item.map_or(text, |item| item.strip_prefix("run: ").unwrap_or(item));
        Self {
            indent: line.len() - line.trim_start().len(),
            is_item: item.is_some(),
            script: script.trim_matches(['"', '\'']),
        }
    }

    fn is_written(&self) -> bool {
        !self.script.is_empty()
    }

    /// The next line belongs to its command.
    fn goes_on(&self) -> bool {
        ["\\", "&&", "||"].iter().any(|sign| self.script.ends_with(sign))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Images, Place};
    use crate::model::{NamedImage, Quote};

    fn without(text: &str) -> Result<String, String> {
        let at = text.lines().position(|line| line.contains("docker pull")).unwrap();
        let quote = Quote::new(u64::try_from(at).unwrap() + 1, b"docker pull app");
        let pulled = vec![NamedImage { image: "app".into(), quote }];
        let images = Images { pulled, ..Images::default() };
        let places = vec![Place { images, ..Place::default() }];
        let content = Content { places, ..Content::default() };
        let change = Change::Unpull { place: 0, image: "app".into() };
        without_pulls(text, &content, &[change]).map(|(text, _)| text.into_owned())
    }

    #[test]
    fn a_line_of_its_own_goes() {
        for (text, want) in [
            ("- docker pull app || true\n- make\n", "- make\n"),
            ("- make\n- run: \"docker pull -q app\"\n", "- make\n"),
            ("run: |\n  docker pull app || :\n\n  make\n", "run: |\n\n  make\n"),
            ("all:\n\tmake\n\tdocker pull app", "all:\n\tmake\n"),
        ] {
            assert_eq!(without(text).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_shares_its_line_or_its_step_stays() {
        for text in [
            "- docker pull app && docker tag app b\n- make\n",
            "script:\n  - docker pull app\nother:\n  - make\n",
            "- name: pull\n  run: docker pull app\n- run: make\n",
            "- run: docker pull app\n  if: always()\n- run: make\n",
            "run: |\n  docker pull app\nother: make\n",
            "run: |\n  time \\\n  docker pull app\n  make\n",
            "run: |\n  docker pull \\\n  app\n  make\n",
        ] {
            assert_eq!(without(text).as_deref(), Err(&SHARED.to_owned()), "{text}");
        }
    }
}
