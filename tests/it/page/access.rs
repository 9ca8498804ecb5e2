//! For who does not see the page or has no mouse: axe-core's rules, in both themes.

use std::fs;
use std::path::Path;

use super::browser::{self, Page, html};
use super::reports;

/// Where `.ci/browser` puts axe-core.
pub(crate) const AXE: &str = "target/axe-core/package/axe.min.js";

#[test]
fn axe_finds_no_violation() {
    let axe =
        browser::present("axe-core", Some(Path::new(AXE).to_owned()).filter(|path| path.exists()));
    let Some(axe) = axe.map(|path| fs::read_to_string(path).unwrap()) else { return };
    for report in [
        reports::of("sample-logs"),
        reports::of("sample-logs/registry-mode-max-healthy"),
        reports::alternating(1),
        reports::alternating(30),
        reports::alternating(2_000),
        reports::hostile(),
        reports::of("no/such/log"),
    ] {
        let Some(page) = Page::open(&html(&report)) else { return };
        page.run(&axe);
        for (theme, width) in [("light", 1360), ("dark", 1360), ("light", 375)] {
            page.theme(theme);
            page.size(width, 900);
            let found: Vec<String> = page.js(VIOLATIONS);
            assert_eq!(found, Vec::<String>::new(), "{theme}, {width} px");
        }
        page.close();
    }
}

/// Each violation with the elements it is about.
pub(crate) const VIOLATIONS: &str = "axe.run().then((r) => r.violations.map((v) => `${v.id}: \
    ${v.help}: ${v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + n.failureSummary).join(' | \
    ')}`))";
