//! GitHub's expressions: the values that one can have, where they can be computed.
//!
//! Conditions are not decided: `${{ github.event_name == 'push' && 'type=gha' || '' }}` is
//! `type=gha` or nothing. Grammar:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/expressions>.

use super::variables::{Form, pieces};

/// More values than anybody writes.
const MOST: usize = 16;

/// The values of a text with expressions in it; what is not known stays as it is written. `None`
/// where nothing is known of one of them but that it is true or false.
pub(super) fn values(text: &str) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    for piece in pieces(text) {
        let next = match piece.form {
            Some(Form::Expression(inside)) if piece.text.starts_with("${{") => computed(inside)?,
            _ => vec![piece.text.to_owned()],
        };
        all = all
            .iter()
            .flat_map(|head| next.iter().map(move |tail| format!("{head}{tail}")))
            .take(MOST)
            .collect();
    }
    all.dedup();
    Some(all)
}

fn computed(inside: &str) -> Option<Vec<String>> {
    let mut reader = ExpressionReader { tokens: tokens(inside)?, at: 0 };
    let found = reader.either()?;
    if reader.at < reader.tokens.len() {
        return None;
    }
    found.into_iter().map(Possible::text).collect()
}

/// What an expression may turn out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Possible {
    /// A text that is written there, or made of such.
    Text(String),
    /// What a name stands for: `matrix.os`.
    Named(String),
    /// True or false.
    Condition,
}

impl Possible {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Named(name) => Some(format!("${{{{ {name} }}}}")),
            Self::Condition => None,
        }
    }

    fn may_be_true(&self) -> bool {
        !matches!(self, Self::Text(text) if text.is_empty())
    }

    fn may_be_false(&self) -> bool {
        !matches!(self, Self::Text(text) if !text.is_empty())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    Word(String),
    Sign(&'static str),
}

/// `None` where a text is not closed, or a character has no place.
fn tokens(text: &str) -> Option<Vec<Token>> {
    const SIGNS: [&str; 13] =
        ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", ",", "["];
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (word, after) = quoted(rest)?;
            found.push(Token::Text(word));
            rest = after;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            // `github['sha']` is left to those who need it.
            found.push(Token::Sign(if *sign == "[" { return None } else { sign }));
            rest = rest.get(sign.len()..)?;
        } else {
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '*');
            let end = rest.find(|c: char| !word(c)).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
            found.push(Token::Word(name.to_owned()));
            rest = after;
        }
        rest = rest.trim_start();
    }
    Some(found)
}

/// A quotation mark within is written twice.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut rest = text.strip_prefix('\'')?;
    loop {
        let (part, after) = rest.split_once('\'')?;
        word.push_str(part);
        let Some(more) = after.strip_prefix('\'') else { return Some((word, after)) };
        word.push('\'');
        rest = more;
    }
}

struct ExpressionReader {
    tokens: Vec<Token>,
    at: usize,
}

impl ExpressionReader {
    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Sign(known)) if *known == sign);
        self.at += usize::from(found);
        found
    }

    /// `a || b`
    fn either(&mut self) -> Option<Vec<Possible>> {
        let mut left = self.both()?;
        while self.takes("||") {
            let right = self.both()?;
            let otherwise = left.iter().any(Possible::may_be_false);
            left.retain(Possible::may_be_true);
            if otherwise {
                left.extend(right);
            }
        }
        Some(distinct(left))
    }

    /// `a && b`
    fn both(&mut self) -> Option<Vec<Possible>> {
        let mut left = self.compared()?;
        while self.takes("&&") {
            let right = self.compared()?;
            let (reached, nothing) =
                (left.iter().any(Possible::may_be_true), left.iter().any(Possible::may_be_false));
            left = if reached { right } else { Vec::new() };
            left.extend(nothing.then(|| Possible::Text(String::new())));
        }
        Some(distinct(left))
    }

    fn compared(&mut self) -> Option<Vec<Possible>> {
        let left = self.single()?;
        if ["==", "!=", "<=", ">=", "<", ">"].iter().any(|sign| self.takes(sign)) {
            self.single()?;
            return Some(vec![Possible::Condition]);
        }
        Some(left)
    }

    fn single(&mut self) -> Option<Vec<Possible>> {
        if self.takes("!") {
            self.single()?;
            return Some(vec![Possible::Condition]);
        }
        if self.takes("(") {
            let inside = self.either()?;
            return self.takes(")").then_some(inside);
        }
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        match token {
            Token::Text(text) => Some(vec![Possible::Text(text)]),
            Token::Word(name) if self.takes("(") => self.call(&name),
            Token::Word(name) => Some(vec![Possible::Named(name)]),
            Token::Sign(_) => None,
        }
    }

    /// A call whose name and bracket were read.
    fn call(&mut self, name: &str) -> Option<Vec<Possible>> {
        let mut arguments: Vec<Vec<Possible>> = Vec::new();
        while !self.takes(")") {
            arguments.push(self.either()?);
            if !self.takes(",") && !matches!(self.tokens.get(self.at), Some(Token::Sign(")"))) {
                return None;
            }
        }
        match name.to_ascii_lowercase().as_str() {
            "format" => formatted(&arguments),
            "contains" | "startswith" | "endswith" | "always" | "success" | "failure"
            | "cancelled" => Some(vec![Possible::Condition]),
            _ => None,
        }
    }
}

/// `format('web-{0}', matrix.os)`, of each value that the arguments may have.
fn formatted(arguments: &[Vec<Possible>]) -> Option<Vec<Possible>> {
    let (pattern, rest) = arguments.split_first()?;
    let mut all: Vec<String> =
        pattern.iter().cloned().map(Possible::text).collect::<Option<_>>()?;
    for (index, values) in rest.iter().enumerate() {
        let values: Vec<String> =
            values.iter().cloned().map(Possible::text).collect::<Option<_>>()?;
        let hole = format!("{{{index}}}");
        all = all
            .iter()
            .flat_map(|text| values.iter().map(|value| text.replace(&hole, value)))
            .take(MOST)
            .collect();
    }
    Some(all.into_iter().map(Possible::Text).collect())
}

fn distinct(values: Vec<Possible>) -> Vec<Possible> {
    let mut found: Vec<Possible> = Vec::new();
    for value in values {
        if !found.contains(&value) && found.len() < MOST {
            found.push(value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_one_that_can_be() {
        for (text, wanted) in [
            ("type=gha", &["type=gha"][..]),
            (
                "${{ github.event_name == 'push' && 'type=gha,mode=max' || '' }}",
                &["type=gha,mode=max", ""],
            ),
            ("${{ a && 'x' || b && 'y' || 'z' }}", &["x", "y", "z"]),
            (
                "type=gha,scope=${{ format('web-{0}', matrix.os) }}",
                &["type=gha,scope=web-${{ matrix.os }}"],
            ),
            (
                "scope=${{ github.ref == 'refs/heads/main' && 'main' || github.head_ref }}",
                &["scope=main", "scope=${{ github.head_ref }}"],
            ),
            ("${{ inputs.cache }}", &["${{ inputs.cache }}"]),
            ("${{ (a || b) && 'it''s' }}", &["it's", ""]),
            ("${{ !cancelled() && 'x' || 'x' }}", &["x"]),
        ] {
            assert_eq!(values(text).unwrap(), wanted, "{text}");
        }
        for text in [
            "${{ a == 'b' }}",
            "${{ fromJSON(x).y }}",
            "${{ toJSON(matrix) }}",
            "${{ 'open }}",
            "${{ a[0] }}",
        ] {
            assert_eq!(values(text), None, "{text}");
        }
    }
}
