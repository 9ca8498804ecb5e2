//! For who has no mouse: every stop can be seen, with one run, with thirty, and with two thousand.

use super::browser::{Page, html};
use super::reports;

/// The element in focus, in a grid its cell: what it is, and how much of it lies in the window.
const STOP: &str = "(() => { let at = document.activeElement;
    const cell = at.getAttribute('aria-activedescendant'); if (cell) at = document.getElementById(cell) ?? at;
    const box = at.getBoundingClientRect();
    const height = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
    const width = Math.min(box.right, innerWidth) - Math.max(box.left, 0);
    let name = `${at.tagName.toLowerCase()}#${at.id}.${at.className} '${at.textContent.trim().slice(0, 40)}'`;
    name += ` at ${Math.round(box.left)},${Math.round(box.top)} of ${innerWidth}x${innerHeight}`;
    return [name, at === document.body, Math.min(height, box.height, 24) >= Math.min(8, box.height) && width > 4]; })()";

/// More stops than any of these pages has before its end.
const STOPS: usize = 60;

#[test]
fn the_element_in_focus_is_in_view_at_every_stop() {
    for runs in [1, 30, 2_000] {
        let Some(page) = Page::open(&html(&reports::alternating(runs))) else { return };
        page.size(1360, 900);
        assert!(page.soon("document.querySelector('h1') !== null"));
        let mut seen = 0;
        for _ in 0..STOPS {
            page.press("Tab");
            if page.js::<(String, bool, bool)>(STOP).1 {
                break;
            }
            assert!(
                page.soon(&format!("{STOP}[2]")),
                "{runs} runs: {:?}",
                page.js::<(String, bool, bool)>(STOP)
            );
            seen += 1;
        }
        assert!(seen >= 3, "{runs} runs: {seen} stops");
        page.close();
    }
}

/// Who has read what stands below, and goes on with the arrows, sees where.
#[test]
fn the_arrows_bring_the_grid_back_into_view() {
    for runs in [30, 2_000] {
        let Some(page) = Page::open(&html(&reports::alternating(runs))) else { return };
        assert!(page.soon("document.querySelectorAll('[role=gridcell]').length > 0"));
        page.js::<()>(
            "(document.getElementById('grid').focus(), scrollTo(0, \
            document.body.scrollHeight), null)",
        );
        for key in ["ArrowLeft", "ArrowDown", "Home", "End"] {
            page.press(key);
            assert!(
                page.soon(&format!("{STOP}[2]")),
                "{runs} runs, {key}: {:?}",
                page.js::<(String, bool, bool)>(STOP)
            );
        }
        page.close();
    }
}

/// Old logs are gone: what happened last is what one came for.
#[test]
fn the_newest_run_is_in_view_at_once() {
    for runs in [30, 2_000] {
        let Some(page) = Page::open(&html(&reports::alternating(runs))) else { return };
        assert_eq!(
            page.js::<String>("document.getElementById('grid').ariaColCount"),
            (runs + 1).to_string()
        );
        let last = format!(
            "document.querySelector('[aria-colindex=\"{}\"]')?.getBoundingClientRect()",
            runs + 1
        );
        let grid = "document.getElementById('grid').getBoundingClientRect()";
        let in_view = format!("{last}?.left < {grid}.right");
        assert!(page.soon(&in_view), "{runs} runs: {:?}", page.js::<serde_json::Value>(&last));
        page.close();
    }
}
