//! What jobs are called.

use super::Report;
use crate::model::Run;

/// By the part of their paths that differs, else by what the logs say.
#[derive(Debug, Default)]
pub(super) struct JobTitles<'a> {
    /// Folders that all logs lie in.
    common: &'a str,
    /// Logs lie in more than one folder: then a folder is a job.
    folders: bool,
}

impl<'a> JobTitles<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut sources = report.study.runs.iter().map(|run| folder(&run.source));
        let first = sources.next().unwrap_or_default();
        let (common, folders) = sources.fold((first, false), |(common, differ), next| {
            (shared(common, next), differ || next != first)
        });
        Self { common, folders }
    }

    pub(super) fn name(&self, run: &Run) -> String {
        let job = run.job.as_deref().unwrap_or_default();
        if !self.folders {
            return if job.is_empty() { run.label.to_string() } else { job.to_owned() };
        }
        let folder = folder(&run.source)
            .get(self.common.len()..)
            .unwrap_or_default()
            .trim_matches(['/', '\\']);
        match (folder, job) {
            ("", "") => run.label.to_string(),
            ("", job) => job.to_owned(),
            (folder, "") => folder.to_owned(),
            (folder, job) => format!("{folder} {job}"),
        }
    }
}

fn folder(source: &str) -> &str {
    source.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
}

/// The folders that two paths begin with: whole ones.
fn shared<'a>(a: &'a str, b: &str) -> &'a str {
    let ends = a.rmatch_indices(['/', '\\']).map(|(at, _)| at);
    let starts = std::iter::once(a.len()).chain(ends).filter_map(|end| a.get(..end));
    starts.into_iter().find(|start| is_above(start, b)).unwrap_or_default()
}

fn is_above(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '\\']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_share_whole_folders() {
        assert_eq!(shared("logs/web", "logs/webhook"), "logs");
        assert_eq!(shared("logs/web", "logs/web/a"), "logs/web");
        assert_eq!(shared("logs/web", "logs/web"), "logs/web");
        assert_eq!((shared("a", "b"), shared("", "b"), shared("a", "")), ("", "", ""));
    }
}
