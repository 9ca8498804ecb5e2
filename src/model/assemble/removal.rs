//! Images that a job deletes. For builders that look their steps up among the images of the machine
//! that is their cache.

use crate::model::{Build, Deletes, Few, Quote, Run, Text};

/// Lists of deleted images.
#[derive(Default)]
pub(super) struct Removals {
    lists: Vec<Removal>,
}

/// Lines that follow each other: `Untagged: app:1`, `Deleted: sha256:0a1b…`.
struct Removal {
    first: Quote,
    last: u64,
    /// An image of a step of the build above is among them.
    own: bool,
    /// Something was deleted, not only the name.
    deleted: usize,
    /// Names that were taken away.
    names: Few<Text>,
}

impl Removals {
    /// `Untagged: app:1`
    pub(super) fn untags(&mut self, image: Text, line: Quote) {
        const MOST: usize = 64;
        let list = self.list(line);
        if let Some(list) = list.filter(|list| list.names.len() < MOST) {
            list.names.push(image);
        }
    }

    /// `Deleted: sha256:0a1b…`
    pub(super) fn deletes(&mut self, own: bool, line: Quote) {
        if let Some(list) = self.list(line) {
            list.own |= own;
            list.deleted += 1;
        }
    }

    /// The list that goes on in this line, or begins in it.
    fn list(&mut self, line: Quote) -> Option<&mut Removal> {
        let number = line.line;
        let goes_on = self.lists.last().is_some_and(|list| list.last + 1 == number);
        if !goes_on {
            let (own, deleted, names) = (false, 0, Few::new());
            self.lists.push(Removal { first: line, last: number, own, deleted, names });
        }
        let list = self.lists.last_mut()?;
        list.last = number;
        Some(list)
    }

    /// The first list below a line that deletes something.
    pub(super) fn below(&self, line: u64) -> Option<u64> {
        let below = |list: &&Removal| list.deleted > 0 && list.first.line > line;
        self.lists.iter().find(below).map(|list| list.first.line)
    }

    /// Where images of the builds of a run are deleted: the command above the list, or its first
    /// line.
    pub(super) fn of(&self, run: &Run, deleting: &[(Deletes, Quote)]) -> Vec<Quote> {
        let own = |list: &Removal| {
            let named = list.names.iter().any(|name| is_built(run, name));
            list.deleted > 0 && (list.own || named)
        };
        let begun = run.builds.iter().map(|build| build.line).min().unwrap_or(0);
        let mut above = 0;
        let mut found = Vec::new();
        for list in &self.lists {
            let first = list.first.line;
            let built = run.builds.iter().map(|build| build.line).filter(|line| *line < first);
            let from = built.max().unwrap_or(0).max(above);
            let command = deleting.iter().rfind(|(_, at)| at.line > from && at.line < first);
            // What is deleted in front of the builds, by a command that is not shown, is of runs
            // before.
            let unshown = command.is_none() && list.deleted > 1 && first < begun;
            if own(list) || unshown {
                found.push(command.map_or(&list.first, |(_, command)| command).clone());
            }
            above = list.last;
        }
        found
    }
}

/// A build of the run, which keeps its steps in images, makes one of this name.
fn is_built(run: &Run, name: &str) -> bool {
    let builds = run.builds.iter().filter(|build| build.dialect.keeps_images());
    let mut images = builds.flat_map(|build: &Build| &build.images);
    images.any(|image| same(image, name))
}

/// `app:1` and `localhost/app:1`, `app` and `app:latest`.
fn same(a: &str, b: &str) -> bool {
    let whole = |name: &str| {
        let name = name.strip_prefix("localhost/").unwrap_or(name).to_owned();
        let tagged = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
        if tagged { name } else { format!("{name}:latest") }
    };
    whole(a) == whole(b)
}
