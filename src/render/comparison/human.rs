//! The comparison for people: the answer first, then the figures, then the findings.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::finding::Finding;
use crate::render::page::{BOLD, DIM, GREEN, RED, TextPage};
use crate::render::units::{count, duration, share};
use crate::render::{Screen, escape, names};
use crate::triage::{Comparison, Effect, Figures, Pair};

/// As text for a terminal or a log.
#[must_use]
pub fn comparison(comparison: &Comparison, screen: Screen) -> String {
    let page = TextPage::new(screen);
    let mut lines = page.wrap("", "", answer(comparison.verdict));
    if let Some(first) = lines.first_mut() {
        *first = page.paint(BOLD, first);
    }
    lines.push(String::new());
    lines.extend(builds(&page, comparison));
    for (word, style, findings) in [
        ("gone", GREEN, &comparison.gone),
        ("still", BOLD, &comparison.still),
        ("new", RED, &comparison.new),
    ] {
        let said = findings.iter().flat_map(|finding| found(&page, word, finding));
        let painted = said.map(|line| match line.strip_prefix(word) {
            Some(rest) => page.paint(style, word) + rest,
            None => line,
        });
        lines.extend(painted);
    }
    page.print(&lines)
}

fn answer(verdict: Effect) -> &'static str {
    match verdict {
        Effect::Worked => "It worked: nothing is wrong any more.",
        Effect::Partly => "It helped in part: something is gone, something is left or new.",
        Effect::NotYet => "It did not help yet: nothing of what was wrong is gone.",
        Effect::Worse => "It got worse: there is a new problem.",
        Effect::NothingToMend => "Nothing was wrong before, and nothing is now.",
        Effect::TooFewRuns => {
            "Too few runs to say: the first run after a change of the cache starts cold. Compare \
                again after two runs."
        }
    }
}

/// On a narrower page there is no room for a table of before and after.
const ROOMY: usize = 96;

fn builds(page: &TextPage, comparison: &Comparison) -> Vec<String> {
    let mut lines =
        if page.width < ROOMY { listed(page, comparison) } else { table(page, comparison) };
    let legend = "steps from cache over all runs that ended well; median time of the others";
    lines.extend(page.wrap("  ", "  ", legend).iter().map(|line| page.paint(DIM, line)));
    lines.push(String::new());
    lines
}

fn listed(page: &TextPage, comparison: &Comparison) -> Vec<String> {
    let figures = |word: &str, figures: &Figures| {
        let took = figures
            .seconds
            .map(|seconds| format!(", took {}", duration(seconds)))
            .unwrap_or_default();
        format!("    {word:<7} {}{took}", from_cache(figures))
    };
    let build = |pair: &Pair| {
        let name = format!(
            "  {}",
            escape::cut_start(&escape::line(&pair.key), page.width.saturating_sub(2))
        );
        [page.paint(BOLD, &name), figures("before", &pair.before), figures("after", &pair.after)]
    };
    comparison.builds.iter().flat_map(build).collect()
}

fn table(page: &TextPage, comparison: &Comparison) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["build", "before", "after", "took before", "after"]);
    let name = page.width.saturating_sub(72).max(16);
    for pair in &comparison.builds {
        table.add_row([
            escape::cut_start(&escape::line(&pair.key), name),
            from_cache(&pair.before),
            from_cache(&pair.after),
            took(&pair.before),
            took(&pair.after),
        ]);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding(if index == 0 { (2, 1) } else { (1, 1) });
        column.set_cell_alignment(if index > 2 {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        });
    }
    let heading = |(index, line): (usize, &str)| {
        if index == 0 { page.paint(BOLD, line.trim_end()) } else { line.trim_end().to_owned() }
    };
    table.to_string().lines().enumerate().map(heading).collect()
}

/// `3 of 10 (30 %) in 2 runs`
fn from_cache(figures: &Figures) -> String {
    if figures.runs == 0 {
        return "no run".to_owned();
    }
    format!("{} in {}", share(figures.hits, figures.total), count(figures.runs, "run"))
}

fn took(figures: &Figures) -> String {
    figures.seconds.map(duration).unwrap_or_default()
}

fn found(page: &TextPage, word: &str, finding: &Finding) -> Vec<String> {
    let severity = names::severity(finding.severity);
    let text = format!("{severity}[{}]  {}", finding.rule, escape::line(&finding.title));
    page.wrap(&format!("{word:<7}"), "       ", &text)
}
