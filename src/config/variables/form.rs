//! Where variables and expressions stand in a text, and where each of them ends. Knows nothing of
//! what they hold.

use crate::model::balanced;

/// A piece of a text: as it is written, or filled in by the shell or the CI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// All of it.
    pub text: &'a str,
    /// What fills it in; `None` where it is as it is written.
    pub form: Option<Form<'a>>,
}

/// How a variable or an expression is written. Another `$` in front, which keeps it from an earlier
/// reader, counts to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form<'a> {
    /// `$NAME`, `${NAME}`, `${NAME:-x}`: the name, and what stands behind the operator. Also `$1`,
    /// `$@`,
    /// `$(NAME)` of make and Azure Pipelines, and `${env.NAME}` of Jenkins.
    Variable(&'a str, &'a str),
    /// `${{ github.sha }}`, `{{matrix.os}}`, `$[[ inputs.name ]]`: what is inside.
    Expression(&'a str),
    /// `$(date)`, `` `date` ``.
    Command,
    /// `%NAME%`, as the shell of Windows has it; also a part of `a%20b%20c`.
    Percent,
}

/// The pieces of a text; none of them is empty.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (length, form) = match form(rest) {
            Some((length, form)) => (length, Some(form)),
            None => (written(rest), None),
        };
        let (text, after) = rest.split_at_checked(length)?;
        rest = after;
        (!text.is_empty()).then_some(Piece { text, form })
    })
}

/// Bytes up to the next form.
fn written(text: &str) -> usize {
    let mut starts =
        text.match_indices(['$', '{', '%', '`']).map(|(at, _)| at).filter(|at| *at > 0);
    starts.find(|at| text.get(*at..).is_some_and(|rest| form(rest).is_some())).unwrap_or(text.len())
}

/// What has not ended by then is none: thousands of brackets that nobody closes are not worth a
/// look each.
const LONGEST: usize = 4096;

/// The form that the text begins with, and its length in bytes.
pub(crate) fn form(text: &str) -> Option<(usize, Form<'_>)> {
    if text.starts_with("$$") {
        // Of many the last two count.
        let once = text.strip_prefix('$').filter(|rest| !rest.starts_with("$$"))?;
        return form(once).map(|(length, form)| (length + 1, form));
    }
    let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text);
    let closed = |open: &str, close: &str| {
        let inside = text.strip_prefix(open)?.split(close).next()?;
        let length = open.len() + inside.len() + close.len();
        (length <= text.len()).then_some((length, inside))
    };
    if text.starts_with("${{") {
        return closed("${{", "}}").map(|(length, inside)| (length, Form::Expression(inside)));
    }
    // Inputs of GitLab's components and included files.
    if text.starts_with("$[[") {
        return closed("$[[", "]]").map(|(length, inside)| (length, Form::Expression(inside)));
    }
    if text.starts_with("{{") {
        let found = closed("{{", "}}").filter(|(_, inside)| !inside.contains(['{', '}']));
        return found.map(|(length, inside)| (length, Form::Expression(inside)));
    }
    if text.starts_with("${") {
        return balanced(text, '{', '}')
            .map(|length| (length, braced(text.get(2..length - 1).unwrap_or_default())));
    }
    if text.starts_with("$(") {
        let length = balanced(text, '(', ')')?;
        let inside = text.get(2..length - 1).unwrap_or_default();
        return Some((
            length,
            if is_name(inside) { Form::Variable(inside, "") } else { Form::Command },
        ));
    }
    if let Some(behind) = text.strip_prefix('$') {
        let argument = behind.starts_with(|c: char| c == '@' || ('1'..='9').contains(&c));
        let name = if argument { behind.get(..1).unwrap_or_default() } else { name(behind) };
        let named = argument || name.starts_with(|c: char| c.is_alphabetic() || c == '_');
        return named.then_some((1 + name.len(), Form::Variable(name, "")));
    }
    if let Some(behind) = text.strip_prefix('%') {
        let name = name(behind);
        let ended =
            !name.is_empty() && behind.get(name.len()..).is_some_and(|rest| rest.starts_with('%'));
        return ended.then_some((name.len() + 2, Form::Percent));
    }
    closed("`", "`").map(|(length, _)| (length, Form::Command))
}

/// `IMAGE`, `Build.BuildId`: no command that scripts call by its name alone.
fn is_name(inside: &str) -> bool {
    const COMMANDS: [&str; 12] = [
        "arch", "date", "hostname", "id", "logname", "ls", "nproc", "pwd", "tty", "uname",
        "uuidgen", "whoami",
    ];
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
    inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && inside.bytes().all(plain)
        && !COMMANDS.contains(&inside)
}

/// `NAME`, `NAME:-x`; no shell has a `.` in a name, Groovy calls what belongs to a text by it:
/// `${env.BRANCH_NAME.replace('/', '-')}`.
fn braced(inside: &str) -> Form<'_> {
    let inside = inside.strip_prefix("env.").unwrap_or(inside);
    let name = name(inside);
    let behind = inside.get(name.len()..).unwrap_or_default();
    Form::Variable(name, behind.trim_start_matches([':', '-', '+', '=', '?', '#', '%', '/']))
}

fn name(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Filled in is what stands between angles.
    fn marked(text: &str) -> String {
        pieces(text)
            .map(|piece| {
                if piece.form.is_some() {
                    format!("<{}>", piece.text)
                } else {
                    piece.text.to_owned()
                }
            })
            .collect()
    }

    #[test]
    fn each_form_ends_where_its_brackets_do() {
        for (text, want) in [
            ("r/$A:${B}-$$C$${D}", "r/<$A>:<${B}>-<$$C><$${D}>"),
            (
                "v${{ format('{0}', x) }}-{{matrix.os}}",
                "v<${{ format('{0}', x) }}>-<{{matrix.os}}>",
            ),
            ("$(basename $(pwd))/`date`", "<$(basename $(pwd))>/<`date`>"),
            ("$(IMAGE):$(Build.BuildId)", "<$(IMAGE)>:<$(Build.BuildId)>"),
            ("${A:-${B}}c", "<${A:-${B}}>c"),
            ("%REGISTRY%/a%", "<%REGISTRY%>/a%"),
            ("5$ $0 ${A $(b {{c `d é$é", "5$ $0 ${A $(b {{c `d é<$é>"),
            ("$1:$12$@", "<$1>:<$1>2<$@>"),
            ("$$$A", "$<$$A>"),
            ("", ""),
        ] {
            assert_eq!(marked(text), want);
        }
        assert_eq!(form("${A:-x}"), Some((7, Form::Variable("A", "x"))));
        assert_eq!(form("$(A.b)"), Some((6, Form::Variable("A.b", ""))));
        assert_eq!(form("${env.A}"), Some((8, Form::Variable("A", ""))));
        for command in ["$(date)", "$(git describe)", "$(./version)"] {
            assert_eq!(form(command), Some((command.len(), Form::Command)));
        }
        assert_eq!(pieces(&"${$(".repeat(20_000)).count(), 1);
    }
}
