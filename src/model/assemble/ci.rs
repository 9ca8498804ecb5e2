//! What the CI says of itself, put into the run: commands, caches, commit, plugins.

use super::ci_cache::Caches;
use crate::envelope::{Mark, NoteKind};
use crate::model::{CacheSpec, CiNote, Command, Quote, Run, Tool};

/// What has to be remembered between two marks.
#[derive(Debug, Default)]
pub(super) struct Listener {
    /// A block that shows a step's script or inputs is open.
    block: bool,
    /// The list of the plugin's override file whose items follow.
    list: Option<NoteKind>,
    /// The action whose inputs follow.
    action: Option<Command>,
    /// The input of that action whose value may go on in the next lines.
    field: String,
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
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let list = self.list.take();
        match mark {
            Mark::Command(command) => run.commands.extend(Command::parse(&text(command), quote())),
            Mark::Script(command) if self.block => run.commands.extend(Command::parse(&text(command), quote())),
            Mark::Script(_) => {}
            Mark::Section(title) => self.section(run, &text(title), quote()),
            Mark::SectionEnd => {
                self.block = false;
                run.commands.extend(self.action.take());
            }
            Mark::Input(b"-", item) => {
                if let Some(kind) = list {
                    run.notes.push(CiNote {
                        kind,
                        value: text(item).trim_matches(['"', '\'']).to_owned(),
                        quote: quote(),
                    });
                    self.list = list;
                }
            }
            Mark::Input(b"", more) => self.input_goes_on(&text(more)),
            Mark::Input(key, value) => {
                self.field = text(key);
                self.input_goes_on(&text(value));
            }
            Mark::CacheKey(key, operation) => self.caches.begins(text(key), operation),
            Mark::CacheTrouble => self.caches.fails(&mut run.ci_caches, quote()),
            Mark::Cache { name, operation, outcome } => {
                self.caches.ends(&mut run.ci_caches, text(name), operation, outcome, quote());
            }
            Mark::Commit(commit) => run.commit = run.commit.take().or_else(|| Some(text(commit))),
            Mark::Branch(branch) => run.branch = run.branch.take().or_else(|| Some(text(branch))),
            Mark::Note(kind @ (NoteKind::ComposeCacheFrom | NoteKind::ComposeCacheTo), b"") => self.list = Some(kind),
            Mark::Note(kind, value) => run.notes.push(CiNote { kind, value: text(value), quote: quote() }),
        }
    }

    /// The log is over: an action whose inputs were not closed (copies of the page) is taken as it is.
    pub(super) fn end(&mut self, run: &mut Run) {
        run.commands.extend(self.action.take());
        run.commands.sort_by_key(|c| c.quote.line);
    }

    /// `docker/build-push-action@v6`, or the first line of a script.
    fn section(&mut self, run: &mut Run, title: &str, quote: Quote) {
        self.block = true;
        run.commands.extend(self.action.take());
        if title.starts_with("docker/build-push-action@") {
            self.field.clear();
            self.action = Some(Command { tool: Tool::BuildPushAction, quote, ..Command::default() });
        } else {
            run.commands.extend(Command::parse(title, quote));
        }
    }

    /// Values of several lines are lists, one item a line.
    fn input_goes_on(&mut self, value: &str) {
        let Some(action) = self.action.as_mut().filter(|_| !value.is_empty()) else { return };
        match self.field.as_str() {
            "cache-from" => action.cache_from.push(CacheSpec::parse(value)),
            "cache-to" => action.cache_to.push(CacheSpec::parse(value)),
            "no-cache" => action.no_cache = value == "true",
            "no-cache-filters" => action.no_cache_filter.push(value.to_owned()),
            "push" => action.push = value == "true",
            "pull" => action.pull = value == "true",
            "builder" => action.builder = Some(value.to_owned()),
            "file" => action.file = Some(value.to_owned()),
            "target" => action.target = Some(value.to_owned()),
            "tags" => action.tags.push(value.to_owned()),
            "build-args" => action.build_args.push(value.to_owned()),
            _ => {}
        }
    }
}
