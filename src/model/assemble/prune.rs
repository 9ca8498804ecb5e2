//! Whether a prune of the builder's cache deleted something.

use super::removal::Removals;
use crate::model::{Build, Deletes, Few, Quote, Run};

/// What prunes say below their command.
#[derive(Default)]
pub(super) struct Prunes {
    /// Lines behind which deleted steps are listed.
    deleted: Vec<Quote>,
    /// Lines that tell how much was deleted, and whether that is something.
    amounts: Vec<(u64, bool)>,
    /// Images that were deleted.
    pub(super) images: Removals,
}

impl Prunes {
    /// `Deleted build cache objects:`
    pub(super) fn deletes(&mut self, line: Quote) {
        self.deleted.push(line);
    }

    /// `Total reclaimed space: 0B`
    pub(super) fn reclaims(&mut self, line: u64, amount: &[u8]) {
        self.amounts.push((line, amount.iter().any(|b| matches!(b, b'1'..=b'9'))));
    }

    /// Leaves the run those of its prunes that are seen to have deleted something of what its
    /// builders keep: `BuildKit` has a store of its own, the others look steps up among the images.
    pub(super) fn settle(self, run: &mut Run, deleting: &[(Deletes, Quote)]) {
        let mut prunes: Vec<Quote> = std::mem::take(&mut run.prunes).into_iter().collect();
        prunes.retain(|prune| self.deleted_by(prune.line, run));
        let listed = self.deleted.iter().filter(|line| !self.is_listed(&prunes, line.line));
        let stored: Few<Quote> = prunes.iter().chain(listed).cloned().collect();
        let keeps_images = |build: &Build| build.dialect.keeps_images();
        run.prunes = if run.builds.iter().any(keeps_images) {
            let own = if run.builds.iter().all(keeps_images) { Few::new() } else { stored };
            own.into_iter().chain(self.images_gone(run, deleting)).collect()
        } else {
            stored
        };
        run.prunes.sort_by_key(|prune| prune.line);
        run.prunes.dedup_by_key(|prune| prune.line);
    }

    /// Commands and lines that delete images in which a builder of the run keeps its steps.
    fn images_gone(&self, run: &Run, deleting: &[(Deletes, Quote)]) -> Vec<Quote> {
        let counted = |(deletes, command): &&(Deletes, Quote)| match deletes {
            Deletes::Store => true,
            Deletes::All => self.deleted_by(command.line, run),
            Deletes::Nameless => {
                let built = run.builds.iter().any(|build| build.line < command.line);
                !built && self.deleted_by(command.line, run)
            }
            Deletes::Named => false,
        };
        let by_commands = deleting.iter().filter(counted).map(|(_, command)| command.clone());
        by_commands.chain(self.images.of(run, deleting)).collect()
    }

    /// The amount below the command, before any build, is something; podman lists the images that
    /// its `image prune` deletes, and prints no amount.
    fn deleted_by(&self, command: u64, run: &Run) -> bool {
        let below = self.amounts.partition_point(|(line, _)| *line <= command);
        let amount = self.amounts.get(below).filter(|(_, something)| *something);
        let listed = self.images.below(command);
        let built = |end: u64| run.builds.iter().any(|b| (command..end).contains(&b.line));
        amount.map(|(line, _)| *line).into_iter().chain(listed).any(|end| !built(end))
    }

    /// The command above the list is among the prunes already.
    fn is_listed(&self, prunes: &[Quote], listed: u64) -> bool {
        let ends = |command: u64| {
            let below = self.amounts.partition_point(|(line, _)| *line <= command);
            self.amounts.get(below).map_or(0, |(line, _)| *line)
        };
        prunes.iter().any(|prune| prune.line < listed && listed < ends(prune.line))
    }
}

#[cfg(test)]
mod tests {
    use super::super::LogReader;
    use crate::envelope::Stack;
    use crate::source::Sink;

    const BUILD: &str = "#1 [2/2] RUN make\n#1 DONE 1.0s";

    fn prunes(log: &str) -> Vec<u64> {
        let mut reader = LogReader::new("x.log", Stack::recognise(log.as_bytes()));
        for (number, line) in (1..).zip(log.lines()) {
            reader.line(number, line.as_bytes());
        }
        reader.finish(99).remove(0).prunes.iter().map(|prune| prune.line).collect()
    }

    #[test]
    fn a_prune_counts_where_it_deleted_something() {
        let prune = "+ docker builder prune -af\nID\tRECLAIMABLE\tSIZE\tLAST ACCESSED\nabc\ttrue\t1B\nTotal:\t";
        assert_eq!(prunes(&format!("{prune}3.42MB\n{BUILD}")), [1]);
        assert!(prunes(&format!("{prune}0B\n{BUILD}")).is_empty());
        assert!(
            prunes(&format!("+ docker builder prune -af > /dev/null\n{BUILD}\nTotal: 3MB"))
                .is_empty()
        );
        assert!(
            prunes(&format!("+ docker image prune -f\nTotal reclaimed space: 3MB\n{BUILD}"))
                .is_empty()
        );
    }

    #[test]
    fn a_list_of_deleted_steps_counts_by_itself_and_once() {
        let listed = "Deleted build cache objects:\nabc\n\nTotal reclaimed space: 3MB\n";
        assert_eq!(prunes(&format!("+ docker system prune -af\n{listed}{BUILD}")), [2]);
        assert_eq!(prunes(&format!("+ docker builder prune -af\n{listed}{BUILD}")), [1]);
    }

    #[test]
    fn a_prune_of_all_images_counts_for_builders_that_keep_images() {
        let classic = "Step 1/2 : FROM a\n ---> 0a1b2c3d4e5f\nStep 2/2 : RUN b\n ---> Running in 0a1b2c3d4e5f\n ---> 0a1b2c3d4e5f\nSuccessfully built 0a1b2c3d4e5f";
        let pruned = "Deleted Images:\nuntagged: a:1\n\nTotal reclaimed space: 3MB";
        for command in ["docker system prune -af", "docker image prune --all -f"] {
            assert_eq!(prunes(&format!("+ {command}\n{pruned}\n{classic}")), [1], "{command}");
            assert!(prunes(&format!("+ {command}\n{pruned}\n{BUILD}")).is_empty(), "{command}");
        }
        let command = "+ docker builder prune -af";
        assert!(prunes(&format!("{command}\n{pruned}\n{classic}")).is_empty());
        let nameless = "+ docker image prune -f";
        assert_eq!(prunes(&format!("{nameless}\n{pruned}\n{classic}")), [1]);
        assert!(prunes(&format!("{classic}\n{nameless}\n{pruned}")).is_empty());
        assert_eq!(prunes(&format!("+ podman system reset -f\n{classic}")), [1]);
    }
}
