//! What became of one row of the grid in one build.
//!
//! The letters are read by `page/model.js`, which says each of them in words.

use std::collections::HashMap;

use crate::model::{Base, CacheOutcome, CiCache, Outcome, Quote, Step, Transfer};
use crate::rules;

/// One cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    /// The letter.
    pub mark: char,
    /// Seconds, where the log tells.
    pub seconds: Option<f64>,
    /// Lines that tell of it, the first one first; 0 is none.
    pub lines: [u64; 3],
    /// The step, where it is one.
    pub step: Option<&'a Step>,
    /// What the builder said of a failure.
    pub error: Option<&'a str>,
}

impl<'a> Cell<'a> {
    pub(super) fn of_step(step: &'a Step) -> Self {
        let mark = match step.outcome {
            Outcome::Hit if step.fetched.is_some() => 'p',
            Outcome::Hit => 'h',
            Outcome::Miss => 'm',
            Outcome::Failed => 'f',
            Outcome::Canceled => 'c',
            Outcome::Unknown => '-',
        };
        let lines = [step.header.line, line(step.verdict.as_ref()), line(step.fetched.as_ref())];
        Self { mark, seconds: step.seconds, lines, step: Some(step), error: None }
    }

    /// A reference that is not there yet is how every cache begins, so that is no failure:
    /// `failed to configure registry cache importer: localhost:5000/app:cache: not found`.
    pub(super) fn of_import(import: &'a Transfer) -> Self {
        let cell = Self::of_export(import);
        Self { mark: if rules::is_absent(import) { 'n' } else { cell.mark }, ..cell }
    }

    pub(super) fn of_export(transfer: &'a Transfer) -> Self {
        let mark = match (&transfer.error, transfer.ended) {
            (Some(_), _) => 'e',
            (None, true) => 'o',
            (None, false) => '-',
        };
        let lines = [transfer.header.line, line(transfer.verdict.as_ref()), 0];
        Self {
            seconds: transfer.seconds,
            error: transfer.error.as_deref(),
            ..Self::line_only(mark, lines)
        }
    }

    pub(super) fn of_inline_export(quote: &Quote) -> Self {
        Self::line_only('o', [quote.line, 0, 0])
    }

    pub(super) fn of_ci_cache(cache: &'a CiCache) -> Self {
        let mark = match cache.outcome {
            CacheOutcome::Hit | CacheOutcome::Saved => 'o',
            CacheOutcome::Partial => 'q',
            CacheOutcome::Miss => 'n',
            CacheOutcome::Exists => 'x',
            CacheOutcome::Skipped => 's',
            CacheOutcome::Failed => 'e',
        };
        Self {
            error: (mark == 'e').then_some(&*cache.quote.text),
            ..Self::line_only(mark, [cache.quote.line, 0, 0])
        }
    }

    /// `known` holds the digest each image had in the build before.
    pub(super) fn of_base(
        base: &'a Base,
        known: &mut HashMap<(&'a str, &'a str, &'a str), &'a str>,
    ) -> Self {
        let image = (base.platform.as_str(), base.stage.as_str(), base.image.as_str());
        let before =
            base.digest.as_deref().and_then(|digest| Some((known.insert(image, digest)?, digest)));
        let moved = before.is_some_and(|(before, now)| before != now);
        let lines = [base.quote.line, line(base.pulled.as_ref()), 0];
        Self::line_only(if moved { 'D' } else { 'd' }, lines)
    }

    fn line_only(mark: char, lines: [u64; 3]) -> Self {
        Self { mark, seconds: None, lines, step: None, error: None }
    }

    /// Tenths of a second, -1 where the log does not tell.
    pub(super) fn tenths(&self) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates: no step takes longer than i64 holds"
        )]
        self.seconds.map_or(-1, |seconds| (seconds.max(0.0) * 10.0).round() as i64)
    }
}

fn line(quote: Option<&Quote>) -> u64 {
    quote.map_or(0, |quote| quote.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetched_layer_is_told_from_one_that_was_there() {
        let mut step = Step { outcome: Outcome::Hit, seconds: Some(1.26), ..Step::default() };
        assert_eq!((Cell::of_step(&step).mark, Cell::of_step(&step).tenths()), ('h', 13));
        step.fetched = Some(Quote::new(7, b"#9 extracting"));
        assert_eq!((Cell::of_step(&step).mark, Cell::of_step(&step).lines), ('p', [0, 0, 7]));
        step.outcome = Outcome::Miss;
        assert_eq!(Cell::of_step(&step).mark, 'm');
    }

    #[test]
    fn a_base_moves_when_its_digest_does() {
        let base =
            |digest: Option<&str>| Base { digest: digest.map(Into::into), ..Base::default() };
        let bases =
            [base(Some("a")), base(Some("a")), base(None), base(Some("b")), base(Some("b"))];
        let mut known = HashMap::new();
        let marks: String = bases.iter().map(|base| Cell::of_base(base, &mut known).mark).collect();
        assert_eq!(marks, "dddDd");
    }
}
