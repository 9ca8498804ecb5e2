//! How often chance alone would do as well.

/// Logarithms of the factorials up to the number of runs: what all odds are made of.
pub(super) struct Odds(Vec<f64>);

impl Odds {
    /// For so many runs.
    pub(super) fn of(runs: usize) -> Self {
        let sums = (1..=runs).scan(0.0, |sum, n| {
            *sum += real(n).ln();
            Some(*sum)
        });
        Self(std::iter::once(0.0).chain(sums).collect())
    }

    /// Fisher's exact test, to one side: with these hits and misses in any order, how often the
    /// first part would have a share of hits at least as large as it has. Each part is hits, and
    /// all.
    pub(super) fn of_split(&self, first: (usize, usize), second: (usize, usize)) -> f64 {
        let (hits, all) = (first.0 + second.0, first.1 + second.1);
        let ways = self.ln_choose(all, first.1);
        let of = |n: usize| {
            (self.ln_choose(hits, n) + self.ln_choose(all - hits, first.1 - n) - ways).exp()
        };
        // Fewer hits than what the rest cannot hold are not possible.
        (first.0..=hits.min(first.1)).filter(|n| first.1 - n <= all - hits).map(of).sum()
    }

    /// How often a coin would change sides at least so often between the throws at these many
    /// places.
    pub(super) fn of_turns(&self, turns: usize, places: usize) -> f64 {
        (turns..=places)
            .map(|n| (self.ln_choose(places, n) - real(places) * 2_f64.ln()).exp())
            .sum()
    }

    /// Logarithm of the number of ways to choose `k` of `n`.
    fn ln_choose(&self, n: usize, k: usize) -> f64 {
        let ln = |n: usize| self.0.get(n).copied().unwrap_or(f64::INFINITY);
        ln(n) - ln(k) - ln(n - k)
    }
}

pub(super) fn real(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn a_split_is_as_likely_as_counting_says() {
        let odds = Odds::of(1000);
        let of_split = |first, second| odds.of_split(first, second);
        assert!(near(of_split((3, 3), (0, 3)), 1.0 / 20.0));
        // Fisher's tea: three of four cups told right, (16 + 1) / 70.
        assert!(near(of_split((3, 4), (1, 4)), 17.0 / 70.0));
        assert!(near(of_split((0, 3), (3, 3)), 1.0));
        assert!(of_split((500, 500), (0, 500)) < 1e-200);
    }

    #[test]
    fn turns_are_throws_of_a_coin() {
        let of_turns = |turns, places| Odds::of(places).of_turns(turns, places);
        assert!(near(of_turns(5, 5), 1.0 / 32.0));
        assert!(near(of_turns(4, 5), 6.0 / 32.0));
        assert!(near(of_turns(0, 7), 1.0));
    }
}
