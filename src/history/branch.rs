//! The newest remembered run of a branch, which runs of other branches are held against: what it
//! has is not their fault.

use std::collections::BTreeSet;

use super::History;
use super::arguments::Arguments;
use super::recall;
use super::record::{self, Found, Record};
use super::store::{Store, Trouble};
use crate::finding::Finding;
use crate::model::Run;
use crate::render::{Against, Report};

/// The newest run of a branch: its records, one of each job that was just read.
#[derive(Debug)]
pub struct Newest {
    branch: String,
    records: Vec<Record>,
    /// The branches of the runs that were just read.
    own: BTreeSet<String>,
}

impl History {
    /// The newest run of this branch before those that were just read.
    #[must_use]
    pub fn newest_on(&mut self, branch: &str) -> Newest {
        let read = self.store.as_mut().map(|store| records(store, &self.fresh, branch));
        let records = read.transpose().unwrap_or_else(|trouble| {
            self.complain(&trouble.to_string());
            None
        });
        let own = self.fresh.iter().filter_map(Record::branch).map(str::to_owned).collect();
        Newest { branch: branch.to_owned(), records: records.unwrap_or_default(), own }
    }
}

fn records(store: &mut Store, fresh: &[Record], branch: &str) -> Result<Vec<Record>, Trouble> {
    let jobs: BTreeSet<(String, String)> =
        fresh.iter().map(|record| (record.identity.scope(), record.job())).collect();
    let mut newest = Vec::new();
    for (scope, name) in jobs {
        let Some(job) = store.number(&scope, &name)? else { continue };
        // The same log may have been judged before.
        let read = store.newest_on(job, branch, fresh.len() + 1)?.records;
        let is_fresh = |record: &Record| fresh.iter().any(|other| other.id == record.id);
        newest.extend(read.into_iter().rfind(|record| !is_fresh(record)));
    }
    Ok(newest)
}

impl Newest {
    /// Its logs as runs; none where the branch has no run.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        let run = |record| recall::run(record, &Arguments::default(), true);
        self.records.iter().map(run).collect()
    }

    /// What it has of a report's findings.
    #[must_use]
    pub fn against(&self, report: &Report) -> Against {
        let found = self.records.iter().flat_map(|record| &record.findings);
        let names: BTreeSet<&str> = found.flat_map(Found::names).collect();
        let had = report.findings.iter().filter(|finding| self.had(&names, finding));
        let newest = self.records.iter().max_by_key(|record| record.recorded);
        Against {
            branch: self.branch.clone(),
            run: newest.map(|record| record::name(record).to_string()),
            known: had.map(Finding::fingerprint).collect(),
        }
    }

    /// In all builds that show it. A cache that is called after the branch has there the name of
    /// that branch.
    fn had(&self, names: &BTreeSet<&str>, finding: &Finding) -> bool {
        let all =
            |mut of: Box<dyn Iterator<Item = String> + '_>| of.all(|name| names.contains(&*name));
        if all(Box::new(finding.fingerprints())) {
            return true;
        }
        self.own.iter().any(|own| {
            let there = |text: &str| renamed(text, own, &self.branch);
            all(Box::new(finding.fingerprints_where(there)))
        })
    }
}

/// The text with the other branch in place of this one, in each form that a reference may hold.
fn renamed(text: &str, branch: &str, other: &str) -> String {
    let forms = forms(branch).into_iter().zip(forms(other));
    forms.fold(text.to_owned(), |text, (form, other)| text.replace(&form, &other))
}

/// A branch as it is, as a tag (docker/metadata-action: what no tag can hold is a hyphen), and as
/// GitLab's `CI_COMMIT_REF_SLUG` (lower case, all but letters and digits a hyphen, 63 bytes).
fn forms(branch: &str) -> [String; 3] {
    let hyphens = |keep: fn(char) -> bool| -> String {
        branch.chars().map(|c| if c.is_ascii_alphanumeric() || keep(c) { c } else { '-' }).collect()
    };
    let tag = hyphens(|c| matches!(c, '.' | '_' | '-'));
    let slug: String = hyphens(|_| false).to_ascii_lowercase().chars().take(63).collect();
    [branch.to_owned(), tag, slug.trim_matches('-').to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_called_after_the_branch_is_that_of_the_other() {
        let renamed = |text| renamed(text, "feature/Log_in", "main");
        assert_eq!(renamed("r.example/app/feature/Log_in:cache"), "r.example/app/main:cache");
        assert_eq!(renamed("r.example/app:feature-Log_in"), "r.example/app:main");
        assert_eq!(renamed("r.example/app/feature-log-in"), "r.example/app/main");
        assert_eq!(renamed("r.example/app:cache"), "r.example/app:cache");
    }
}
