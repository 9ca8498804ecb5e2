//! Names of jobs, as files write them and as logs print them.

use super::pattern::fits_pieces;
use super::variables::between;

/// The printed name is this job's: variables in `written` stand for anything, and what a CI adds
/// for a leg is skipped. A name that is nothing but variables is nobody's.
pub(super) fn matches(written: &str, printed: &str) -> bool {
    let pieces = pieces(written);
    let certain = pieces.iter().any(|piece| !piece.is_empty());
    certain && candidates(printed).iter().any(|printed| fits_pieces(&pieces, &plain(printed)))
}

/// The name with and without the leg: `build (linux/amd64)`, `test 1/5`, `deploy: [aws, data]`.
fn candidates(printed: &str) -> Vec<&str> {
    let cut = |open: &str, close: char| {
        printed.strip_suffix(close).and_then(|text| text.split_once(open))
    };
    let number = printed.rsplit_once(' ').filter(|(_, leg)| {
        leg.split_once('/')
            .is_some_and(|(n, of)| [n, of].iter().all(|part| part.parse::<u32>().is_ok()))
    });
    let legs = [cut(" (", ')'), cut(": [", ']'), number];
    std::iter::once(printed).chain(legs.into_iter().flatten().map(|(name, _)| name)).collect()
}

/// Literal pieces between the variables, letters and digits only. `%n` and `%t` are Buildkite's
/// number and count of parallel jobs.
fn pieces(written: &str) -> Vec<String> {
    let written = written.replace("%n", "${n}").replace("%t", "${t}");
    between(&written).iter().map(|piece| plain(piece)).collect()
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect()
}
