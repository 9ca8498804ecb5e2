//! How values are written in YAML: plain, in quotes, in lines below their key, in the flow form.

/// What a field is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldText {
    /// One text.
    One(String),
    /// A text of several lines.
    Lines(Vec<String>),
    /// A list of texts.
    List(Vec<String>),
    /// A mapping of plain values.
    Map(Vec<(String, String)>),
}

/// The value as it follows `name:`; lines below it are indented deeper than `column`.
pub(super) fn block(value: &FieldText, column: usize, source: &str) -> String {
    let end = if source.contains("\r\n") { "\r\n" } else { "\n" };
    let indent = format!("{end}{}", " ".repeat(column + 2));
    let joined = |lines: Vec<String>| {
        lines.iter().fold(String::new(), |text, line| format!("{text}{indent}{line}"))
    };
    match value {
        FieldText::One(text) => scalar(text),
        FieldText::Lines(lines) => format!("|{}", joined(lines.clone())),
        FieldText::List(items) => {
            joined(items.iter().map(|item| format!("- {}", scalar(item))).collect())
        }
        FieldText::Map(pairs) => {
            joined(pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect())
        }
    }
}

pub(super) fn flow(value: &FieldText) -> String {
    match value {
        FieldText::One(text) => quoted(text),
        FieldText::Lines(lines) => quoted(&lines.join("\n")),
        FieldText::List(items) => flow_list(items),
        FieldText::Map(pairs) => {
            let pairs: Vec<String> =
                pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

/// `["a", "b"]`
pub(crate) fn flow_list(items: &[String]) -> String {
    format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "))
}

/// Plain where YAML reads it as the same text, else in quotes.
pub(crate) fn scalar(text: &str) -> String {
    let special = text.starts_with([
        '[', '{', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', '#', '-', '?', ':', ',', ' ',
    ]);
    let plain =
        !special && !text.contains(": ") && !text.contains(" #") && !text.ends_with([':', ' ']);
    if plain && !text.is_empty() { text.to_owned() } else { quoted(text) }
}

/// In double quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
