//! Variables of a shell that hold options of a builder, or the call of one, where the log shows how
//! they are set: `opts=(--cache-from type=gha)`, and below `docker buildx build "${opts[@]}" .`
//!
//! Text only: what a command prints into a variable is not known.

use crate::model::{Quote, shell_words};

/// Longest value that is kept: variables may stand in variables.
const LONGEST: usize = 8192;

/// How many are kept.
const MOST: usize = 64;

/// The variables that were set so far.
#[derive(Debug, Default)]
pub(super) struct Variables(Vec<Variable>);

#[derive(Debug)]
struct Variable {
    name: String,
    value: String,
    /// The lines that set it.
    lines: Vec<Quote>,
}

/// `opts=(…)`, `opts+=(…)`, `export CACHE="…"`.
#[derive(Clone, Copy)]
struct Assignment<'a> {
    name: &'a str,
    adds: bool,
    value: &'a str,
}

/// Whether the line begins a list that is not closed: `opts=(`.
pub(super) fn is_open(text: &str) -> bool {
    assignment(text).is_some_and(|set| set.value.starts_with('(') && !set.value.ends_with(')'))
}

impl Variables {
    /// Remembers what the text sets; `false` where it is no assignment.
    pub(super) fn set(&mut self, text: &str, lines: &[Quote]) -> bool {
        let Some(set) = assignment(text) else { return false };
        let value = match set.value.strip_prefix('(') {
            Some(list) => list.strip_suffix(')').map(str::to_owned),
            None => single_word(set.value),
        };
        let Some(value) = value else { return false };
        let (value, mut quotes) = self.expand(&value);
        quotes.extend_from_slice(lines);
        self.keep(set, &value, quotes);
        true
    }

    fn keep(&mut self, set: Assignment, value: &str, lines: Vec<Quote>) {
        let at = self.0.iter().position(|known| known.name == set.name);
        let (value, lines) = match at.map(|at| self.0.remove(at)) {
            Some(before) if set.adds => {
                (format!("{} {value}", before.value), [before.lines, lines].concat())
            }
            _ => (value.to_owned(), lines),
        };
        if value.len() > LONGEST {
            return;
        }
        // A job sets many that no build is given.
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push(Variable { name: set.name.to_owned(), value, lines });
    }

    /// The value of a variable, and the lines that set it.
    pub(super) fn get(&self, name: &str) -> Option<(&str, &[Quote])> {
        let known = self.0.iter().find(|known| known.name == name)?;
        Some((&known.value, &known.lines))
    }

    /// The text with the variables that are known filled in, and the lines that set those.
    pub(super) fn expand(&self, text: &str) -> (String, Vec<Quote>) {
        let (mut whole, mut lines, mut rest) = (String::new(), Vec::new(), text);
        while let Some((before, after)) = rest.split_once('$') {
            whole.push_str(before);
            let known = if whole.len() <= LONGEST { self.named(after) } else { None };
            let Some((variable, list, next)) = known else {
                whole.push('$');
                rest = after;
                continue;
            };
            lines.extend(variable.lines.iter().cloned());
            // Each item of a list that is quoted is a word of its own.
            rest = match next.strip_prefix('"') {
                Some(next) if list && whole.ends_with('"') => {
                    whole.pop();
                    next
                }
                _ => next,
            };
            whole.push_str(&variable.value);
        }
        whole.push_str(rest);
        (whole, lines)
    }

    /// The variable that is named behind a dollar, whether as a list, and what follows.
    fn named<'a>(&self, text: &'a str) -> Option<(&Variable, bool, &'a str)> {
        let (name, list, next) = named(text)?;
        Some((self.0.iter().find(|known| known.name == name)?, list, next))
    }
}

/// What the shell takes as one word; `A=1 docker build .` is a command.
fn single_word(text: &str) -> Option<String> {
    let words: [String; 1] = shell_words(text)?.try_into().ok()?;
    words.into_iter().next()
}

fn assignment(text: &str) -> Option<Assignment<'_>> {
    const WORDS: [&str; 6] =
        ["export ", "declare -a ", "declare ", "local -a ", "local ", "readonly "];
    let text = text.trim();
    let text = WORDS.iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text);
    let (name, value) = text.split_once('=')?;
    let (name, adds) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
    is_name(name).then_some(Assignment { name, adds, value })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `{opts[@]}`, `{OPTS}`, `OPTS` behind the dollar: the name, whether it is a list, and what
/// follows.
fn named(text: &str) -> Option<(&str, bool, &str)> {
    if let Some(inside) = text.strip_prefix('{') {
        let (inside, next) = inside.split_once('}')?;
        let item = inside.strip_suffix("[@]").or_else(|| inside.strip_suffix("[*]"));
        let name = item.unwrap_or(inside);
        return is_name(name).then_some((name, item.is_some(), next));
    }
    let end =
        text.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'_')).unwrap_or(text.len());
    let (name, next) = text.split_at_checked(end)?;
    is_name(name).then_some((name, false, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(sets: &[&str], command: &str) -> String {
        let mut variables = Variables::default();
        for set in sets {
            assert!(variables.set(set, &[]), "{set}");
        }
        variables.expand(command).0
    }

    #[test]
    fn lists_and_texts_are_filled_in() {
        for (sets, command) in [
            (&["o=(--no-cache -t a)"][..], "docker build \"${o[@]}\" ."),
            (&["o=(--no-cache)", "o+=(-t a)"], "docker build ${o[*]} ."),
            (&["export O=\"--no-cache -t a\""], "docker build $O ."),
            (&["B='docker build'", "O='--no-cache -t a'"], "$B ${O} ."),
            (&["common=(--no-cache)", "o=(\"${common[@]}\" -t a)"], "docker build \"${o[@]}\" ."),
            (&["o=(--push)", "o=(--no-cache -t a)"], "docker build ${o[@]} ."),
        ] {
            assert_eq!(expanded(sets, command), "docker build --no-cache -t a .", "{sets:?}");
        }
    }

    #[test]
    fn what_is_not_known_stays() {
        for command in
            ["docker build ${X:-a} .", "docker build $Y .", "docker build ${o[0]} .", "cost 5$"]
        {
            assert_eq!(expanded(&["o=(--no-cache)"], command), command);
        }
        let mut variables = Variables::default();
        for no in ["A=1 docker build .", "docker build --a=b .", "o=(", "=a"] {
            assert!(!variables.set(no, &[]), "{no}");
        }
        assert!(is_open("o=(") && !is_open("o=(a)") && !is_open("docker build \\"));
    }

    #[test]
    fn values_do_not_grow_without_end() {
        let mut variables = Variables::default();
        variables.set("a=0123456789", &[]);
        for _ in 0..40 {
            variables.set("a=$a$a", &[]);
        }
        assert!(variables.expand("$a").0.len() <= LONGEST);
    }
}
