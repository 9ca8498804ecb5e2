//! A log that wants to be more than text, and that holds secrets, in every format there is.

use std::fs;

use cachediag::render::{Screen, TRENDS, escape};
use serde_json::Value;
use tempfile::TempDir;

use super::{jobs, remember, written};

const HOSTILE: &str = "<script>alert(1)</script> </td><img/src=x> `*a*` \u{1b}[2J\u{202e}\u{9b}31m ]]> &lt;b&gt;";
const SECRET: &str = "hunter2hunter2";
/// Wide enough that nothing is cut: what is cut off is not tested.
const SCREEN: Screen = Screen { width: 2000, color: false, ascii: false };

/// Six runs of a build, three from the cache: its steps, image, branch and errors are those of a stranger.
fn history(desk: &TempDir) -> String {
    let run = |n: usize| {
        let verdict = if n < 4 { "CACHED" } else { "DONE 1.0s" };
        let log = format!(
            "+ docker build --build-arg API_TOKEN={SECRET} --cache-to type=inline,x{n}=::stop-commands::{HOSTILE} .\n\
             #1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n\
             #2 [a{n} 1/2] FROM r.example.com/##[add-mask]x:1\n#2 DONE 0.0s\n\n\
             #3 [a 2/2] RUN echo ##vso[task.complete] ::error::b {HOSTILE} token={SECRET}\n#3 {verdict}\n\n\
             #4 exporting to image\n#4 DONE 0.1s\n"
        );
        let path = desk.path().join(format!("run-{n}.log"));
        fs::write(&path, log).unwrap();
        format!("{} job=<b>::error::{SECRET}@ branch=##[error]x\n", path.display())
    };
    (1..=6).map(run).collect()
}

#[test]
fn no_format_obeys_a_log_or_tells_a_secret() {
    let desk = TempDir::new().unwrap();
    let file = desk.path().join("h.db");
    remember(&file, &history(&desk));
    for (name, in_full) in TRENDS.iter().flat_map(|format| [(format.name(), true), (format.name(), false)]) {
        let text = written(name, jobs(&file), in_full, SCREEN);
        assert!(text.contains("RUN echo"), "{name} does not show the step: {text}");
        let shown = text.chars().find(|c| *c != '\n' && escape::must_show(*c));
        assert_eq!(shown, None, "{name}: {text}");
        assert!(!text.contains("##[") && !text.contains("##vso["), "{name}: {text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{name}: {text}");
        assert!(!text.contains(&format!("token={SECRET}")) && !text.contains(&format!("TOKEN={SECRET}")), "{name}");
        match name {
            "json" => drop(serde_json::from_str::<Value>(&text).unwrap()),
            // Read as it stands: markup has no meaning there.
            "human" => {}
            _ => assert!(!text.contains("<script>alert") && !text.contains("<img/") && !text.contains("<b>"), "{text}"),
        }
    }
}
