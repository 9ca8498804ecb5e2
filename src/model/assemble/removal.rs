//! Images that a job deletes. For builders that look their steps up among the images of the machine
//! that is their cache.

use foldhash::HashSet;

use crate::model::{Deletes, Few, Quote, Run, Text};

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
        let behind = self.lists.partition_point(|list| list.first.line <= line);
        let mut lists = self.lists.get(behind..).unwrap_or_default().iter();
        lists.find(|list| list.deleted > 0).map(|list| list.first.line)
    }

    /// Where images of the builds of a run are deleted: the command above the list, or its first
    /// line.
    pub(super) fn of(&self, run: &Run, deleting: &[(Deletes, Quote)]) -> Vec<Quote> {
        let built = Built::of(run);
        let own = |list: &Removal| {
            let named = list.names.iter().any(|name| built.images.contains(&whole(name)));
            list.deleted > 0 && (list.own || named)
        };
        let begun = built.lines.first().copied().unwrap_or(0);
        let mut above = 0;
        let mut found = Vec::new();
        for list in &self.lists {
            let first = list.first.line;
            let from = built.last_before(first).max(above);
            let commands = deleting.partition_point(|(_, at)| at.line < first);
            let last = commands.checked_sub(1).and_then(|last| deleting.get(last));
            let command = last.filter(|(_, at)| at.line > from);
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

/// The builds of a run.
struct Built {
    /// Where they begin, sorted.
    lines: Vec<u64>,
    /// Names of what those make that keep their steps in images.
    images: HashSet<String>,
}

impl Built {
    fn of(run: &Run) -> Self {
        let mut lines: Vec<u64> = run.builds.iter().map(|build| build.line).collect();
        lines.sort_unstable();
        let builds = run.builds.iter().filter(|build| build.dialect.keeps_images());
        Self { lines, images: builds.flat_map(|build| &build.images).map(|i| whole(i)).collect() }
    }

    /// Where the last one above a line begins.
    fn last_before(&self, line: u64) -> u64 {
        let above = self.lines.partition_point(|begin| *begin < line);
        let last = above.checked_sub(1).and_then(|last| self.lines.get(last));
        last.copied().unwrap_or(0)
    }
}

/// `app:1` of `localhost/app:1`, `app:latest` of `app`.
fn whole(name: &str) -> String {
    let name = name.strip_prefix("localhost/").unwrap_or(name);
    let tagged = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if tagged { name.to_owned() } else { format!("{name}:latest") }
}
