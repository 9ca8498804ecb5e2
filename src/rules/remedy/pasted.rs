//! A command of the log as it may be pasted into a script.

use crate::envelope;
use crate::model::Command;

/// The command line without the marks and prompts of CI systems and shells, on one line.
pub(in crate::rules) fn command_line(command: &Command) -> String {
    let lines = std::iter::once(&command.quote).chain(&command.more);
    let whole: Vec<&str> = lines.map(|quote| bare(&quote.text)).collect();
    whole.join(" ")
}

/// `##[group]Run docker build .`, `[command]/usr/bin/docker build .`, `+ docker build .`,
/// `ann@host:~$ docker build .`, `> -t app \`
fn bare(line: &str) -> &str {
    const MARKS: [&str; 3] = ["##[group]Run ", "##[command]", "[command]"];
    let text = MARKS.iter().find_map(|mark| line.trim().strip_prefix(mark)).unwrap_or(line.trim());
    let typed = envelope::typed(text.as_bytes()).and_then(|typed| str::from_utf8(typed).ok());
    let text = typed.unwrap_or(text).trim_start_matches(['+', '$', '>', ' ']);
    text.strip_prefix("/usr/bin/").unwrap_or(text).trim_end_matches(['\\', '`']).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Quote;

    #[test]
    fn prompts_and_marks_are_no_part_of_a_command() {
        let quote = |text: &str| Quote { line: 1, text: text.into() };
        let of = |lines: &[&str]| {
            let more = lines.iter().skip(1).map(|text| quote(text)).collect();
            command_line(&Command { quote: quote(lines[0]), more, ..Command::default() })
        };
        for line in [
            "+ docker build .",
            "$ docker build .",
            "[command]/usr/bin/docker build .",
            "##[group]Run docker build .",
            "ann@host:~/app$ docker build .",
            "➜  app git:(main) ✗ docker build .",
        ] {
            assert_eq!(of(&[line]), "docker build .");
        }
        assert_eq!(of(&["docker build \\", "  --no-cache \\", "  ."]), "docker build --no-cache .");
    }
}
