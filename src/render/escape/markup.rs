//! Text of a log inside HTML and XML.

use std::borrow::Cow;

use super::{line, path};

/// Text for the content of an HTML element, or for an attribute in quotes.
#[must_use]
pub fn html(text: &str) -> String {
    entities(&line(text))
}

/// Text for the content of an XML element, or for an attribute in quotes.
#[must_use]
pub fn xml(text: &str) -> String {
    printable(&line(text))
}

/// The name of a file, for the same places.
#[must_use]
pub fn xml_path(name: &str) -> String {
    printable(&path(name))
}

fn printable(text: &str) -> String {
    // The two characters that are neither control characters nor allowed (XML 1.0, production 2).
    let text = text.replace('\u{fffe}', r"\u{fffe}").replace('\u{ffff}', r"\u{ffff}");
    entities(&text)
}

fn entities(text: &str) -> String {
    let each = text.chars().map(|c| match c {
        '&' => Cow::Borrowed("&amp;"),
        '<' => Cow::Borrowed("&lt;"),
        '>' => Cow::Borrowed("&gt;"),
        '"' => Cow::Borrowed("&quot;"),
        '\'' => Cow::Borrowed("&#39;"),
        c => Cow::Owned(c.to_string()),
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_stays_text() {
        assert_eq!(html("<a href='x'>&\"\u{1b}"), r"&lt;a href=&#39;x&#39;&gt;&amp;&quot;\u{1b}");
        assert_eq!(xml("a]]>\u{fffe}\u{0}"), r"a]]&gt;\u{fffe}\u{0}");
    }
}
