//! The layout of log archives of GitHub and Azure: `0_build.txt` is the log of the job `build`, and
//! `build/3_Run tests.txt` the part of it that one step printed.
//!
//! Source: `cli/cli` `pkg/cmd/run/view/view.go`, which looks for `<job>/<number>_…txt`.

use std::collections::HashSet;

/// The job a member is the log of.
pub(super) fn job_of(name: &str) -> Option<String> {
    match name.split_once('/') {
        Some((job, file)) if is_of_step(file) => Some(job.to_owned()),
        Some(_) => None,
        None => numbered(name).map(str::to_owned),
    }
}

/// The jobs that have a file of their own, each with the folder that this is in.
pub(super) fn whole<'a>(all: impl IntoIterator<Item = &'a str>) -> HashSet<(&'a str, &'a str)> {
    let job = |name: &'a str| {
        let (folder, file) = split(name);
        Some((folder, numbered(file)?))
    };
    all.into_iter().filter_map(job).collect()
}

/// A step's file says again what its job's file says.
pub(super) fn is_copy(name: &str, whole: &HashSet<(&str, &str)>) -> bool {
    let (folder, file) = split(name);
    is_of_step(file) && whole.contains(&split(folder))
}

/// Folder and file.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once(['/', '\\']).unwrap_or(("", name))
}

fn is_of_step(file: &str) -> bool {
    numbered(file).is_some() || file == "system.txt"
}

/// `build` of `0_build.txt`.
fn numbered(file: &str) -> Option<&str> {
    let (number, rest) = file.strip_suffix(".txt")?.split_once('_')?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_may_be_unpacked_in_any_folder() {
        let whole = whole(["logs_1/0_image.txt", "logs_2/image/1_x.txt"]);
        assert!(is_copy("logs_1/image/3_Build.txt", &whole));
        assert!(is_copy("logs_1/image/system.txt", &whole));
        assert!(!is_copy("logs_2/image/1_x.txt", &whole));
        assert!(!is_copy("logs_1/image/build.log", &whole));
    }

    #[test]
    fn knows_jobs_and_copies() {
        let all = [
            "0_build (linux, amd64).txt".to_owned(),
            "build (linux, amd64)/2_Build.txt".to_owned(),
            "lint/1_x.txt".to_owned(),
        ];
        assert_eq!(job_of(&all[0]).as_deref(), Some("build (linux, amd64)"));
        assert_eq!(job_of(&all[1]).as_deref(), Some("build (linux, amd64)"));
        assert_eq!(job_of("logs/build.log"), None);
        let whole = whole(all.iter().map(String::as_str));
        assert!(is_copy(&all[1], &whole));
        assert!(!is_copy(&all[0], &whole) && !is_copy(&all[2], &whole));
    }
}
