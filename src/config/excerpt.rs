//! The part of a file that a change of one build reaches: a file of hundreds of builds is not read
//! as a whole for each of its patches.
//!
//! Left out are jobs, targets and commands that build and that nothing else in the file refers to.
//! What is changed in one cannot change these, and they cannot change what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Change, Place};

/// A file in parts.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    all: Vec<ExcerptPart>,
    /// Numbers of those that the file cannot do without.
    held: Vec<usize>,
    /// Parts that build, by what decides which builder each gets, where one that is made in a part
    /// is that of the parts behind it too.
    by_builder: BTreeMap<String, Vec<usize>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ExcerptPart {
    pub(super) range: Range<usize>,
    places: Range<usize>,
    /// The file can do without it.
    free: bool,
    /// Parts that it takes something from, by their numbers.
    pub(super) with: Vec<usize>,
    /// Those that take something from it.
    pub(super) heirs: Vec<usize>,
}

/// The file without most of the parts that are not changed.
pub(super) struct Excerpt<'a> {
    pub(super) text: String,
    /// How many places it has.
    pub(super) places: usize,
    /// What of the whole file it is made of.
    kept: Vec<Range<usize>>,
    /// What it has before the changed part, and behind it.
    ends: (usize, usize),
    /// That part in the whole file.
    part: &'a ExcerptPart,
    /// Number of its first place in the excerpt.
    first: usize,
}

/// With fewer parts to leave out the file is read as it is.
const FEW: usize = 4;

impl Parts {
    /// The jobs of a file below this key, empty where that is the whole file; those that others
    /// name stay, where a job can take anything from another.
    pub(super) fn of_jobs(text: &str, key: &str, named: bool, places: &[Place]) -> Option<Self> {
        let starts = starts(text, key);
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        let ranges = starts.iter().copied().zip(ends).map(|(start, end)| start..end);
        let mut parts =
            Self::of(text, ranges.map(|range| ExcerptPart::of(range, false)).collect(), places)?;
        for part in &mut parts.all {
            let own = text.get(part.range.clone())?;
            part.free = !part.places.is_empty() && !has_anchor(own);
        }
        Some(if named { parts.keep_named(text) } else { parts }.settled())
    }

    /// The lines of a script.
    pub(super) fn of_lines(text: &str, parts: Vec<ExcerptPart>, places: &[Place]) -> Option<Self> {
        let mut parts = Self::of(text, parts, places)?;
        for (number, part) in parts.all.iter().enumerate() {
            for place in places.get(part.places.clone()).into_iter().flatten() {
                let asked = (place.command.tool, &place.command.builder, &place.machine.driver);
                parts.by_builder.entry(format!("{asked:?}")).or_default().push(number);
            }
        }
        Some(parts.settled())
    }

    /// The blocks of a file, each with its links to others.
    pub(super) fn of_blocks(text: &str, parts: Vec<ExcerptPart>, places: &[Place]) -> Option<Self> {
        Some(Self::of(text, parts, places)?.settled())
    }

    /// `None` where the places do not stand in the order of its lines: several jobs may have one
    /// script.
    fn of(text: &str, mut all: Vec<ExcerptPart>, places: &[Place]) -> Option<Self> {
        let lines: Vec<usize> =
            places.iter().map(|p| line_start(text, p)).collect::<Option<_>>()?;
        let mut next = 0;
        for part in &mut all {
            let own = lines.iter().skip(next).take_while(|at| part.range.contains(*at)).count();
            part.places = next..next + own;
            next += own;
        }
        (next == places.len()).then_some(Self { all, ..Self::default() })
    }

    fn settled(mut self) -> Self {
        let held = self.all.iter().enumerate().filter(|(_, part)| !part.free);
        self.held = held.map(|(number, _)| number).collect();
        self
    }

    /// Jobs that others name may be what these are made of.
    fn keep_named(mut self, text: &str) -> Self {
        for part in self.all.iter_mut().filter(|part| part.free) {
            let own = text.get(part.range.clone()).unwrap_or_default();
            let name = own.split(':').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
            part.free = !name.is_empty() && named(text, name) == named(own, name);
        }
        self
    }

    /// What is left for changes of one part; `None` where they are of several, or nothing is gained.
    pub(super) fn around<'a>(&'a self, text: &str, changes: &[Change]) -> Option<Excerpt<'a>> {
        let first = changes.first()?.place()?;
        let at = self.all.partition_point(|part| part.places.end <= first);
        let part = self.all.get(at)?;
        let inside = |change: &Change| change.place().is_some_and(|at| part.places.contains(&at));
        let makes = changes.iter().any(Change::makes_a_builder);
        let mut kept = if makes { self.behind(at) } else { Vec::new() };
        kept.push(at);
        let kept: BTreeSet<usize> =
            self.needed(kept).into_iter().chain(self.held.iter().copied()).collect();
        if self.all.len() - kept.len() < FEW || !changes.iter().all(inside) {
            return None;
        }
        let mut excerpt = Excerpt {
            text: String::new(),
            places: 0,
            kept: Vec::new(),
            ends: (0, 0),
            part,
            first: 0,
        };
        for number in kept {
            let other = self.all.get(number)?;
            if number == at {
                (excerpt.ends.0, excerpt.first) = (excerpt.text.len(), excerpt.places);
            }
            excerpt.text.push_str(text.get(other.range.clone())?);
            excerpt.kept.push(other.range.clone());
            excerpt.places += other.places.len();
            if number == at {
                excerpt.ends.1 = excerpt.text.len();
            }
        }
        excerpt.ends.1 = excerpt.text.len() - excerpt.ends.1;
        Some(excerpt)
    }

    /// One part behind this one for each builder that they get.
    fn behind(&self, at: usize) -> Vec<usize> {
        let next =
            |parts: &Vec<usize>| parts.get(parts.partition_point(|number| *number <= at)).copied();
        self.by_builder.values().filter_map(next).collect()
    }

    /// These parts, their heirs, and all that those take something from.
    fn needed(&self, parts: Vec<usize>) -> BTreeSet<usize> {
        let heirs = self.reached(parts, |part| &part.heirs);
        self.reached(heirs.into_iter().collect(), |part| &part.with)
    }

    fn reached(
        &self,
        from: Vec<usize>,
        next: impl Fn(&ExcerptPart) -> &[usize],
    ) -> BTreeSet<usize> {
        let (mut reached, mut open) = (BTreeSet::new(), from);
        while let Some(at) = open.pop() {
            if reached.insert(at) {
                open.extend(self.all.get(at).into_iter().flat_map(&next));
            }
        }
        reached
    }
}

impl ExcerptPart {
    pub(super) fn of(range: Range<usize>, free: bool) -> Self {
        Self { range, free, ..Self::default() }
    }
}

impl Excerpt<'_> {
    /// The changes by the numbers that their places have in it.
    pub(super) fn numbered(&self, changes: &[Change]) -> Vec<Change> {
        changes.iter().map(|change| change.renumbered(|at| self.number(at))).collect()
    }

    /// The number that a place of the changed part has in it.
    pub(super) fn number(&self, place: usize) -> usize {
        place - self.part.places.start + self.first
    }

    /// The line that this one is in the whole file.
    pub(super) fn line_of(&self, whole: &str, line: u64) -> Option<u64> {
        let mut above = usize::try_from(line).ok()?.checked_sub(1)?;
        for range in &self.kept {
            let own = whole.as_bytes().get(range.clone())?;
            let open = own.last().is_some_and(|last| *last != b'\n');
            let lines = memchr::memchr_iter(b'\n', own).count() + usize::from(open);
            if above < lines {
                let before = whole.as_bytes().get(..range.start)?;
                return u64::try_from(memchr::memchr_iter(b'\n', before).count() + above + 1).ok();
            }
            above -= lines;
        }
        None
    }

    /// The whole file with the part as it is in the changed excerpt; `None` where more than that
    /// was changed.
    pub(super) fn put_back(&self, whole: &str, changed: &str) -> Option<String> {
        let (before, behind) = self.ends;
        let end = changed.len().checked_sub(behind)?;
        let same = changed.get(..before) == self.text.get(..before)
            && changed.get(end..) == self.text.get(self.text.len() - behind..);
        if !same {
            return None;
        }
        let part = changed.get(before..end)?;
        let range = &self.part.range;
        Some([whole.get(..range.start)?, part, whole.get(range.end..)?].concat())
    }
}

/// Where the entries below the key begin, with the begin of the file and of what is behind them.
fn starts(text: &str, key: &str) -> Vec<usize> {
    let mut starts = vec![0];
    let (mut inside, mut indent) = (key.is_empty(), key.is_empty().then_some(0));
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let begin = at;
        at += line.len();
        let body = line.trim_start_matches(' ');
        let width = line.len() - body.len();
        if body.trim().is_empty() || body.starts_with('#') {
            continue;
        }
        if width == 0 && !key.is_empty() {
            if inside {
                starts.push(begin);
            }
            inside = body.trim_end().strip_suffix(':') == Some(key);
            continue;
        }
        if inside && width == *indent.get_or_insert(width) && begin > 0 {
            starts.push(begin);
        }
    }
    starts
}

fn line_start(text: &str, place: &Place) -> Option<usize> {
    let before = usize::try_from(place.command.quote.line).ok()?.checked_sub(1)?;
    if before == 0 {
        return Some(0);
    }
    memchr::memchr_iter(b'\n', text.as_bytes()).nth(before - 1).map(|end| end + 1)
}

/// How often the name stands in the text, not as a part of a longer one.
fn named(text: &str, name: &str) -> usize {
    let bytes = text.as_bytes();
    let goes_on = |byte: Option<&u8>| {
        byte.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    };
    let is_whole = |at: &usize| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        !goes_on(before) && !goes_on(bytes.get(at + name.len()))
    };
    memchr::memmem::find_iter(bytes, name).filter(is_whole).count()
}

/// Something in it may be named elsewhere: `&name`.
fn has_anchor(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'&', bytes).any(|at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let behind = bytes.get(at + 1);
        before.is_some_and(u8::is_ascii_whitespace)
            && behind.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Command, Quote};

    fn place(line: u64) -> Place {
        let quote = Quote { line, text: "".into() };
        Place { command: Command { quote, ..Command::default() }, ..Place::default() }
    }

    #[test]
    fn a_job_is_changed_without_the_others() {
        let jobs: String =
            (0..9).fold(String::new(), |all, n| all + &format!("  j{n}:\n    run: x && y\n"));
        let text = format!("on: push\njobs:\n{jobs}# end\nenv:\n  A: 1\n");
        let places: Vec<Place> = (0..9).map(|n| place(4 + 2 * n)).collect();
        let parts = Parts::of_jobs(&text, "jobs", false, &places).unwrap();
        let change = [Change::UseCache { place: 5 }];
        let excerpt = parts.around(&text, &change).unwrap();
        assert_eq!(excerpt.text, "on: push\njobs:\n  j5:\n    run: x && y\nenv:\n  A: 1\n");
        assert_eq!(
            (excerpt.places, excerpt.numbered(&change)),
            (1, vec![Change::UseCache { place: 0 }])
        );
        let changed = excerpt.text.replace("x && y", "z");
        let whole = excerpt.put_back(&text, &changed).unwrap();
        assert_eq!(whole, text.replacen("  j5:\n    run: x && y", "  j5:\n    run: z", 1));
        assert_eq!(excerpt.put_back(&text, &changed.replace("A: 1", "A: 2")), None);
    }

    #[test]
    fn what_others_are_made_of_stays() {
        let jobs: String =
            (1..9).fold(String::new(), |all, n| all + &format!("web{n}:\n  script: x\n"));
        let text = format!("{jobs}web33:\n  extends: web3\n  x: &x\n    script: z\n");
        let places: Vec<Place> = (1..9).map(|n| place(2 * n)).chain([place(20)]).collect();
        let parts = Parts::of_jobs(&text, "", true, &places).unwrap();
        let excerpt = parts.around(&text, &[Change::UseCache { place: 0 }]).unwrap();
        let kept = ["web1:", "web3:", "web33:"];
        assert!(kept.iter().all(|name| excerpt.text.contains(name)) && excerpt.places == 3);
        let unordered = [place(4), place(2)];
        assert!(Parts::of_jobs(&text, "", true, &unordered).is_none());
    }
}
