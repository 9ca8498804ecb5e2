//! Commands that are written in several lines, put together.
//!
//! A script is shown as it was written: `docker buildx build \\`, and its options in the lines
//! below, or in a variable that it sets before. Knows no CI.

use super::ci_variables::{self, Variables};
use crate::model::{Command, Deletes, Few, NamedImage, Quote, Run};

/// The command typed last.
#[derive(Debug, Default)]
pub(super) struct Typed {
    text: String,
    lines: Vec<Quote>,
    /// It is the title of a step, which the script below may repeat in full.
    title: bool,
    /// What it sets, and what commands before it set.
    variables: Variables,
    /// Commands that delete images.
    deleting: Few<(Deletes, Quote)>,
}

impl Typed {
    /// A command begins.
    pub(super) fn begins(&mut self, run: &mut Run, text: &str, line: Quote) {
        let shown = self.title && self.next_is(line.line) && text.starts_with(self.text.trim_end());
        if !shown {
            self.ends(run);
        }
        (self.text, self.lines, self.title) = (text.to_owned(), vec![line], false);
    }

    /// The first line of a script is the title of its step.
    pub(super) fn titled(&mut self, run: &mut Run, text: &str, line: Quote) {
        self.ends(run);
        (self.text, self.lines, self.title) = (text.to_owned(), vec![line], true);
    }

    /// Options in a line of their own, right below a line that is not finished.
    pub(super) fn goes_on(&mut self, options: &str, line: Quote) {
        if !self.next_is(line.line) {
            return;
        }
        let open = unfinished(&self.text)
            .or_else(|| ci_variables::is_open(&self.text).then_some(&self.text));
        let Some(start) = open.map(str::len) else { return };
        self.text.truncate(start);
        self.text.push(' ');
        self.text.push_str(options);
        self.lines.push(line);
    }

    /// Nothing more of it comes.
    pub(super) fn ends(&mut self, run: &mut Run) {
        let (text, lines) = (std::mem::take(&mut self.text), std::mem::take(&mut self.lines));
        if self.variables.set(&text, &lines) {
            return;
        }
        let (text, set) = self.variables.expand(&text);
        let mut lines = lines.into_iter();
        // Of a command whose end is not shown, what it does not say is not known.
        let Some(first) = lines.next() else { return };
        if !is_whole(&text, lines.len()) {
            return;
        }
        if Command::prunes_a_builder(&text) {
            run.prunes.push(first.clone());
        }
        let deletes = Command::deletes_images(&text);
        self.deleting.extend(deletes.map(|deletes| (deletes, first.clone())));
        let name = |image: String| NamedImage { image: image.into(), quote: first.clone() };
        run.named.extend(Command::names(&text).into_iter().map(name));
        run.fetched.extend(Command::fetches(&text).into_iter().map(name));
        let more: Few<Quote> = lines.chain(set).collect();
        let mut commands = Command::parse_all(&text, &first);
        for command in &mut commands {
            command.more = more.clone();
            self.complete(command);
        }
        run.asked_by(commands);
    }

    /// `--build-arg REV` has the value of the variable.
    fn complete(&self, command: &mut Command) {
        let mut set: Vec<Quote> = Vec::new();
        for argument in &mut command.build_args {
            if let Some((value, lines)) = self.variables.get(argument) {
                *argument = format!("{argument}={value}");
                set.extend_from_slice(lines);
            }
        }
        command.more.extend(set);
    }

    /// The commands that delete images.
    pub(super) fn deleting(&mut self) -> Few<(Deletes, Quote)> {
        std::mem::take(&mut self.deleting)
    }

    fn next_is(&self, line: u64) -> bool {
        self.lines.last().is_some_and(|last| last.line + 1 == line)
    }
}

/// The text before a backslash (shells) or backtick (`PowerShell`) at the end.
fn unfinished(text: &str) -> Option<&str> {
    text.trim_end().strip_suffix(['\\', '`']).map(str::trim_end)
}

/// GitLab shows the first line of a command only: `$ docker build \ # collapsed multi-line command`
/// (`gitlab-runner` `shells/bash.go`); error records of `PowerShell` abbreviate:
/// `+ docker build -t a ...`. The last line of one that goes on may hold arguments alone, and no
/// option.
fn is_whole(text: &str, more: usize) -> bool {
    let cut = text.contains("# collapsed multi-line command") || text.trim_end().ends_with(" ...");
    !cut && (more > 0 || unfinished(text).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[(&str, bool)]) -> Vec<Command> {
        let (mut typed, mut run) = (Typed::default(), Run::default());
        for ((text, starts), line) in lines.iter().zip(1..) {
            let quote = Quote::new(line, text.as_bytes());
            if *starts { typed.begins(&mut run, text, quote) } else { typed.goes_on(text, quote) }
        }
        typed.ends(&mut run);
        run.commands
    }

    #[test]
    fn options_below_belong_to_the_command() {
        let commands = heard(&[
            ("docker buildx build \\", true),
            ("--no-cache \\", false),
            ("-t a \\", false),
        ]);
        assert_eq!((commands.len(), commands[0].no_cache, commands[0].tags.len()), (1, true, 1));
        assert_eq!(commands[0].line_with("--no-cache").line, 2);
    }

    #[test]
    fn what_is_not_shown_is_not_read() {
        assert!(heard(&[("docker buildx build \\", true)]).is_empty());
        assert!(heard(&[("docker build \\ # collapsed multi-line command", true)]).is_empty());
        assert!(heard(&[("docker build -t a . 2> ...", true)]).is_empty());
        let commands = heard(&[("docker build .", true), ("--no-cache", false)]);
        assert!(!commands[0].no_cache, "the line before was finished");
    }

    #[test]
    fn options_in_a_list_belong_to_the_command_that_is_given_it() {
        let lines = [("opts=(", true), ("--no-cache", false), ("-t a", false), (")", false)];
        let commands = heard(&[&lines[..], &[("docker build \"${opts[@]}\" .", true)]].concat());
        assert_eq!((commands.len(), commands[0].no_cache, commands[0].tags.len()), (1, true, 1));
        assert_eq!((commands[0].quote.line, commands[0].line_with("--no-cache").line), (5, 2));
        let commands = heard(&[("B=\"docker buildx bake --no-cache\"", true), ("$B web", true)]);
        assert!(commands[0].no_cache);
    }

    #[test]
    fn an_argument_that_is_given_by_name_has_the_value_of_the_variable() {
        let commands = heard(&[
            ("export REV=356a192b", true),
            ("docker build --build-arg REV --build-arg A=$REV --build-arg B .", true),
        ]);
        assert_eq!(commands[0].build_args, ["REV=356a192b", "A=356a192b", "B"]);
        assert_eq!(commands[0].line_with("REV=356a192b").line, 1);
    }

    #[test]
    fn a_title_is_not_counted_beside_its_script() {
        let (mut typed, mut run) = (Typed::default(), Run::default());
        typed.titled(&mut run, "docker build \\", Quote::new(1, b""));
        typed.begins(&mut run, "docker build \\", Quote::new(2, b""));
        typed.goes_on("-t a .", Quote::new(3, b""));
        typed.titled(&mut run, "docker build -t b .", Quote::new(9, b""));
        typed.ends(&mut run);
        assert_eq!(run.commands.iter().map(|c| c.tags[0].as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }
}
