//! What the CI says of itself, put into the run: commands, caches, commit, plugins.

use super::ci_cache::Caches;
use super::ci_command::Typed;
use crate::envelope::{Mark, NoteKind};
use crate::model::{Asked, CiNote, Command, Deletes, Few, Quote, Run, Text, Tool, lossy};

/// What has to be remembered between two marks.
#[derive(Debug, Default)]
pub(super) struct Listener {
    /// A block that shows a step's script or inputs is open.
    block: bool,
    /// The list of the plugin's override file whose items follow.
    list: Option<NoteKind>,
    /// The action whose inputs follow.
    action: Option<Command>,
    /// The input of that action whose value may go on in the next line, and its last line.
    field: (String, u64),
    /// Line that is the commit, where the line before says so.
    hash: u64,
    /// The step is actions/cache, whose key is among its inputs.
    keeps: bool,
    /// The command that may go on in the next line.
    typed: Typed,
    caches: Caches,
}

/// Whether a mark is so typical that it names the CI where nothing else did.
pub(super) fn names_itself(mark: &Mark) -> bool {
    matches!(mark, Mark::Cache { name, .. } if !name.is_empty())
}

impl Listener {
    /// Takes one mark.
    pub(super) fn hear(&mut self, run: &mut Run, number: u64, raw: &[u8], mark: Mark) {
        let quote = || Quote::new(number, raw);
        let text = |bytes: &[u8]| lossy(bytes).into_owned();
        if !matches!(mark, Mark::Input(b"-", _)) {
            self.list = None;
        }
        match mark {
            Mark::Command(command) => self.typed.begins(run, &text(command), quote()),
            Mark::Script(command) if self.block => self.typed.begins(run, &text(command), quote()),
            Mark::Hash(commit) if self.hash == number => {
                run.commit = run.commit.take().or_else(|| Some(Text::of_log(commit)));
            }
            Mark::Script(_) | Mark::Hash(_) => {}
            Mark::More(options) => self.typed.goes_on(&text(options), quote()),
            Mark::Section(title) => self.section(run, &text(title), quote()),
            Mark::SectionEnd => {
                (self.block, self.keeps) = (false, false);
                run.asked_by(self.action.take());
            }
            Mark::Input(b"-", item) => {
                if let Some(kind) = self.list {
                    let value = text(item).trim_matches(['"', '\'']).into();
                    run.notes.push(CiNote { kind, value, quote: quote() });
                }
            }
            Mark::Input(b"", more) => self.input_goes_on(&text(more), number),
            Mark::Input(b"key", value) if self.keeps => self.caches.asks(text(value)),
            Mark::Input(key, value) => {
                self.field = (text(key), number);
                self.input_goes_on(&text(value), number);
            }
            Mark::HashFollows => self.hash = number + 1,
            Mark::Commit(commit) => first(&mut run.commit, commit),
            Mark::CommitOf(commit, branch) => {
                first(&mut run.commit, commit);
                first(&mut run.branch, branch);
            }
            Mark::CheckedOutBefore => (run.commit, run.branch) = (None, None),
            Mark::Branch(branch) => first(&mut run.branch, branch),
            Mark::Job(job) => first(&mut run.job, job),
            Mark::Note(kind @ (NoteKind::ComposeCacheFrom | NoteKind::ComposeCacheTo), b"") => {
                self.list = Some(kind);
            }
            Mark::Note(kind, value) => {
                run.notes.push(CiNote { kind, value: Text::of_log(value), quote: quote() });
            }
            of_cache => self.caches.hear(&mut run.ci_caches, quote(), of_cache),
        }
    }

    /// The log is over: an action whose inputs were not closed (copies of the page) is taken as it
    /// is.
    pub(super) fn end(&mut self, run: &mut Run) {
        self.typed.ends(run);
        run.asked_by(self.action.take());
        run.commands.sort_by_key(|c| c.quote.line);
    }

    /// The commands of the log that delete images.
    pub(super) fn deleting(&mut self) -> Few<(Deletes, Quote)> {
        self.typed.deleting()
    }

    /// `docker/build-push-action@v6`, or the first line of a script.
    fn section(&mut self, run: &mut Run, title: &str, quote: Quote) {
        self.block = true;
        self.keeps =
            title.starts_with("actions/cache@") || title.starts_with("actions/cache/restore@");
        self.caches.next_step();
        run.asked_by(self.action.take());
        match action(title) {
            Some(tool) => {
                self.field = (String::new(), quote.line);
                // Where nothing else is asked for (`docker/setup-buildx-action` `action.yml`).
                let driver = (tool == Tool::BuildxCreate).then(|| "docker-container".to_owned());
                let asked = Asked { tool, driver, ..Asked::default() };
                self.action = Some(Command { quote, asked: asked.into(), ..Command::default() });
            }
            None => self.typed.titled(run, title, quote),
        }
    }

    /// Values of several lines are lists, one item a line, without a gap.
    fn input_goes_on(&mut self, value: &str, line: u64) {
        let (field, last) = &mut self.field;
        if value.is_empty() || line > *last + 1 {
            return;
        }
        let Some(action) = self.action.as_mut() else { return };
        *last = line;
        action.input(field, value);
    }
}

/// What the log says of itself first.
fn first(known: &mut Option<Text>, said: &[u8]) {
    known.get_or_insert_with(|| Text::of_log(said));
}

/// Actions whose inputs say how images are built.
fn action(title: &str) -> Option<Tool> {
    const ACTIONS: [(&str, Tool); 4] = [
        ("docker/build-push-action@", Tool::BuildPushAction),
        ("useblacksmith/build-push-action@", Tool::BuildPushAction),
        ("docker/bake-action@", Tool::BuildxBake),
        ("docker/setup-buildx-action@", Tool::BuildxCreate),
    ];
    ACTIONS.iter().find(|(name, _)| title.starts_with(name)).map(|(_, tool)| *tool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Stack;
    use crate::model::LogReader;
    use crate::source::Sink;

    fn commands(log: &str) -> Vec<Command> {
        let mut reader = LogReader::new("x.log", Stack::recognise(log.as_bytes()));
        for (number, line) in (1..).zip(log.lines()) {
            reader.line(number, line.as_bytes());
        }
        reader.finish(0).remove(0).commands
    }

    const ACTIONS: &str = "\
##[group]Run docker/setup-buildx-action@v3
with:
  driver-opts: network=host
##[endgroup]
##[group]Run docker/bake-action@v6
with:
  files: ./docker-bake.hcl
  targets: app,web
  set: *.cache-from=type=gha,scope=a
*.cache-to=type=gha,scope=a,mode=max
  push: true
##[endgroup]
##[group]Run docker/build-push-action@v6
with:
  platforms: linux/amd64,linux/arm64
  build-args: VERSION=1
  cache-to: type=inline
##[endgroup]
##[group]Run docker buildx build \\
docker buildx build \\
  --cache-from r/a:c \\
  -t r/a:1 .
shell: /usr/bin/bash -e {0}
##[endgroup]";

    #[test]
    fn a_hash_is_the_commit_below_the_command_that_prints_it_only() {
        let commit = |log: &str| {
            let mut reader = LogReader::new("x.log", Stack::recognise(log.as_bytes()));
            for (number, line) in (1..).zip(log.lines()) {
                reader.line(number, line.as_bytes());
            }
            reader.finish(0).remove(0).commit
        };
        let hash = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
        assert!(
            commit(&format!("##[group]Run a\n[command]/usr/bin/git log -1 --format=%H\n{hash}"))
                .is_some()
        );
        assert_eq!(commit(&format!("##[group]Run a\n{hash}")), None);
    }

    #[test]
    fn inputs_of_actions_and_scripts_of_several_lines_are_commands() {
        let all = commands(ACTIONS);
        let tools: Vec<Tool> = all.iter().map(|c| c.tool).collect();
        assert_eq!(
            tools,
            [Tool::BuildxCreate, Tool::BuildxBake, Tool::BuildPushAction, Tool::BuildxBuild]
        );
        assert_eq!(all[0].driver.as_deref(), Some("docker-container"));
        assert!(all[1].targets == ["app", "web"] && all[1].push);
        assert_eq!(
            (all[1].cache_from[0].get("scope"), all[1].cache_to[0].get("mode")),
            (Some("a"), Some("max"))
        );
        assert_eq!(
            (all[2].platforms.len(), all[2].build_args.len(), all[2].inline()),
            (2, 1, true)
        );
        assert_eq!((all[3].cache_from.len(), all[3].tags.len()), (1, 1));
        assert_eq!(all[3].line_with("--cache-from").text.trim(), "--cache-from r/a:c \\");
    }
}
