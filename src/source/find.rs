//! Words in a line.

use memchr::memchr_iter;

/// Where these words begin. [`memchr::memmem`] prepares its search, which takes longer than most
/// lines are.
#[must_use]
pub fn find(line: &[u8], words: &[u8]) -> Option<usize> {
    let (first, rest) = words.split_first()?;
    memchr_iter(*first, line)
        .find(|at| line.get(at + 1..).is_some_and(|line| line.starts_with(rest)))
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn finds_the_first_of_several() {
        assert_eq!(find(b"a ab abc abc", b"abc"), Some(5));
        assert_eq!(find(b"ab", b"abc"), None);
        assert_eq!(find(b"aab", b"ab"), Some(1));
    }
}
