//! One run, thirty, two thousand; a phone and a wide screen.

use super::browser::{Page, html};
use super::reports;

#[test]
fn two_thousand_runs_open_within_a_second_and_stay_quick() {
    let text = html(&reports::alternating(2_000));
    assert!(text.len() < 3_000_000, "{} bytes", text.len());
    let Some(page) = Page::open(&text) else { return };
    assert!(page.soon("document.querySelectorAll('[role=gridcell]').length > 0"));
    // Time of the processor: how busy the machine is with other things is no matter of the page.
    let opened = page.busy();
    assert!(opened < 1.0, "opening took {opened} s");
    assert!(
        page.js::<usize>("document.querySelectorAll('*').length") < 4_000,
        "only what is in view is drawn"
    );
    page.js::<()>(SCROLL);
    let scrolled = (page.busy() - opened) / 30.0;
    assert!(scrolled < 0.1, "a frame took {scrolled} s");
    assert!(
        page.js::<bool>("document.querySelector('[aria-colindex=\"2001\"]') !== null"),
        "the last run is drawn"
    );
    page.close();
}

/// Thirty scrolls through all runs, each drawn.
const SCROLL: &str = "(async () => { const grid = document.getElementById('grid');
    for (let i = 1; i <= 30; i += 1) { grid.scrollLeft = grid.scrollWidth * i / 30;
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); }
    return null; })()";

#[test]
fn any_number_of_runs_fits_any_screen() {
    for report in [
        reports::alternating(1),
        reports::alternating(30),
        reports::of("sample-logs"),
        reports::of("sample-logs/registry-mode-max-healthy"),
        reports::hostile(),
        reports::of("no/such/log"),
    ] {
        let Some(page) = Page::open(&html(&report)) else { return };
        for (width, height) in [(375, 812), (768, 1024), (1360, 900), (2200, 1200)] {
            page.size(width, height);
            assert!(
                page.soon(&format!("document.documentElement.scrollWidth <= {width}")),
                "{width} px: {:?}",
                page.js::<Vec<String>>(WIDE)
            );
        }
        page.close();
    }
}

/// What is wider than the window.
const WIDE: &str = "[...document.querySelectorAll('body *')].filter((e) => \
    e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.grid, pre')).slice(0, \
    5).map((e) => e.outerHTML.slice(0, 120))";

#[test]
fn follows_the_theme_of_the_system_and_the_button() {
    let Some(page) = Page::open(&html(&reports::every_second_run())) else { return };
    let ground = "getComputedStyle(document.body).backgroundColor";
    let mut seen: Vec<String> = Vec::new();
    for theme in ["light", "dark"] {
        page.theme(theme);
        assert!(page.soon(&format!("matchMedia('(prefers-color-scheme: {theme})').matches")));
        seen.push(page.js(ground));
    }
    page.click(".theme");
    seen.push(page.js(ground));
    assert!(seen[0] != seen[1] && seen[0] == seen[2], "{seen:?}");
    page.close();
}
