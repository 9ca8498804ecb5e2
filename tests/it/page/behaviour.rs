//! What people do with the page.

use super::browser::{Page, html};
use super::reports;

#[test]
fn shows_the_answer_the_grid_and_the_course_of_a_build() {
    let Some(page) = Page::open(&html(&reports::every_second_run())) else { return };
    let title: String = page.js("document.querySelector('h1').textContent");
    assert!(title.contains("loses its inline cache"), "{title}");
    // Six runs of six rows: import, FROM, five steps, export.
    let cells: usize = page.js("document.querySelectorAll('[role=gridcell]').length");
    assert_eq!(cells, 6 * 8);
    let word: String =
        page.js("document.querySelector('[data-line=\"4\"][data-column=\"2\"]').ariaLabel");
    assert_eq!(
        word,
        "run 3, step WORKDIR /app: rebuilt, 0.1 s; the chain broke here: its record is gone from \
            the cache (likely)"
    );
    let hits: Vec<usize> = page
        .js("[...document.querySelectorAll('[data-line=\"4\"]:is(.hit, .pulled)')].map((c) => \
            Number(c.dataset.column))");
    assert_eq!(hits, [1, 3, 5], "every second run");
    let lost: String = page.js("document.querySelector('#course .sum').textContent");
    assert!(lost.contains("Lost: up to") && lost.contains("in 5 steps"), "{lost}");
    page.close();
}

#[test]
fn a_click_on_a_finding_marks_its_steps() {
    let Some(page) = Page::open(&html(&reports::of("sample-logs"))) else { return };
    let count = "document.querySelectorAll('.cell.marked').length";
    assert!(page.js::<usize>(count) > 0, "the first finding is chosen");
    page.click("details.finding[open] > summary");
    assert!(page.soon(&format!("{count} === 0")));
    for finding in 0..page.js::<usize>("document.querySelectorAll('details.finding').length") {
        page.click(&format!("[data-finding='{finding}'] > summary"));
        assert!(page.soon(&format!("document.querySelector('[data-finding=\"{finding}\"]').open")));
        assert_eq!(
            page.js::<usize>("document.querySelectorAll('details.finding[open]').length"),
            1
        );
        assert!(
            page.soon("document.querySelectorAll('.cell.marked, .run.in').length > 0"),
            "finding {finding}"
        );
    }
    page.close();
}

#[test]
fn a_quoted_line_leads_to_its_cell() {
    let Some(page) = Page::open(&html(&reports::every_second_run())) else { return };
    page.click("button.place");
    assert!(page.soon("document.activeElement.id === 'grid'"));
    let shown: String = page.js("document.querySelector('.readout').textContent");
    assert!(shown.contains("run-02") && shown.contains("WORKDIR /app"), "{shown}");
    page.close();
}

#[test]
fn the_copy_button_copies_the_fix() {
    let Some(page) = Page::open(&html(&reports::every_second_run())) else { return };
    page.allow_clipboard();
    page.click(".copy");
    assert!(page.soon("document.querySelector('.copy').textContent === 'Copied'"));
    let copied: String = page.js("navigator.clipboard.readText()");
    assert!(
        copied.starts_with("docker buildx create") && copied.contains("\\\n  --cache-from"),
        "{copied}"
    );
    page.close();
}

#[test]
fn the_keyboard_moves_through_the_grid() {
    let Some(page) = Page::open(&html(&reports::every_second_run())) else { return };
    let at = |line: usize, column: usize| {
        let id = format!("cell-{line}-{column}");
        assert!(
            page.soon(&format!(
                "document.getElementById('grid').getAttribute('aria-activedescendant') \
            === '{id}' && document.getElementById('{id}')"
            )),
            "{id}"
        );
    };
    page.js::<()>("(document.getElementById('grid').focus(), null)");
    page.press("Home");
    page.press("ArrowDown");
    let start: String =
        page.js("document.getElementById('grid').getAttribute('aria-activedescendant')");
    page.press("ArrowRight");
    page.press("End");
    page.press("ArrowRight");
    let line: usize = start.split('-').nth(1).unwrap().parse().unwrap();
    at(line, 5);
    page.press("ArrowLeft");
    at(line, 4);
    page.press("Enter");
    assert!(
        page.soon("document.getElementById('course-title').textContent.startsWith('Run 5 of 6')")
    );
    page.press("PageUp");
    at(line, 0);
    page.press("ArrowUp");
    page.press("ArrowUp");
    page.press("ArrowUp");
    page.press("ArrowUp");
    at(1, 0);
    page.close();
}

#[test]
fn filters_find_one_build_of_hundreds() {
    let Some(page) = Page::open(&html(&reports::many_builds(300))) else { return };
    let number = "document.querySelector('.builds .number').textContent";
    assert_eq!(page.js::<String>(number), "300 builds");
    assert!(
        page.js::<usize>("document.querySelectorAll('.build').length") < 40,
        "only what is in view is drawn"
    );
    page.click("#filter");
    page.type_text("service-123");
    assert!(page.soon(&format!("{number} === '1 of 300 builds'")));
    page.click(".build");
    assert!(page.soon("document.getElementById('grid-title').textContent.includes('service-123')"));
    page.close();
}

#[test]
fn findings_can_be_filtered() {
    let Some(page) = Page::open(&html(&reports::of("sample-logs"))) else { return };
    let shown = "[...document.querySelectorAll('details.finding')].filter((f) => !f.hidden)";
    let choose = |label: &str, value: &str| {
        page.js::<bool>(&format!(
            "((s) => {{ s.value = '{value}'; s.dispatchEvent(new Event('input', {{bubbles: \
                true}})); return s.value === '{value}'; \
                }})(document.querySelector('[aria-label=\"{label}\"]'))"
        ))
    };
    let all: usize = page.js(&format!("{shown}.length"));
    assert!(choose("Rule", "inline-cache-multi-stage"));
    let rules: Vec<String> = page.js(&format!("{shown}.map((f) => f.dataset.rule)"));
    assert!(rules.len() > 1 && rules.iter().all(|rule| rule == "inline-cache-multi-stage"));
    assert!(choose("Job", "inline-multi-stage"));
    let jobs: Vec<String> = page.js(&format!("{shown}.map((f) => f.dataset.jobs)"));
    assert_eq!(jobs, ["inline-multi-stage"]);
    assert!(choose("Rule", "") && choose("Job", "") && choose("Cost", "1"));
    let costly: Vec<usize> = page.js(&format!("{shown}.map((f) => Number(f.dataset.seconds))"));
    assert!(!costly.is_empty() && costly.len() < all && costly.iter().all(|cost| *cost >= 1));
    let said: String = page.js("document.querySelector('#findings .number').textContent");
    assert_eq!(said, format!("{} of {all} findings", costly.len()));
    assert!(choose("Cost", "0"));
    page.click("#finding-filter");
    page.type_text("ztsd");
    assert!(page.soon(&format!("{shown}.length === 1")));
    page.close();
}
