//! A log that wants to be more than text, and that holds secrets, in every format there is.

use cachediag::render::{Screen, TRENDS, escape};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::trends::{SECRET, hostile, jobs, remember, written};

/// Wide enough that nothing is cut: what is cut off is not tested.
const SCREEN: Screen = Screen { width: 2000, color: false, ascii: false };

#[test]
fn no_format_obeys_a_log_or_tells_a_secret() {
    let desk = TempDir::new().unwrap();
    let file = desk.path().join("h.db");
    remember(&file, &hostile(desk.path()));
    for (name, in_full) in
        TRENDS.iter().flat_map(|format| [(format.name(), true), (format.name(), false)])
    {
        let text = written(name, jobs(&file), in_full, SCREEN);
        assert!(text.contains("RUN echo"), "{name} does not show the step: {text}");
        let shown = text.chars().find(|c| *c != '\n' && escape::must_show(*c));
        assert_eq!(shown, None, "{name}: {text}");
        assert!(!text.contains("##[") && !text.contains("##vso["), "{name}: {text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{name}: {text}");
        assert!(
            !text.contains(&format!("token={SECRET}"))
                && !text.contains(&format!("TOKEN={SECRET}")),
            "{name}"
        );
        match name {
            "json" => drop(serde_json::from_str::<Value>(&text).unwrap()),
            // Read as it stands: markup has no meaning there.
            "human" => {}
            _ => assert!(
                !text.contains("<script>alert") && !text.contains("<img/") && !text.contains("<b>"),
                "{text}"
            ),
        }
    }
}
