//! What the variables, arrays and arguments of a script hold when a command of it runs.

use std::collections::BTreeMap;

use super::shell::{self, Simple};
use crate::config::variables::{self, Values};

/// No command is as long as this; a script may double a text in each line.
const LONGEST: usize = 16 * 1024;

/// Names with what they hold, and how often they were given something; `@` are the arguments.
#[derive(Debug, Default)]
pub(super) struct Held {
    set: BTreeMap<String, (String, usize)>,
}

impl Held {
    /// Looks at one command: `CACHE="--cache-from r/a:c"`, `ARGS+=(--push)`, `set -- "$@" .`
    pub(super) fn observe(&mut self, simple: &Simple) {
        const BEFORE: [&str; 5] = ["export", "local", "readonly", "declare", "-a"];
        let words = simple.words.iter().map(|word| word.value.as_str());
        let all: Vec<&str> = words.skip_while(|word| BEFORE.contains(word)).collect();
        if let ["set", "--", arguments @ ..] = all.as_slice() {
            self.set_arguments(arguments, simple);
            return;
        }
        let assigned = all.iter().map_while(|word| assigned(word));
        let assigned: Vec<(&str, &str, bool)> = assigned.collect();
        let last = assigned.len().saturating_sub(1);
        let alone = assigned.len() == all.len();
        for (index, (name, value, added)) in assigned.into_iter().enumerate() {
            let is_array = index == last && value.is_empty() && !simple.array.is_empty();
            let items = || simple.array.iter().map(String::as_str).collect::<Vec<_>>();
            let value = if is_array { list(&items(), simple) } else { self.own(name, value) };
            match added {
                true => self.add(name, &value, is_array),
                // What is assigned only sometimes leaves open what it holds.
                false if simple.sometimes && alone => self.set(name, open(name)),
                false => self.set(name, value),
            }
        }
    }

    fn set_arguments(&mut self, arguments: &[&str], simple: &Simple) {
        match arguments.strip_prefix(&["$@"]) {
            Some(more) => self.add("@", &list(more, simple), true),
            None if simple.sometimes => self.set("@", open("@")),
            None => self.set("@", list(arguments, simple)),
        }
    }

    fn set(&mut self, name: &str, value: String) {
        let value = if value.len() > LONGEST { open(name) } else { value };
        let (held, times) = self.set.entry(name.to_owned()).or_default();
        *held = value;
        *times += 1;
    }

    /// What was not set before is what the script was started with.
    fn add(&mut self, name: &str, value: &str, is_list: bool) {
        let before = self.held(name).map_or_else(|| open(name), str::to_owned);
        let between = if is_list && !before.is_empty() { " " } else { "" };
        self.set(name, format!("{before}{between}{value}"));
    }

    /// `FLAGS="$FLAGS --push"`: what it held before is a part of it.
    fn own(&self, name: &str, value: &str) -> String {
        let before = self.held(name).map(|before| (name.to_owned(), before.to_owned()));
        variables::expand(value, before.as_slice())
    }

    fn held(&self, name: &str) -> Option<&str> {
        self.set.get(name).map(|(value, _)| value.as_str())
    }

    /// The word as this command sees it: `${args[@]}` is all of `args`. Functions have arguments of
    /// their own.
    pub(super) fn expand(&self, word: &str, simple: &Simple) -> String {
        let whole = word.replace("[@]}", "}").replace("[*]}", "}");
        if simple.outer.is_some() && matches!(whole.as_str(), "$@" | "$*") {
            return whole;
        }
        variables::expand(&whole, self)
    }

    /// What is set again holds another value in another branch or round of the script.
    pub(super) fn once(&self) -> Vec<(String, String)> {
        let once = self.set.iter().filter(|(name, (_, times))| *times == 1 && *name != "@");
        once.map(|(name, (value, _))| (name.clone(), value.clone())).collect()
    }
}

/// What stands beside a value that is not known says little.
impl Values for Held {
    fn value(&self, name: &str) -> Option<&str> {
        self.held(name).filter(|value| !value.contains(&open(name)))
    }
}

/// A variable whose value is not known is itself.
fn open(name: &str) -> String {
    if name == "@" { "$@".to_owned() } else { format!("${{{name}}}") }
}

/// `NAME=value`, `NAME+=value`.
fn assigned(word: &str) -> Option<(&str, &str, bool)> {
    let (name, value) = word.split_once('=')?;
    let bare = name.strip_suffix('+').unwrap_or(name);
    shell::is_name(bare).then_some((bare, value, bare.len() < name.len()))
}

/// Words as one text. That a build may do without the cache is asked for on purpose, and not said of
/// each.
fn list(words: &[&str], simple: &Simple) -> String {
    let dropped = |word: &str| simple.sometimes && word == "--no-cache";
    let words = words.iter().copied().filter(|word| !dropped(word));
    shlex::try_join(words).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the last command of a script is given.
    fn given(script: &str) -> String {
        let mut held = Held::default();
        let all = shell::commands(script);
        for simple in &all {
            held.observe(simple);
        }
        let last = all.last().unwrap();
        held.expand(&last.words.last().unwrap().value, last)
    }

    #[test]
    fn arrays_and_arguments_are_added_to() {
        for (script, want) in [
            ("a=(--push \\\n  .) # x\nb \"${a[@]}\"", "--push ."),
            (
                "a=(-t x)\na+=(--pull)\nif c; then a+=(--no-cache -q); fi\nb ${a[@]}",
                "-t x --pull -q",
            ),
            ("a=()\n[[ -n $X ]] && a+=(--push)\nb ${a[@]}", "--push"),
            ("a+=(--push)\nb ${a[@]}", "${a}"),
            ("A=-q\nA=\"$A --push\"\nb $A", "-q --push"),
            ("A=-q\ncase $X in x) A=--push ;; esac\nb $A", "$A"),
            ("A=1; [ $X ] && B=2\nC=$A\nb $C", "1"),
            ("set -- -q\nset -- \"$@\" --push\nb \"$@\"", "-q --push"),
            ("set -- -q\nf() {\nb \"$@\"", "$@"),
            ("set -eu\nset -- \"$@\" -q\nb \"$@\"", "$@"),
        ] {
            assert_eq!(given(script), want, "{script}");
        }
    }
}
