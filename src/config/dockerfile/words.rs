//! Words of an instruction, split as a shell does: at blanks outside of quotes.

/// Words with their places in the text.
pub(super) fn words(text: &str) -> Vec<(usize, &str)> {
    let (mut words, mut from, mut quote, mut escaped) = (Vec::new(), 0, None, false);
    let mut close = |from: usize, to: usize| {
        words.extend(text.get(from..to).filter(|word| !word.is_empty()).map(|word| (from, word)));
    };
    for (at, c) in text.char_indices() {
        match quote {
            _ if escaped => escaped = false,
            None | Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_ascii_whitespace() => {
                close(from, at);
                from = at + 1;
            }
            _ => {}
        }
    }
    close(from, text.len());
    words
}

/// Words without options (`--from=x`) and without the keyword.
pub(super) fn arguments(text: &str) -> impl Iterator<Item = (usize, &str)> {
    words(text).into_iter().skip(1).skip_while(|(_, word)| word.starts_with("--"))
}

/// Options of an instruction.
pub(super) fn options(text: &str) -> impl Iterator<Item = &str> {
    words(text).into_iter().skip(1).map(|(_, word)| word).take_while(|word| word.starts_with("--"))
}
