//! Each text once: the same step stands in thousands of runs.

use std::collections::HashMap;

use super::wire::Text;
use crate::render::escape;

/// Texts by number. What comes from a log is made safe when it enters.
#[derive(Default)]
pub(super) struct Texts<'a> {
    known: HashMap<&'a str, Text>,
    list: Vec<String>,
}

impl<'a> Texts<'a> {
    pub(super) fn number(&mut self, text: &'a str) -> Text {
        let list = &mut self.list;
        *self.known.entry(text).or_insert_with(|| {
            list.push(escape::line(text));
            list.len() - 1
        })
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_each_text_once_and_safe() {
        let mut texts = Texts::default();
        let numbers = ["RUN a", "", "RUN a", "##[error] \u{1b}[2J"].map(|text| texts.number(text));
        assert_eq!(numbers, [0, 1, 0, 2]);
        assert_eq!(texts.into_list(), ["RUN a", "", r"# #[error] \u{1b}[2J"]);
    }
}
