//! Simple commands of a shell script, with where each word stands.
//!
//! Enough of the POSIX grammar to know where a command begins and what its words are: quotes,
//! expansions, comments, here-documents, continued lines, loops and functions. Nothing is expanded.

use std::ops::Range;

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
        let number = |word: &Word| word.range.end == self.at && word.value.bytes().all(|b| b.is_ascii_digit());
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
            simple.outer = self.blocks.iter().find(|(_, repeats)| *repeats).map(|(start, _)| *start);
            self.found.push(simple);
        }
    }
}

/// End and value of the word at `start`.
fn read_word(text: &str, start: usize) -> (usize, String) {
    let mut value = String::new();
    let mut at = start;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match rest.as_bytes().first().copied().unwrap_or_default() {
            b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b')' => break,
            b'<' | b'>' | b'(' if !(at == start && rest.get(1..).is_some_and(|r| r.starts_with('('))) => break,
            b'\\' | b'`' if rest.get(1..).is_some_and(|r| r.starts_with('\n')) => break,
            b'\\' => {
                let escaped = rest.chars().nth(1);
                value.extend(escaped);
                1 + escaped.map_or(0, char::len_utf8)
            }
            b'\'' => {
                let inner = rest.get(1..).and_then(|r| r.find('\'')).unwrap_or(rest.len().saturating_sub(1));
                value.push_str(rest.get(1..=inner).unwrap_or_default());
                (inner + 2).min(rest.len())
            }
            b'"' => double_quoted(rest, &mut value),
            _ => {
                let length = expansion(rest).unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
                value.push_str(rest.get(..length).unwrap_or_default());
                length
            }
        };
        at += length;
    }
    (at, value)
}

fn double_quoted(text: &str, value: &mut String) -> usize {
    let mut at = 1;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let c = rest.chars().next().unwrap_or_default();
        let escaped = rest.get(1..).and_then(|r| r.chars().next());
        match (c, escaped) {
            ('"', _) => return at + 1,
            ('\\', Some('\n')) => at += 2,
            ('\\', Some(next @ ('"' | '\\' | '$' | '`'))) => {
                value.push(next);
                at += 2;
            }
            _ => {
                let length = expansion(rest).unwrap_or(c.len_utf8());
                value.push_str(rest.get(..length).unwrap_or_default());
                at += length;
            }
        }
    }
    text.len()
}

/// Length of `$(…)`, `${…}`, `${{ … }}` or `` `…` `` at the begin of the text.
fn expansion(text: &str) -> Option<usize> {
    let (open, close) = match () {
        () if text.starts_with("$(") || text.starts_with("<(") || text.starts_with(">(") => (b'(', b')'),
        () if text.starts_with("${") => (b'{', b'}'),
        () if text.starts_with('`') => return text.get(1..)?.find('`').map(|end| end + 2),
        () => return None,
    };
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(at + 1);
            }
        }
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        commands(text).into_iter().map(|c| c.words.into_iter().map(|w| w.value).collect()).collect()
    }

    #[test]
    fn commands_begin_where_the_grammar_lets_them() {
        assert_eq!(
            words("a b && c; d | e\n(f) & g || ! h"),
            [vec!["a", "b"], vec!["c"], vec!["d"], vec!["e"], vec!["f"], vec!["g"], vec!["h"]]
        );
        assert_eq!(words("if a; then b; else c; fi"), [vec!["a"], vec!["b"], vec!["c"], vec!["fi"]]);
        assert_eq!(words("a # b\n# c\nd#e"), [vec!["a"], vec!["d#e"]]);
    }

    #[test]
    fn words_lose_quotes_and_keep_variables() {
        let text = "a \"b $C\" 'd e' f\\ g --x=\"y,${Z:-a b}\" ${{ matrix.a b }} $(h \"i j\") \\\n  k `l m`";
        let expected =
            ["a", "b $C", "d e", "f g", "--x=y,${Z:-a b}", "${{ matrix.a b }}", "$(h \"i j\")", "k", "`l m`"];
        assert_eq!(words(text), [expected]);
        let found = commands(text);
        assert_eq!(found[0].words[4].range, text.find("--x").unwrap()..text.find(" ${{").unwrap());
    }

    #[test]
    fn here_documents_and_redirections_are_no_words() {
        assert_eq!(
            words("a <<-'END' >x 2>&1 &>y b\n\tdocker build\n\tEND\nc <<E -\nd\nE\ne"),
            [vec!["a", "b"], vec!["c", "-"], vec!["e"]]
        );
        assert_eq!(words("a <<< b c"), [vec!["a", "c"]]);
        assert_eq!(words("a <<END\nnever ended"), [vec!["a"]]);
    }

    #[test]
    fn loops_and_functions_are_known() {
        let text = "for x in a b; do\n c $x\ndone\nd\nbuild() {\n e\n}\n{ f; }\nwhile g; do h; done; i";
        let outer: Vec<_> = commands(text)
            .into_iter()
            .filter(|c| c.words[0].value.len() == 1 && c.words[0].value != "for")
            .map(|c| {
                (
                    c.words[0].value.clone(),
                    c.outer.map(|at| text.get(at..).unwrap().split([' ', '(']).next().unwrap().to_owned()),
                )
            })
            .collect();
        let at = |name: &str, outer: Option<&str>| (name.to_owned(), outer.map(str::to_owned));
        assert_eq!(
            outer,
            [
                at("c", Some("for")),
                at("d", None),
                at("e", Some("build")),
                at("f", None),
                at("g", Some("while")),
                at("h", Some("while")),
                at("i", None)
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a\\\\\"'`$(){}<>&|;# \n\u{e9}]{0,40}") {
            for word in commands(&text).iter().flat_map(|c| &c.words) {
                proptest::prop_assert!(text.get(word.range.clone()).is_some());
            }
        }
    }
}
