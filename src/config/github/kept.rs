//! Steps that keep directories from run to run: `actions/cache`, and those that take its inputs.

use yaml_serde::Value;

use crate::config::yaml::{Document, Route, entries, key, line_of_key, text};
use crate::config::{Fate, Kept};

/// The cache of a step; `None` where it keeps none.
pub(super) fn of_step(
    action: &str,
    step: &Value,
    variables: &[(String, String)],
    doc: Option<&Document>,
    route: &Route,
) -> Option<Kept> {
    const ACTIONS: [&str; 4] =
        ["actions/cache", "actions/cache/save", "buildjet/cache", "runs-on/cache"];
    if !ACTIONS.contains(&action) {
        return None;
    }
    let with = step.get("with")?;
    let written = with.get("key").and_then(text)?;
    let paths = with.get("path").and_then(text)?;
    let own = step.get("env").map(entries).unwrap_or_default();
    let own = own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), text(value)?)));
    let variables: Vec<(String, String)> = variables.iter().cloned().chain(own).collect();
    let line = doc.map_or(0, |doc| line_of_key(doc, &key(&key(route, "with"), "key")));
    let fate = Fate::once(is_fixed(&written, &variables));
    // What another step restores is not told by the one that saves.
    let older = with.get("restore-keys").and_then(text).unwrap_or_default();
    let older = older.lines().map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned);
    let older = (!action.ends_with("/save")).then(|| older.collect());
    Some(Kept { older, line, ..Kept::of(&paths, written, fate) })
}

/// The step runs where a cache of the CI was not found: what that holds is used in place of what
/// the step makes, `if: steps.image.outputs.cache-hit != 'true'`.
pub(super) fn runs_on_a_miss(step: &Value) -> bool {
    let condition = step.get("if").and_then(text).unwrap_or_default().replace([' ', '"'], "");
    let mut asked = condition.split("&&").filter(|asked| asked.contains("cache-hit"));
    asked.any(|asked| {
        asked.contains('!') || asked.contains("=='false'") || asked.contains("==false")
    })
}

/// All of its expressions are the same in each run of a branch. `hashFiles(…)` changes with the
/// files, `steps.…` may be anything.
fn is_fixed(key: &str, variables: &[(String, String)]) -> bool {
    const SAME: [&str; 7] = [
        "github.workflow",
        "github.job",
        "github.repository",
        "github.repository_owner",
        "github.ref",
        "github.ref_name",
        "github.base_ref",
    ];
    let mut parts = key.split("${{").skip(1).map(|part| part.split_once("}}"));
    parts.all(|part| {
        let Some((expression, _)) = part else { return false };
        let name = expression.trim();
        let variable = |name: &str| variables.iter().find(|(known, _)| known == name);
        let literal = |name: &str| variable(name).is_some_and(|(_, value)| !value.contains("${{"));
        ["runner.", "matrix."].iter().any(|of| is_name(name.strip_prefix(of)))
            || SAME.contains(&name)
            || name.strip_prefix("env.").is_some_and(literal)
    })
}

fn is_name(text: Option<&str>) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.is_some_and(|text| !text.is_empty() && text.chars().all(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_fixed_where_nothing_in_it_changes() {
        let variables = [
            ("V".to_owned(), "2".to_owned()),
            ("DAY".to_owned(), "${{ steps.day.outputs.day }}".to_owned()),
        ];
        for (key, fixed) in [
            ("layers", true),
            ("${{ runner.os }}-buildx", true),
            ("${{ runner.os }}-${{matrix.image.name}}-${{ env.V }}", true),
            ("buildx-${{ github.ref_name }}", true),
            ("buildx-${{ github.sha }}", false),
            ("buildx-${{ github.run_id }}", false),
            ("buildx-${{ env.DAY }}", false),
            ("buildx-${{ env.UNKNOWN }}", false),
            ("buildx-${{ hashFiles('Dockerfile') }}", false),
            ("buildx-${{ steps.day.outputs.day }}", false),
            ("buildx-${{ runner.os == 'Linux' && github.sha }}", false),
            ("buildx-${{ runner.os", false),
        ] {
            assert_eq!(is_fixed(key, &variables), fixed, "{key}");
        }
    }
}
