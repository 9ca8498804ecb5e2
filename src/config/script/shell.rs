//! Simple commands of a shell script, with where each word stands.
//!
//! Enough of the POSIX grammar to know where a command begins and what its words are: quotes,
//! expansions, comments, here-documents, continued lines, loops and functions. Nothing is expanded.

mod word;

use std::ops::Range;

use self::word::read_word;

/// One word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Where it stands in the script.
    pub(super) range: Range<usize>,
    /// Without its quotes; variables as written.
    pub(super) value: String,
}

/// One simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Simple {
    /// Its words; redirections are left out.
    pub(super) words: Vec<Word>,
    /// Where the loop or function begins that holds it.
    pub(super) outer: Option<usize>,
}

/// All simple commands, in order.
pub(super) fn commands(text: &str) -> Vec<Simple> {
    let mut reader = Reader {
        text,
        at: 0,
        found: Vec::new(),
        current: Simple::default(),
        blocks: Vec::new(),
        heredocs: Vec::new(),
        dropped: false,
    };
    while reader.at < text.len() {
        reader.step();
    }
    reader.end();
    reader.found
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    found: Vec<Simple>,
    current: Simple,
    /// Open loops, functions and groups, with where they begin; a group runs once.
    blocks: Vec<(usize, bool)>,
    /// Delimiters of here-documents that begin on the next line; true where tabs are cut off.
    heredocs: Vec<(String, bool)>,
    /// The next word is the file of a redirection.
    dropped: bool,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) {
        let rest = self.rest();
        let next = rest.as_bytes().first().copied().unwrap_or_default();
        match next {
            b' ' | b'\t' | b'\r' => self.at += 1,
            // PowerShell continues a line with a grave accent.
            b'\\' | b'`' if rest.get(1..).is_some_and(|r| r.starts_with('\n')) => self.at += 2,
            b'#' => self.at += rest.find('\n').unwrap_or(rest.len()),
            b'\n' => {
                self.at += 1;
                self.end();
                self.skip_heredocs();
            }
            b'(' if rest.starts_with("()") => self.function(),
            b'&' if rest.starts_with("&>") => self.at += 1,
            b';' | b'&' | b'|' | b'(' | b')' => {
                self.at += 1;
                self.end();
            }
            b'<' | b'>' if !rest.get(1..).is_some_and(|r| r.starts_with('(')) => self.redirection(),
            _ => self.word(),
        }
    }

    /// `name() {`: what follows runs whenever it is called.
    fn function(&mut self) {
        let start = self.current.words.first().map_or(self.at, |word| word.range.start);
        self.at += 2;
        self.current = Simple::default();
        let body = self.rest().trim_start();
        if body.starts_with('{') {
            self.at = self.text.len() - body.len() + 1;
            self.blocks.push((start, true));
        }
    }

    fn redirection(&mut self) {
        // `2>file`: the number belongs to the redirection.
        let number = |word: &Word| {
            word.range.end == self.at && word.value.bytes().all(|b| b.is_ascii_digit())
        };
        if self.current.words.last().is_some_and(number) {
            self.current.words.pop();
        }
        let rest = self.rest();
        let heredoc = rest.starts_with("<<") && !rest.starts_with("<<<");
        let sign = rest.len() - rest.trim_start_matches(['<', '>', '&', '|']).len();
        let tabs = heredoc && rest.get(sign..).is_some_and(|r| r.starts_with('-'));
        self.at += sign + usize::from(tabs);
        if heredoc {
            self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
            let (_, value) = read_word(self.text, self.at);
            self.heredocs.push((value, tabs));
        }
        self.dropped = true;
    }

    fn skip_heredocs(&mut self) {
        for (delimiter, tabs) in std::mem::take(&mut self.heredocs) {
            while self.at < self.text.len() {
                let rest = self.rest();
                let line = rest.split('\n').next().unwrap_or_default();
                let ends = (if tabs { line.trim_start_matches('\t') } else { line }) == delimiter;
                self.at = (self.at + line.len() + 1).min(self.text.len());
                if ends {
                    break;
                }
            }
        }
    }

    fn word(&mut self) {
        let (end, value) = read_word(self.text, self.at);
        let range = self.at..end.max(self.at + 1);
        self.at = range.end;
        if std::mem::take(&mut self.dropped) {
            return;
        }
        if self.current.words.is_empty() && self.keyword(&value, range.start) {
            return;
        }
        self.current.words.push(Word { range, value });
    }

    /// Words of the grammar in front of a command; true where the word is taken.
    fn keyword(&mut self, word: &str, at: usize) -> bool {
        match word {
            "then" | "do" | "else" | "elif" | "if" | "!" => {}
            "while" | "until" => self.blocks.push((at, true)),
            // `for x in …` and `select` hold no command before `do`.
            "for" | "select" => {
                self.blocks.push((at, true));
                return false;
            }
            "{" => self.blocks.push((at, false)),
            "done" | "}" => drop(self.blocks.pop()),
            _ => return false,
        }
        true
    }

    fn end(&mut self) {
        self.dropped = false;
        let mut simple = std::mem::take(&mut self.current);
        if !simple.words.is_empty() {
            simple.outer =
                self.blocks.iter().find(|(_, repeats)| *repeats).map(|(start, _)| *start);
            self.found.push(simple);
        }
    }
}

#[cfg(test)]
mod tests;
