//! Short names for sources: long paths leave no room for the line that is quoted.

/// The path from the last folder on that tells it apart from all others: `run-03.log`,
/// `web/run-03.log`.
pub(super) fn shortest<'a>(source: &'a str, all: &[&str]) -> &'a str {
    let tails = source.rmatch_indices(['/', '\\']).filter_map(|(at, _)| source.get(at + 1..));
    let unique = |tail: &&str| {
        !tail.is_empty() && !all.iter().any(|other| *other != source && ends_in(other, tail))
    };
    tails.filter(|tail| !tail.is_empty()).find(unique).unwrap_or(source)
}

/// The path ends in these components.
fn ends_in(path: &str, tail: &str) -> bool {
    path.strip_suffix(tail).is_some_and(|start| start.is_empty() || start.ends_with(['/', '\\']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_tells_sources_apart() {
        let all = ["a/web/run-1.log", "a/api/run-1.log", "a/web/other-run-2.log", "run-3.log"];
        assert_eq!(shortest("a/web/run-1.log", &all), "web/run-1.log");
        assert_eq!(shortest("b/run-2.log", &all), "run-2.log");
        assert_eq!(shortest("x/run-3.log", &all), "x/run-3.log");
        assert_eq!(shortest("run-3.log", &all), "run-3.log");
        assert_eq!(shortest("logs/", &all), "logs/");
    }
}
