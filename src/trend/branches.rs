//! The runs of a job, branch by branch: each branch changes what it builds in its own order.

use super::Reported;
use crate::model::{Run, Text};

/// A job whose runs are remembered.
#[derive(Clone, Debug, Default)]
pub struct RememberedJob {
    /// What it is called, for people.
    pub title: String,
    /// Repository; empty where nobody said it, as the three that follow.
    pub repository: String,
    /// Pipeline.
    pub pipeline: String,
    /// Job within its pipeline.
    pub name: String,
    /// Leg of its matrix.
    pub leg: String,
    /// Its runs.
    pub branches: Vec<Branch>,
}

/// The runs of a job on one branch, in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Branch {
    /// Its name; `None` where neither the log nor the CI told it.
    pub name: Option<Text>,
    /// The runs.
    pub runs: Vec<Run>,
    /// What was found in each.
    pub reported: Vec<Vec<Reported>>,
}

/// Parts runs that are in the order of time; the branch with most runs comes first, of two the one
/// that ran last.
#[must_use]
pub fn branches(runs: Vec<(Run, Vec<Reported>)>) -> Vec<Branch> {
    // In the order in which they ran last, since the newest is looked at first.
    let mut branches: Vec<Branch> = Vec::new();
    for (run, reported) in runs.into_iter().rev() {
        let at =
            branches.iter().position(|branch| branch.name == run.branch).unwrap_or_else(|| {
                branches.push(Branch { name: run.branch.clone(), ..Branch::default() });
                branches.len() - 1
            });
        if let Some(branch) = branches.get_mut(at) {
            branch.runs.push(run);
            branch.reported.push(reported);
        }
    }
    for branch in &mut branches {
        branch.runs.reverse();
        branch.reported.reverse();
    }
    branches.sort_by_key(|branch| std::cmp::Reverse(branch.runs.len()));
    branches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_branch_that_ran_most_comes_first_and_stays_in_order() {
        let run = |(label, branch): (&str, Option<&str>)| {
            (
                Run { label: label.into(), branch: branch.map(Text::new), ..Run::default() },
                Vec::new(),
            )
        };
        let runs =
            [("1", Some("main")), ("2", None), ("3", Some("x")), ("4", Some("main"))].map(run);
        let parted = branches(runs.into());
        let names: Vec<_> = parted.iter().map(|branch| branch.name.as_deref()).collect();
        assert_eq!(names, [Some("main"), Some("x"), None]);
        let labels: Vec<_> = parted[0].runs.iter().map(|run| run.label.to_string()).collect();
        assert_eq!(labels, ["1", "4"]);
    }
}
