//! The part of a file that a change of one job reaches: a file of hundreds of jobs is not read as a
//! whole for each of its patches.
//!
//! Left out are jobs that build and that nothing else in the file refers to. What is changed in one
//! job cannot change these, and they cannot change what it says.

use std::ops::Range;

use super::{Change, Place};

/// A file as its jobs part it.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    all: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    range: Range<usize>,
    places: Range<usize>,
    /// Others do without it.
    free: bool,
}

/// The file without most of the jobs that are not changed.
pub(super) struct Excerpt<'a> {
    pub(super) text: String,
    /// How many places it has.
    pub(super) places: usize,
    /// What it has before the changed job, and behind it.
    ends: (usize, usize),
    /// That job in the whole file.
    part: &'a Part,
    /// Number of its first place in the excerpt.
    first: usize,
}

/// With fewer jobs to leave out the file is read as it is.
const FEW: usize = 4;

impl Parts {
    /// `key` is the one below which jobs stand, empty where that is the whole file. `None` where
    /// the places do not stand in the order of its lines: several jobs may have one script.
    pub(super) fn of(text: &str, key: &str, places: &[Place]) -> Option<Self> {
        let starts = starts(text, key);
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        let lines: Vec<usize> =
            places.iter().map(|p| line_start(text, p)).collect::<Option<_>>()?;
        let mut all = Vec::new();
        let mut next = 0;
        for range in starts.iter().copied().zip(ends).map(|(start, end)| start..end) {
            let own = lines.iter().skip(next).take_while(|at| range.contains(*at)).count();
            let places = next..next + own;
            next += own;
            let free = own > 0 && !has_anchor(text.get(range.clone())?);
            all.push(Part { range, places, free });
        }
        (next == places.len()).then_some(Self { all })
    }

    /// Jobs that others name may be what these are made of.
    pub(super) fn keep_named(mut self, text: &str) -> Self {
        for part in self.all.iter_mut().filter(|part| part.free) {
            let own = text.get(part.range.clone()).unwrap_or_default();
            let name = own.split(':').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
            part.free = !name.is_empty() && named(text, name) == named(own, name);
        }
        self
    }

    /// What is left for changes of one job; `None` where they are of several, or nothing is gained.
    pub(super) fn around<'a>(&'a self, text: &str, changes: &[Change]) -> Option<Excerpt<'a>> {
        let first = changes.first()?.place()?;
        let part = self.all.iter().find(|part| part.places.contains(&first))?;
        let inside = |change: &Change| change.place().is_some_and(|at| part.places.contains(&at));
        let left_out = self.all.iter().filter(|other| other.free && other.range != part.range);
        if left_out.count() < FEW || !changes.iter().all(inside) {
            return None;
        }
        let mut excerpt = Excerpt { text: String::new(), places: 0, ends: (0, 0), part, first: 0 };
        for other in &self.all {
            let is_it = other.range == part.range;
            if other.free && !is_it {
                continue;
            }
            if is_it {
                (excerpt.ends.0, excerpt.first) = (excerpt.text.len(), excerpt.places);
            }
            excerpt.text.push_str(text.get(other.range.clone())?);
            excerpt.places += other.places.len();
            if is_it {
                excerpt.ends.1 = excerpt.text.len();
            }
        }
        excerpt.ends.1 = excerpt.text.len() - excerpt.ends.1;
        Some(excerpt)
    }
}

impl Excerpt<'_> {
    /// The changes by the numbers that their places have in it.
    pub(super) fn numbered(&self, changes: &[Change]) -> Vec<Change> {
        let number = |at: usize| at - self.part.places.start + self.first;
        changes.iter().map(|change| change.renumbered(number)).collect()
    }

    /// The whole file with the job as it is in the changed excerpt; `None` where more than the job
    /// was changed.
    pub(super) fn put_back(&self, whole: &str, changed: &str) -> Option<String> {
        let (before, behind) = self.ends;
        let end = changed.len().checked_sub(behind)?;
        let same = changed.get(..before) == self.text.get(..before)
            && changed.get(end..) == self.text.get(self.text.len() - behind..);
        let job = changed.get(before..end).filter(|_| same)?;
        let range = &self.part.range;
        Some([whole.get(..range.start)?, job, whole.get(range.end..)?].concat())
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
        let parts = Parts::of(&text, "jobs", &places).unwrap();
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
        let parts = Parts::of(&text, "", &places).unwrap().keep_named(&text);
        let excerpt = parts.around(&text, &[Change::UseCache { place: 0 }]).unwrap();
        let kept = ["web1:", "web3:", "web33:"];
        assert!(kept.iter().all(|name| excerpt.text.contains(name)) && excerpt.places == 3);
        let unordered = [place(4), place(2)];
        assert!(Parts::of(&text, "", &unordered).is_none());
    }
}
