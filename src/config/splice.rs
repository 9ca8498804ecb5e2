//! The one part in which two texts differ, in whole lines: all that is kept of a corrected file,
//! shown as a unified diff, and put together with others of the same file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use similar::TextDiff;

use super::patch::in_repository;

/// A part of a text, and what stands in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splice {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// What stands there instead.
    pub text: String,
}

impl Splice {
    /// What makes one text of the other, in whole lines; `None` where they are equal.
    #[must_use]
    pub fn between(old: &str, new: &str) -> Option<Self> {
        if old == new {
            return None;
        }
        let same = shared(old.as_bytes(), new.as_bytes());
        let start = old.as_bytes().get(..same).and_then(|head| memchr::memrchr(b'\n', head));
        let start = start.map_or(0, |end| end + 1);
        let rest = |text: &'_ str| text.len() - start;
        let behind = shared_behind(old.as_bytes(), new.as_bytes()).min(rest(old)).min(rest(new));
        let begins = |text: &str| {
            let at = text.len() - behind;
            at == start || text.as_bytes().get(at - 1) == Some(&b'\n')
        };
        let tail = old.as_bytes().get(old.len() - behind..).unwrap_or_default();
        let line = memchr::memchr(b'\n', tail).map_or(behind, |end| end + 1);
        let cut = if begins(old) && begins(new) { 0 } else { line };
        let range = start..old.len() - behind + cut;
        let text = new.get(start..new.len() - behind + cut)?.to_owned();
        Some(Self { range, text })
    }

    /// The text with it.
    #[must_use]
    pub fn applied(&self, base: &str) -> String {
        let (before, behind) = (base.get(..self.range.start), base.get(self.range.end..));
        [before.unwrap_or_default(), &self.text, behind.unwrap_or_default()].concat()
    }

    fn touches(&self, other: &Self) -> bool {
        self.range.start <= other.range.end && other.range.start <= self.range.end
    }

    /// The same of a part of the text that begins there.
    fn inside(&self, start: usize) -> Option<Self> {
        let range = self.range.start.checked_sub(start)?..self.range.end.checked_sub(start)?;
        Some(Self { range, text: self.text.clone() })
    }
}

/// How many bytes two texts have in common at their beginning.
fn shared(a: &[u8], b: &[u8]) -> usize {
    const WIDTH: usize = 64;
    let blocks = a.chunks_exact(WIDTH).zip(b.chunks_exact(WIDTH));
    let whole = WIDTH * blocks.take_while(|(one, other)| one == other).count();
    let rest = a.iter().skip(whole).zip(b.iter().skip(whole));
    whole + rest.take_while(|(one, other)| one == other).count()
}

/// The same at their end.
fn shared_behind(a: &[u8], b: &[u8]) -> usize {
    const WIDTH: usize = 64;
    let blocks = a.rchunks_exact(WIDTH).zip(b.rchunks_exact(WIDTH));
    let whole = WIDTH * blocks.take_while(|(one, other)| one == other).count();
    let rest = a.iter().rev().skip(whole).zip(b.iter().rev().skip(whole));
    whole + rest.take_while(|(one, other)| one == other).count()
}

/// One text with all of these changes of `base`, and the places in the list of those that
/// contradict an earlier one.
#[must_use]
pub fn merged(base: &str, changes: &[&Splice]) -> (String, Vec<usize>) {
    let (mut taken, mut left) = (BTreeMap::new(), Vec::new());
    for (index, change) in changes.iter().enumerate() {
        let near = near(&taken, change);
        let Some(both) = together(base, &near, change) else {
            left.push(index);
            continue;
        };
        for gone in near {
            taken.remove(&gone.range.start);
        }
        taken.insert(both.range.start, both);
    }
    (with_all(base, taken.values()).unwrap_or_default(), left)
}

/// Those that change the same lines, or the next ones. None of them touches another.
fn near(taken: &BTreeMap<usize, Splice>, change: &Splice) -> Vec<Splice> {
    let before = taken.range(..=change.range.end).rev().map(|(_, splice)| splice);
    let mut near: Vec<Splice> = before.take_while(|s| s.touches(change)).cloned().collect();
    near.reverse();
    near
}

/// All of them as one; `None` where they contradict each other.
fn together(base: &str, near: &[Splice], change: &Splice) -> Option<Splice> {
    let (Some(first), Some(last)) = (near.first(), near.last()) else {
        return Some(change.clone());
    };
    let start = first.range.start.min(change.range.start);
    let range = start..last.range.end.max(change.range.end);
    let part = base.get(range.clone())?;
    let ours: Vec<Splice> =
        near.iter().map(|splice| splice.inside(start)).collect::<Option<_>>()?;
    let (ours, theirs) = (with_all(part, &ours)?, change.inside(start)?.applied(part));
    Some(Splice { range, text: diffy::merge(part, &ours, &theirs).ok()? })
}

/// The text with changes that are in its order.
fn with_all<'a>(base: &str, changes: impl IntoIterator<Item = &'a Splice>) -> Option<String> {
    let (mut text, mut done) = (String::with_capacity(base.len()), 0);
    for change in changes {
        text.push_str(base.get(done..change.range.start)?);
        text.push_str(&change.text);
        done = change.range.end;
    }
    text.push_str(base.get(done..)?);
    Some(text)
}

/// Lines that are looked at around a change: more than are shown, since a line that is put between
/// equal ones may be shown as any of them.
const AROUND: usize = 20;

/// The change as `git apply` takes it; `None` where nothing changed.
#[must_use]
pub fn unified_diff(path: &str, old: &str, new: &str) -> Option<String> {
    let change = Splice::between(old, new)?;
    let start = lines_before(old, change.range.start);
    let end = lines_behind(old, change.range.end);
    let part = old.get(start..end)?;
    let changed = change.inside(start)?.applied(part);
    let lines = memchr::memchr_iter(b'\n', old.as_bytes().get(..start)?).count();
    let name = in_repository(path);
    let diff = TextDiff::from_lines(part, changed.as_str());
    let mut shown = format!("--- a/{name}\n+++ b/{name}\n");
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        let (first, last) = (hunk.ops().first()?, hunk.ops().last()?);
        let old = first.old_range().start..last.old_range().end;
        let new = first.new_range().start..last.new_range().end;
        writeln!(shown, "@@ -{} +{} @@", numbers(&old, lines), numbers(&new, lines)).ok()?;
        shown.push_str(hunk.to_string().split_once('\n')?.1);
    }
    Some(shown)
}

/// Lines of a hunk as its head tells them; of none the one before them.
fn numbers(range: &Range<usize>, above: usize) -> String {
    match range.len() {
        0 => format!("{},0", range.start + above),
        1 => (range.start + above + 1).to_string(),
        length => format!("{},{length}", range.start + above + 1),
    }
}

fn lines_before(text: &str, at: usize) -> usize {
    let head = text.as_bytes().get(..at).unwrap_or_default();
    memchr::memrchr_iter(b'\n', head).nth(AROUND).map_or(0, |end| end + 1)
}

fn lines_behind(text: &str, at: usize) -> usize {
    let tail = text.as_bytes().get(at..).unwrap_or_default();
    memchr::memchr_iter(b'\n', tail).nth(AROUND).map_or(text.len(), |end| at + end + 1)
}

/// A new file as `git apply` takes it.
#[must_use]
pub(super) fn diff_of_new(path: &str, text: &str) -> String {
    let diff = TextDiff::from_lines("", text);
    diff.unified_diff().header("/dev/null", &format!("b/{}", in_repository(path))).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged_texts(base: &str, texts: &[&str]) -> (String, Vec<usize>) {
        let changes: Vec<Splice> =
            texts.iter().filter_map(|new| Splice::between(base, new)).collect();
        merged(base, &changes.iter().collect::<Vec<_>>())
    }

    #[test]
    fn what_differs_is_told_in_whole_lines() {
        for (old, new, range, text) in [
            ("a\nb\nc\n", "a\nB\nc\n", 2..4, "B\n"),
            ("a\nb\n", "a\nb\nb\n", 4..4, "b\n"),
            ("a\nb", "a\nb\nc", 2..3, "b\nc"),
            ("xa\nya\n", "xa\n", 3..6, ""),
            ("a\n", "x\na\n", 0..0, "x\n"),
            ("aé\nb\n", "aè\nb\n", 0..4, "aè\n"),
            ("", "a\n", 0..0, "a\n"),
        ] {
            let change = Splice::between(old, new).unwrap();
            assert_eq!((change.range.clone(), change.text.as_str()), (range, text), "{old:?}");
            assert_eq!(change.applied(old), new);
        }
        assert_eq!(Splice::between("a", "a"), None);
    }

    #[test]
    fn changes_of_one_text_are_put_together_unless_they_contradict() {
        let base = "a\nb\nc\nd\ne\n";
        let (text, left) = merged_texts(
            base,
            &["A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", "A\nb\nc\nd\ne\n", "x\nb\nc\nd\ne\n"],
        );
        assert_eq!((text.as_str(), left.as_slice()), ("A\nb\nc\nd\nE\n", [3].as_slice()));
    }

    #[test]
    fn a_change_over_two_others_is_put_together_with_both() {
        let base = "a\nb\nc\nd\ne\nf\ng\n";
        let (first, last) = (base.replace("a\n", "A\n"), base.replace("g\n", "G\n"));
        let both = base.replace("a\n", "A\n").replace("d\n", "D\n").replace("g\n", "G\n");
        let (text, left) = merged_texts(base, &[&first, &last, &both]);
        assert_eq!((text, left), (both, Vec::new()));
    }

    #[test]
    fn a_change_far_down_is_told_at_its_lines() {
        let old = (1..200).map(|n| format!("{n}\n")).collect::<Vec<_>>().concat();
        let new = old.replace("\n150\n", "\n150\nx\n");
        let diff = unified_diff("a", &old, &new).unwrap();
        assert_eq!(
            diff,
            "--- a/a\n+++ b/a\n@@ -148,6 +148,7 @@\n 148\n 149\n 150\n+x\n 151\n 152\n 153\n"
        );
    }

    #[test]
    fn diff_names_a_path_of_the_repository() {
        assert!(
            unified_diff("./ci/a.yml", "x\n", "y")
                .unwrap()
                .starts_with("--- a/ci/a.yml\n+++ b/ci/a.yml\n")
        );
        assert!(unified_diff("/home/x/a.yml", "x\n", "y").unwrap().starts_with("--- a/a.yml\n"));
        assert!(unified_diff("a.yml", "x", "x").is_none());
    }
}
