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
    /// Variables of the loops that hold it, with the words they go through: `for x in a b`.
    pub(super) loops: Vec<(String, Vec<String>)>,
    /// What its last word assigns, where that is an array: `args=(--push .)`.
    pub(super) array: Vec<String>,
    /// A condition decides whether it runs: `if`, `case`, `[ … ] &&`.
    pub(super) sometimes: bool,
}

/// All simple commands, in order.
pub(super) fn commands(text: &str) -> Vec<Simple> {
    let mut reader = ShellReader {
        text,
        at: 0,
        found: Vec::new(),
        current: Simple::default(),
        blocks: Vec::new(),
        heredocs: Vec::new(),
        conditions: 0,
        tested: false,
        dropped: false,
    };
    while reader.at < text.len() {
        reader.step();
    }
    reader.end();
    reader.found
}

/// An open loop, function or group.
struct Block {
    start: usize,
    /// A group runs once.
    repeats: bool,
    /// `for x in a b`
    variable: Option<(String, Vec<String>)>,
}

impl Block {
    fn new(start: usize, repeats: bool) -> Self {
        Self { start, repeats, variable: None }
    }
}

struct ShellReader<'a> {
    text: &'a str,
    at: usize,
    found: Vec<Simple>,
    current: Simple,
    blocks: Vec<Block>,
    /// Delimiters of here-documents that begin on the next line; true where tabs are cut off.
    heredocs: Vec<(String, bool)>,
    /// Open `if` and `case`.
    conditions: usize,
    /// The list of commands that `&&` and `||` join began with a test.
    tested: bool,
    /// The next word is the file of a redirection.
    dropped: bool,
}

impl ShellReader<'_> {
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
                self.tested = false;
                self.skip_heredocs();
            }
            b'(' if self.begins_an_array() => self.array(),
            b'(' if rest.starts_with("()") => self.function(),
            b'&' if rest.starts_with("&>") => self.at += 1,
            b';' | b'&' | b'|' | b'(' | b')' => {
                self.at += 1;
                self.end();
                self.tested &= next != b';';
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
            self.blocks.push(Block::new(start, true));
        }
    }

    /// `args=(`, `args+=(`
    fn begins_an_array(&self) -> bool {
        let last = self.current.words.last().filter(|word| word.range.end == self.at);
        let name = last.and_then(|word| word.value.strip_suffix('='));
        name.is_some_and(|name| is_name(name.trim_end_matches('+')))
    }

    /// Its elements may stand on lines of their own, with comments between them.
    fn array(&mut self) {
        self.at += 1;
        while let Some(next) = self.rest().as_bytes().first().copied() {
            match next {
                b')' => break,
                b'#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                b' ' | b'\t' | b'\r' | b'\n' | b'\\' => self.at += 1,
                _ => {
                    let (end, value) = read_word(self.text, self.at);
                    if end <= self.at {
                        return;
                    }
                    self.at = end;
                    self.current.array.push(value);
                }
            }
        }
        self.at += 1;
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
            "then" | "do" | "else" | "elif" | "!" => {}
            "if" => self.conditions += 1,
            // Words of `case` are a command here, as those of `for` are.
            "case" => {
                self.conditions += 1;
                return false;
            }
            "fi" | "esac" => {
                self.conditions = self.conditions.saturating_sub(1);
                return false;
            }
            "while" | "until" => self.blocks.push(Block::new(at, true)),
            // `for x in …` and `select` hold no command before `do`.
            "for" | "select" => {
                self.blocks.push(Block::new(at, true));
                return false;
            }
            "{" => self.blocks.push(Block::new(at, false)),
            "done" | "}" => drop(self.blocks.pop()),
            _ => return false,
        }
        true
    }

    fn end(&mut self) {
        self.dropped = false;
        let mut simple = std::mem::take(&mut self.current);
        if simple.words.is_empty() {
            return;
        }
        if let Some(block) = self.blocks.last_mut().filter(|block| block.variable.is_none()) {
            block.variable = looped(&simple.words);
        }
        simple.sometimes = self.conditions > 0 || self.tested;
        let first = simple.words.first().map(|word| word.value.as_str());
        self.tested |= matches!(first, Some("[" | "[[" | "test"));
        simple.outer = self.blocks.iter().find(|block| block.repeats).map(|block| block.start);
        simple.loops = self.blocks.iter().filter_map(|block| block.variable.clone()).collect();
        self.found.push(simple);
    }
}

/// It may be the name of a variable.
pub(super) fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `for x in a b`
fn looped(words: &[Word]) -> Option<(String, Vec<String>)> {
    let mut words = words.iter().map(|word| word.value.as_str());
    if !matches!(words.next()?, "for" | "select") {
        return None;
    }
    let name = words.next()?;
    (words.next() == Some("in")).then(|| (name.to_owned(), words.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests;
