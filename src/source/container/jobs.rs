//! The layout of log archives of GitHub and Azure: `0_build.txt` is the log of the job `build`, and
//! `build/3_Run tests.txt` the part of it that one step printed.
//!
//! Source: `cli/cli` `pkg/cmd/run/view/view.go`, which looks for `<job>/<number>_…txt`.

use std::collections::HashSet;

/// The job a member is the log of.
pub(super) fn job_of(name: &str) -> Option<String> {
    match name.split_once('/') {
        Some((job, file)) if numbered(file).is_some() || file == "system.txt" => {
            Some(job.to_owned())
        }
        Some(_) => None,
        None => numbered(name).map(str::to_owned),
    }
}

/// The jobs that have a file of their own.
pub(super) fn whole(all: &[String]) -> HashSet<&str> {
    all.iter().filter(|name| !name.contains('/')).filter_map(|name| numbered(name)).collect()
}

/// A step's file says again what its job's file says.
pub(super) fn is_copy(name: &str, whole: &HashSet<&str>) -> bool {
    let Some((job, _)) = name.split_once('/') else { return false };
    job_of(name).is_some() && whole.contains(job)
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
    fn knows_jobs_and_copies() {
        let all = [
            "0_build (linux, amd64).txt".to_owned(),
            "build (linux, amd64)/2_Build.txt".to_owned(),
            "lint/1_x.txt".to_owned(),
        ];
        assert_eq!(job_of(&all[0]).as_deref(), Some("build (linux, amd64)"));
        assert_eq!(job_of(&all[1]).as_deref(), Some("build (linux, amd64)"));
        assert_eq!(job_of("logs/build.log"), None);
        let whole = whole(&all);
        assert!(is_copy(&all[1], &whole));
        assert!(!is_copy(&all[0], &whole) && !is_copy(&all[2], &whole));
    }
}
