//! Where a row of hits and misses changes for good, and where it only goes to and fro.

use super::SELDOM;
use super::chance::{Odds, real};

/// Runs of a stretch, at least: one cold run after a change is how every cache begins, and two may
/// be bad luck.
pub(super) const LEAST: usize = 3;

/// What a stretch more costs, in halves of a run that is not like the others of its stretch: at the
/// end of a row three runs make a stretch, between two that are alike it takes four.
const PRICE: usize = 3;

/// The first place of each stretch but the first: a row of hits (`true`) and misses in as few
/// stretches as tell it, of which neighbours differ more than by chance.
pub(super) fn starts(row: &[bool]) -> Vec<usize> {
    let places = (row.len() + 1).saturating_sub(2 * LEAST);
    let mut starts = fewest(row);
    let odds = Odds::of(row.len());
    loop {
        let odds = |at: usize| by_chance(&odds, row, &starts, at) * real(places);
        let weakest = (0..starts.len()).map(|at| (odds(at), at)).max_by(|a, b| a.0.total_cmp(&b.0));
        match weakest.filter(|(odds, _)| *odds * SELDOM > 1.0) {
            Some((_, at)) => drop(starts.remove(at)),
            None => return starts,
        }
    }
}

/// Each run is another than the one before it, or nearly, where there are enough of them.
pub(super) fn in_turns(states: &[Option<bool>]) -> bool {
    let row: Vec<bool> = states.iter().copied().flatten().collect();
    let turns = row.windows(2).filter(|pair| pair.first() != pair.last()).count();
    let places = row.len().saturating_sub(1);
    Odds::of(places).of_turns(turns, places) * SELDOM <= 1.0
}

/// The stretches with the least cost: runs that are not like most of theirs, and the price of each
/// stretch.
fn fewest(row: &[bool]) -> Vec<usize> {
    let upto: Vec<usize> = std::iter::once(0)
        .chain(row.iter().scan(0, |hits, hit| {
            *hits += usize::from(*hit);
            Some(*hits)
        }))
        .collect();
    let hits =
        |from: usize, to: usize| upto.get(to).zip(upto.get(from)).map_or(0, |(to, from)| to - from);
    let odd = |from: usize, to: usize| hits(from, to).min(to - from - hits(from, to));
    // Of each prefix, its least cost and where its last stretch starts.
    let mut best: Vec<(usize, usize)> = vec![(0, 0)];
    for end in 1..=row.len() {
        let whole = (2 * odd(0, end), 0);
        let parted = (LEAST..(end + 1).saturating_sub(LEAST)).filter_map(|start| {
            let (cost, _) = best.get(start)?;
            Some((cost + PRICE + 2 * odd(start, end), start))
        });
        best.push(std::iter::once(whole).chain(parted).min().unwrap_or(whole));
    }
    let mut starts = Vec::new();
    let mut end = row.len();
    while let Some((_, start)) = best.get(end).filter(|(_, start)| *start > 0) {
        starts.push(*start);
        end = *start;
    }
    starts.reverse();
    starts
}

/// How likely by chance the stretches before and after a start are as different as they are.
fn by_chance(odds: &Odds, row: &[bool], starts: &[usize], at: usize) -> f64 {
    let begin = at.checked_sub(1).and_then(|before| starts.get(before)).copied().unwrap_or(0);
    let (start, end) =
        (starts.get(at).copied().unwrap_or(0), starts.get(at + 1).copied().unwrap_or(row.len()));
    let count = |from: usize, to: usize| {
        let part = row.get(from..to).unwrap_or_default();
        (part.iter().filter(|hit| **hit).count(), part.len())
    };
    let (before, after) = (count(begin, start), count(start, end));
    odds.of_split(before, after).min(odds.of_split(after, before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(marks: &str) -> Vec<bool> {
        marks.bytes().map(|mark| mark == b'#').collect()
    }

    fn found(marks: &str) -> Vec<usize> {
        starts(&row(marks))
    }

    #[test]
    fn breaks_where_it_lasts() {
        assert_eq!(found("###..."), [3]);
        assert_eq!(found("##########..."), [10]);
        assert_eq!(found("....######"), [4]);
        assert_eq!(found("###.######...."), [10], "a miss before it is a miss");
        assert_eq!(found("########....########"), [8, 12], "broken and mended");
    }

    #[test]
    fn says_nothing_of_a_miss_or_of_too_few_runs() {
        for marks in
            ["", "#", "##..", "###..", "#######.", "#######..", "####.####", "####...####", "..###"]
        {
            assert_eq!(found(marks), [0; 0], "{marks}");
        }
    }

    #[test]
    fn to_and_fro_is_no_break() {
        for marks in
            ["#.#.#.#.#.#.", "##..##..##..", "##.##.##.##.", "#..#..#..#..#..", "##.#..#.##..#."]
        {
            assert_eq!(found(marks), [0; 0], "{marks}");
        }
    }

    #[test]
    fn turns_are_told_from_luck() {
        let turns = |marks: &str| in_turns(&row(marks).into_iter().map(Some).collect::<Vec<_>>());
        assert!(turns(".#.#.") && turns(".#.#.#.##.#.#"));
        assert!(!turns(".#.#") && !turns("##..##..##..") && !turns("") && !turns("#######.####"));
    }

    /// All rows of ten runs that a coin can throw: few of them have a change in them.
    #[test]
    fn chance_is_seldom_called_a_change() {
        let thrown =
            (0..1024_u32).map(|bits| (0..10).map(|n| bits >> n & 1 == 1).collect::<Vec<bool>>());
        let called = thrown.filter(|row| !starts(row).is_empty()).count();
        assert!(called * 15 < 1024, "{called} of 1024");
    }
}
