//! Variables in values of a configuration: `$NAME`, `${NAME:-x}`, `${{ env.NAME }}`,
//! `{{matrix.os}}`, `$(date)`, `%NAME%`.
//!
//! Text only; what a variable holds is known where the file itself sets it.

mod form;

use std::sync::LazyLock;

use regex::Regex;

pub(crate) use self::form::{Form, Piece, form, pieces};

/// Words in quotes, names, and those of functions.
const WORD: &str = r"'[^']*'|(?<name>[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)(?<call>\()?";

static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(WORD).ok());

/// Names of the variables in a text; `env.` in front is left out.
pub(super) fn names(text: &str) -> Vec<String> {
    pieces(text).filter_map(|piece| piece.form).flat_map(named).collect()
}

/// The pieces of text between the variables: one piece where there is none.
pub(super) fn between(text: &str) -> Vec<String> {
    let mut between = vec![String::new()];
    for piece in pieces(text) {
        match between.last_mut() {
            Some(last) if piece.form.is_none() => last.push_str(piece.text),
            _ => between.push(String::new()),
        }
    }
    between
}

/// What variables hold, to be asked by their names.
pub(super) trait Values {
    fn value(&self, name: &str) -> Option<&str>;
}

/// Of several with one name the last counts.
impl Values for [(String, String)] {
    fn value(&self, name: &str) -> Option<&str> {
        self.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The text with known variables replaced, also those in their values.
pub(super) fn expand(text: &str, known: &(impl Values + ?Sized)) -> String {
    let mut text = text.to_owned();
    // Values may name each other in a circle.
    for _ in 0..4 {
        let value = |piece| known_value(piece, known);
        let replaced: String =
            pieces(&text).map(|piece| value(piece).unwrap_or(piece.text)).collect();
        if replaced == text {
            break;
        }
        text = replaced;
    }
    text
}

/// The value, where the form holds a variable and nothing else than a default for it.
fn known_value<'a>(piece: Piece, known: &'a (impl Values + ?Sized)) -> Option<&'a str> {
    let form = piece.form?;
    let inside = match form {
        Form::Variable(name, _) if is_bare(piece.text, name) => name,
        Form::Variable(name, _) if has_default(piece.text, name) => {
            return known.value(name).filter(|value| !value.is_empty());
        }
        Form::Expression(inside) => inside.trim(),
        _ => return None,
    };
    let plain =
        inside.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@'));
    match named(form).as_slice() {
        [name] if plain => known.value(name),
        _ => None,
    }
}

/// Nothing but the variable: `$NAME`, `${NAME}`, `$(NAME)`, `${env.NAME}`.
fn is_bare(text: &str, name: &str) -> bool {
    let inside = text.trim_matches(['$', '{', '}', '(', ')']);
    inside.strip_prefix("env.").unwrap_or(inside) == name
}

/// `${NAME:-x}`, `${NAME:?why}`: what stands behind counts where there is no value. HCL has its own
/// `${NAME?1:2}`.
fn has_default(text: &str, name: &str) -> bool {
    let inside = text.trim_start_matches('$').strip_prefix('{').unwrap_or_default();
    let behind = inside.strip_prefix(name).unwrap_or_default();
    [":-", ":=", ":?", "-"].iter().any(|sign| behind.starts_with(sign))
}

/// The text is the same in all jobs of a pipeline, whatever its variables hold.
pub(crate) fn same_in_pipeline(text: &str) -> bool {
    names(text).iter().all(|name| of_pipeline(name))
        && pieces(text).all(|piece| !matches!(piece.form, Some(Form::Command | Form::Percent)))
}

/// Is the same in all jobs of a pipeline: it tells of the commit, the project, the run.
pub(super) fn of_pipeline(name: &str) -> bool {
    const PREFIXES: [&str; 13] = [
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
        "Build.",
    ];
    let differs = [
        // The one tells jobs of a workflow apart, the other workflows.
        "github.job",
        "github.workflow",
        "GITHUB_JOB",
        "GITHUB_WORKFLOW",
        "BITBUCKET_STEP",
        "BITBUCKET_PARALLEL",
        "BUILDKITE_PARALLEL",
        "BUILDKITE_JOB",
        "BUILDKITE_STEP",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        && !differs.iter().any(|prefix| name.starts_with(prefix))
}

fn named(form: Form) -> Vec<String> {
    match form {
        Form::Variable("", _) | Form::Command | Form::Percent => Vec::new(),
        Form::Variable(name, default) => {
            std::iter::once(name.to_owned()).chain(names(default)).collect()
        }
        Form::Expression(inside) => named_inside(inside),
    }
}

fn named_inside(expression: &str) -> Vec<String> {
    let Some(names) = NAMES.as_ref() else { return Vec::new() };
    let all = names.captures_iter(expression).filter(|found| found.name("call").is_none());
    let all = all.filter_map(|found| found.name("name").map(|name| name.as_str().to_owned()));
    all.map(|name| name.strip_prefix("env.").map_or(name.clone(), str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_in_every_form() {
        let text = "$A ${B} ${C:-x} ${{ env.D }} ${{ matrix.os || 'E' }} {{matrix}} ${{ \
            format('{0}', F) }} $$G 5$";
        assert_eq!(names(text), ["A", "B", "C", "D", "matrix.os", "matrix", "F", "G"]);
        assert!(names("type=gha,scope=build").is_empty());
    }

    #[test]
    fn replaces_what_is_known_and_nothing_else() {
        let known = |list: &[(&str, &str)]| {
            list.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect::<Vec<_>>()
        };
        let set = known(&[("A", "1"), ("B", "$A-2"), ("L", "$L"), ("A", "x")]);
        assert_eq!(expand("$B ${A} ${{ env.A }} ${A:+y} $C $L", &*set), "x-2 x x ${A:+y} $C $L");
        assert_eq!(expand("${A:-y} ${A?w} ${C:-$A} ${L:=z}", &*set), "x ${A?w} ${C:-$A} $L");
        assert_eq!(expand("$(B) $(C) ${env.A} $(date)", &*set), "x-2 $(C) x $(date)");
    }
}
