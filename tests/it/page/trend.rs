//! The page of `cachediag trend`.

use std::fs;
use std::path::Path;

use cachediag::render::Screen;
use tempfile::TempDir;

use super::access::{AXE, VIOLATIONS};
use super::browser::{Page, present};
use crate::support::trends;

/// Jobs that broke, took turns and stayed as they were, and one that is hostile.
fn page(in_full: bool) -> String {
    let desk = TempDir::new().unwrap();
    let of = |case: &str, job: &str| -> String {
        let runs = fs::read_to_string(format!("tests/trend/{case}/runs.txt")).unwrap();
        runs.replace('\n', &format!(" job={job}\n"))
    };
    let known = [
        of("broke-when-the-cache-became-inline", "svc"),
        of("turns-every-second-run", "web"),
        of("quiet-late-source", "api"),
    ];
    let file = desk.path().join("h.db");
    trends::remember(&file, &(known.concat() + &trends::hostile(desk.path())));
    let screen = Screen { width: 100, color: false, ascii: false };
    trends::written("html", trends::jobs(&file), in_full, screen)
}

#[test]
fn it_shows_what_broke_and_asks_nobody_for_anything() {
    let Some(page) = Page::open(&page(false)) else { return };
    let text = page.text();
    for part in [
        "2 of 4 jobs broke",
        "broke at run 5 (2026-01-06)",
        "alternates",
        "3 of 3 → 0 of 4",
        "registry → inline",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(page.js::<bool>(
        "window.bad === undefined && document.querySelectorAll('img, main script').length === 0"
    ));
    page.click(".trends a");
    assert!(page.soon(
        "location.hash.startsWith('#job-') && document.querySelector(location.hash) !== null"
    ));
    page.close();
}

#[test]
fn it_fits_any_screen_and_axe_finds_no_violation() {
    let axe = present("axe-core", Some(Path::new(AXE).to_owned()).filter(|path| path.exists()));
    for in_full in [true, false] {
        let Some(page) = Page::open(&page(in_full)) else { return };
        let axe = axe.as_ref().map(|path| fs::read_to_string(path).unwrap());
        if let Some(axe) = &axe {
            page.run(axe);
        }
        for (theme, width) in [("light", 1360), ("dark", 1360), ("light", 375)] {
            page.theme(theme);
            page.size(width, 900);
            assert!(
                page.soon(&format!("document.documentElement.scrollWidth <= {width}")),
                "{width} px"
            );
            let found: Vec<String> = if axe.is_some() { page.js(VIOLATIONS) } else { Vec::new() };
            assert_eq!(found, Vec::<String>::new(), "{theme}, {width} px");
        }
        page.close();
    }
}
