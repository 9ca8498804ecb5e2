//! The image that a FROM with a variable names: the classic builder prints the line as it is
//! written, `Step 2/5 : FROM $BASE_IMAGE`. Where it fetches the image, it says its name.

use crate::model::{Base, Build, Command, Dialect, Run, Tool};

/// Puts the names in, where the log shows the values.
pub(in crate::model::assemble) fn fill_in(run: &mut Run) {
    let is_open = |build: &Build| {
        build.dialect == Dialect::Classic && build.bases.iter().any(Base::is_unnamed)
    };
    if !run.builds.iter().any(is_open) {
        return;
    }
    let mut builds = std::mem::take(&mut run.builds);
    for build in builds.iter_mut().filter(|build| is_open(build)) {
        let values = Values { commands: run.commands_of(build), build };
        let names: Vec<Option<String>> =
            build.bases.iter().map(|base| values.expand(&base.image)).collect();
        for (base, name) in build.bases.iter_mut().zip(names) {
            if let Some(name) = name {
                base.pinned |= name.contains("@sha256:");
                base.image = name.into();
            }
        }
    }
    run.builds = builds;
}

/// What arguments before the first FROM hold.
struct Values<'a> {
    commands: &'a [Command],
    build: &'a Build,
}

impl Values<'_> {
    /// `node:$VERSION` and `node:${VERSION}`; nothing where a value is not known for sure.
    fn expand(&self, text: &str) -> Option<String> {
        let mut parts = text.split('$');
        let mut whole = parts.next()?.to_owned();
        for part in parts {
            let (name, rest) = match part.strip_prefix('{') {
                Some(inside) => inside.split_once('}')?,
                None => part.split_at(part.find(|c| !is_of_name(c)).unwrap_or(part.len())),
            };
            if name.is_empty() || !name.chars().all(is_of_name) {
                return None;
            }
            whole.push_str(self.of(name)?);
            whole.push_str(rest);
        }
        (!whole.is_empty()).then_some(whole)
    }

    /// The one value of an argument: of the command lines, else of `ARG NAME=value`.
    fn of(&self, name: &str) -> Option<&str> {
        let all = self.commands.iter().flat_map(|command| &command.build_args);
        let given: Vec<&String> = all.filter(|pair| pair.split('=').next() == Some(name)).collect();
        if let Some(first) = given.first() {
            let (_, value) = first.split_once('=')?;
            let known = given.iter().all(|pair| pair == first);
            return (known && is_literal(value)).then_some(value);
        }
        let shown = |command: &Command| {
            command.tool == Tool::DockerBuild && is_literal(command.quote.text.trim_end())
        };
        if self.commands.is_empty() || !self.commands.iter().all(shown) {
            return None;
        }
        self.default(name)
    }

    /// `ARG NAME=value` above the first FROM.
    fn default(&self, name: &str) -> Option<&str> {
        let first = self.build.bases.first()?.quote.line;
        let above = self.build.steps.iter().filter(|step| step.header.line < first);
        above.filter(|step| step.instruction == "ARG").find_map(|step| value_of(&step.text, name))
    }
}

fn value_of<'a>(argument: &'a str, name: &str) -> Option<&'a str> {
    let (_, pair) = argument.split_once(' ')?;
    let (own, value) = pair.trim().split_once('=')?;
    let plain = own == name && !value.contains(['"', '\'', ' ']);
    (plain && is_literal(value)).then_some(value)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Nothing in it is for the shell to put in, and no other line goes on with it.
fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.contains(['$', '`', '*']) && !text.ends_with('\\')
}

#[cfg(test)]
mod tests {
    use crate::envelope::Stack;
    use crate::model::assemble::LogReader;
    use crate::source::Sink;

    /// What the FROM of a build stands on: the command, and what is written in FROM.
    fn named(command: &str, from: &str, below: &str) -> String {
        let log = format!(
            "{command}\nStep 1/3 : ARG BASE=python:3.11\nStep 2/3 : FROM {from}{below}\n ---> \
                5fb580609ee1\nStep 3/3 : RUN make\n ---> Running in 18ce1ad7db01\n ---> \
                286e7d0ff811\nSuccessfully built 286e7d0ff811"
        );
        let mut reader = LogReader::new("x.log", Stack::default());
        for (number, line) in (1..).zip(log.lines()) {
            reader.line(number, line.as_bytes());
        }
        let run = reader.finish(8).remove(0);
        run.builds[0].bases[0].image.to_string()
    }

    #[test]
    fn values_that_the_log_shows_are_put_in() {
        let given = "+ docker build --build-arg BASE=r.example.com/base:4f0c2a1 .";
        for (command, from, image) in [
            (given, "$BASE", "r.example.com/base:4f0c2a1"),
            (given, "${BASE}", "r.example.com/base:4f0c2a1"),
            (given, "${BASE:-x}", "${BASE:-x}"),
            (given, "$OTHER", "$OTHER"),
            (given, "node:20", "node:20"),
            ("+ docker build .", "$BASE", "python:3.11"),
            ("+ docker build $ARGS .", "$BASE", "$BASE"),
            ("+ docker build --build-arg BASE=$NEW .", "$BASE", "$BASE"),
            ("+ docker build --build-arg BASE .", "$BASE", "$BASE"),
            ("+ docker-compose build", "$BASE", "$BASE"),
            ("x", "$BASE", "$BASE"),
        ] {
            assert_eq!(named(command, from, ""), image, "{command} {from}");
        }
        let fetched = "\nStatus: Downloaded newer image for r.example.com/base:7";
        assert_eq!(named("x", "$BASE", fetched), "r.example.com/base:7");
    }
}
