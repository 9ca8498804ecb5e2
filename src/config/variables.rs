//! Variables in values of a configuration: `$NAME`, `${NAME:-x}`, `${{ env.NAME }}`, `{{matrix.os}}`,
//! `$(date)`, `%NAME%`.
//!
//! Text only; what a variable holds is known where the file itself sets it.

use std::sync::LazyLock;

use regex::{Captures, Regex};

static FORMS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\$\{\{(?<expression>.*?)\}\}|\{\{(?<moustache>[^{}]*)\}\}|\$?\$\{(?<braced>\w+)?[^{}]*\}|\$?\$(?<bare>[A-Za-z_]\w*)|\$\([^)]*\)|%\w+%").ok()
});
static NAMES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"'[^']*'|(?<name>[A-Za-z_][\w-]*(?:\.[\w-]+)*)(?<call>\()?").ok());

/// Names of the variables in a text; `env.` in front is left out.
pub(super) fn names(text: &str) -> Vec<String> {
    let Some(forms) = FORMS.as_ref() else { return Vec::new() };
    forms.captures_iter(text).flat_map(|found| named(&found)).collect()
}

/// The pieces of text between the variables: one piece where there is none.
pub(super) fn between(text: &str) -> Vec<String> {
    FORMS.as_ref().map_or_else(Vec::new, |forms| forms.split(text).map(str::to_owned).collect())
}

/// The text with known variables replaced, also those in their values.
pub(super) fn expand(text: &str, known: &[(String, String)]) -> String {
    let Some(forms) = FORMS.as_ref() else { return text.to_owned() };
    let mut text = text.to_owned();
    // Values may name each other in a circle.
    for _ in 0..4 {
        let replaced = forms.replace_all(&text, |found: &Captures| {
            let whole = found.get(0).map_or("", |m| m.as_str());
            let names = named(found);
            let value =
                names.first().filter(|_| names.len() == 1 && is_plain(found)).and_then(|name| value(name, known));
            value.unwrap_or(whole).to_owned()
        });
        if replaced == text {
            break;
        }
        text = replaced.into_owned();
    }
    text
}

/// Is the same in all jobs of a pipeline: it tells of the commit, the project, the run.
pub(super) fn of_pipeline(name: &str) -> bool {
    const PREFIXES: [&str; 12] = [
        "github.",
        "secrets.",
        "vars.",
        "inputs.",
        "CI_COMMIT_",
        "CI_PROJECT_",
        "CI_REGISTRY",
        "CI_PIPELINE_",
        "CI_DEFAULT_BRANCH",
        "BITBUCKET_",
        "BUILDKITE_",
        "GITHUB_",
    ];
    let differs = ["BITBUCKET_STEP", "BITBUCKET_PARALLEL", "BUILDKITE_PARALLEL", "BUILDKITE_JOB", "BUILDKITE_STEP"];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && !differs.iter().any(|prefix| name.starts_with(prefix))
}

fn named(found: &Captures) -> Vec<String> {
    if let Some(name) = found.name("braced").or_else(|| found.name("bare")) {
        return vec![name.as_str().to_owned()];
    }
    let (Some(names), Some(expression)) =
        (NAMES.as_ref(), found.name("expression").or_else(|| found.name("moustache")))
    else {
        return Vec::new();
    };
    let all = names.captures_iter(expression.as_str()).filter(|found| found.name("call").is_none());
    let all = all.filter_map(|found| found.name("name").map(|name| name.as_str().to_owned()));
    all.map(|name| name.strip_prefix("env.").map_or(name.clone(), str::to_owned)).collect()
}

/// The form holds the variable and nothing else: no default, no operator.
fn is_plain(found: &Captures) -> bool {
    let plain = |text: &str| text.trim().bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    match found.name("expression").or_else(|| found.name("moustache")) {
        Some(expression) => plain(expression.as_str()),
        None => found.get(0).is_some_and(|m| plain(m.as_str().trim_start_matches(['$', '{']).trim_end_matches('}'))),
    }
}

fn value<'a>(name: &str, known: &'a [(String, String)]) -> Option<&'a str> {
    known.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_in_every_form() {
        let text = "$A ${B} ${C:-x} ${{ env.D }} ${{ matrix.os || 'E' }} {{matrix}} ${{ format('{0}', F) }} $$G 5$";
        assert_eq!(names(text), ["A", "B", "C", "D", "matrix.os", "matrix", "F", "G"]);
        assert!(names("type=gha,scope=build").is_empty());
    }

    #[test]
    fn replaces_what_is_known_and_nothing_else() {
        let known = |list: &[(&str, &str)]| list.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect::<Vec<_>>();
        let set = known(&[("A", "1"), ("B", "$A-2"), ("L", "$L"), ("A", "x")]);
        assert_eq!(expand("$B ${A} ${{ env.A }} ${A:-y} $C $L", &set), "x-2 x x ${A:-y} $C $L");
    }
}
