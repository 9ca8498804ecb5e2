//! What was meant by words that are no file: a command, the page of a log, files that are not
//! there.

use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::args::{Cli, nearest};

/// Refuses paths that can only be a mistake: what is found beside them would be told as if it were
/// theirs.
pub(super) fn refuse(paths: &[PathBuf]) -> anyhow::Result<()> {
    for path in paths {
        let text = path.to_string_lossy();
        if let Some(how) = page(&text) {
            anyhow::bail!(
                "{text} is a web page, which cachediag does not fetch. Pipe its log in: {how}"
            );
        }
    }
    let Some(first) = paths.first().filter(|path| !path.exists()) else { return Ok(()) };
    let command = Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    if let Some(name) = names.iter().find(|name| first.as_os_str() == **name) {
        anyhow::bail!(
            "{name} is a command, which goes before its options: cachediag {name} … (a file of \
             that name is read as ./{name})"
        );
    }
    if let Some(near) = nearest(&first.to_string_lossy(), &names) {
        anyhow::bail!("{}: no such file or command, did you mean {near}?", first.display());
    }
    Ok(())
}

/// A file or folder that an option names has to be there.
pub(super) fn missing<'p>(
    option: &str,
    paths: impl IntoIterator<Item = &'p PathBuf>,
) -> anyhow::Result<()> {
    match paths.into_iter().find(|path| !path.exists() && path.as_path() != Path::new("-")) {
        Some(path) => anyhow::bail!("{option} {}: no such file or directory", path.display()),
        None => Ok(()),
    }
}

/// How to get the log that a page shows.
fn page(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let after = |mark: &str| {
        let (_, id) = rest.split_once(mark)?;
        let id: String = id.chars().take_while(char::is_ascii_digit).collect();
        (!id.is_empty()).then_some(id)
    };
    Some(
        if rest.contains("/actions/")
            && let Some(job) = after("/job/")
        {
            format!("gh run view --job {job} --log | cachediag")
        } else if let Some(run) = after("/actions/runs/") {
            format!("gh run view {run} --log | cachediag")
        } else if let Some(job) = after("/-/jobs/") {
            format!("glab ci trace {job} | cachediag")
        } else {
            format!("curl -fsSL {text} | cachediag")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_say_how_to_get_their_log() {
        let said = |url: &str| page(url).unwrap();
        assert_eq!(
            said("https://github.com/o/r/actions/runs/123"),
            "gh run view 123 --log | cachediag"
        );
        assert_eq!(
            said("https://github.com/o/r/actions/runs/1/job/45?pr=6"),
            "gh run view --job 45 --log | cachediag"
        );
        assert_eq!(said("https://gitlab.com/a/b/-/jobs/7"), "glab ci trace 7 | cachediag");
        assert_eq!(
            said("https://h.example.com/x.log"),
            "curl -fsSL https://h.example.com/x.log | cachediag"
        );
        assert_eq!(page("logs/https.log"), None);
    }
}
