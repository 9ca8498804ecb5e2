//! What holds for every format, one that is added tomorrow included.

use super::*;

/// Snapshots are kept with the page itself: a page is long.
fn short() -> impl Iterator<Item = &'static &'static dyn Renderer> {
    RENDERERS.iter().filter(|renderer| renderer.name() != "html")
}

#[test]
fn a_rich_report_and_an_empty_one() {
    for renderer in short() {
        let print = |report| tidy(&renderer.render(report, samples::NARROW));
        let (rich, empty) = (print(&samples::configured()), print(&Report::default()));
        insta::assert_snapshot!(format!("rich_{}", renderer.name()), rich);
        insta::assert_snapshot!(format!("empty_{}", renderer.name()), empty);
    }
}

/// Without what changes with every rule that is added.
fn tidy(text: &str) -> String {
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    match (text.split_once("\"rules\":["), text.rsplit_once("]}},\"invocations\"")) {
        (Some((before, _)), Some((_, after))) => format!("{before}\"rules\":[…]}}}},\"invocations\"{after}"),
        _ => text,
    }
}

#[test]
fn nothing_of_a_log_is_obeyed() {
    for renderer in RENDERERS {
        let text = renderer.render(&samples::hostile(), samples::NARROW);
        let name = renderer.name();
        assert!(!text.contains(|c| c != '\n' && escape::must_show(c)), "{name}");
        assert!(!text.contains("##[") && !text.contains("hunter2"), "{name}: {text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::error::")), "{name}: {text}");
    }
}

#[test]
fn names_are_written_alike() {
    for renderer in RENDERERS {
        assert!(renderer.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", renderer.name());
    }
}
