//! Sentences of findings, made safe, with `names` in the letters of code.

use maud::{Markup, html};

use crate::render::escape::line;

/// Where back ticks do not come in pairs the text stays as it is: a log may have brought one in.
pub(super) fn prose(text: &str) -> Markup {
    let text = line(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return html! { (text) };
    }
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @if index.is_multiple_of(2) { (part) } @else { code { (part) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_code() {
        let page = |text| prose(text).into_string();
        assert_eq!(page("stage `build` is <new>"), "stage <code>build</code> is &lt;new&gt;");
        assert_eq!(page("a ` alone"), "a ` alone");
        assert_eq!(page("`a` and `<b>`"), "<code>a</code> and <code>&lt;b&gt;</code>");
    }
}
