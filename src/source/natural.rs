//! The natural order of names.

use std::cmp::Ordering;

/// `run-9` before `run-10`, and names that differ in blanks and zeros only as their bytes. Of two
/// files of one folder the folder is not compared number by number.
#[must_use]
pub fn natural(a: &str, b: &str) -> Ordering {
    let (name_of_a, name_of_b) = match (a.rsplit_once('/'), b.rsplit_once('/')) {
        (Some((folder, a)), Some((other, b))) if folder == other => (a, b),
        _ => (a, b),
    };
    natord::compare(name_of_a, name_of_b).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_in_names_and_in_folders() {
        for (first, second) in [
            ("run-9.log", "run-10.log"),
            ("a/9/b.log", "a/10/a.log"),
            ("a/run-9.log", "a/run-10.log"),
            ("run-1.log", "run-01.log"),
        ] {
            assert_ne!(natural(first, second), Ordering::Equal, "{first} {second}");
            assert_eq!(natural(first, second), natural(second, first).reverse());
        }
        assert_eq!(natural("a/run-9.log", "a/run-10.log"), Ordering::Less);
        assert_eq!(natural("a/9/b.log", "a/10/a.log"), Ordering::Less);
    }
}
