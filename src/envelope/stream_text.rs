//! What the objects of an Engine's stream say, in the notations in which languages print them.
//!
//! JSON, Python's `repr` (of an object, and of bytes that hold JSON), Node's `util.inspect`, Ruby's
//! `inspect`.

/// How deep objects are read.
const DEPTH: u8 = 8;

/// What the objects of one line say together.
pub(super) struct ObjectText {
    pub(super) text: Vec<u8>,
    /// A text without an end goes on in the next object.
    pub(super) goes_on: bool,
}

/// What the line says; `None` where it holds no message of the Engine.
pub(super) fn of(line: &[u8]) -> Option<ObjectText> {
    let line = in_list(line.trim_ascii());
    match line {
        [b'{', ..] => objects(line),
        // `print(chunk)` of bytes.
        [b'b', b'\'' | b'"', ..] => {
            objects(ObjectReader { rest: line.get(1..)?, bytes: true }.string()?.trim_ascii())
        }
        // A long object that Node prints in several lines.
        _ => {
            let mut reader = ObjectReader { rest: line, bytes: false };
            let known = reader.key().filter(|key| key == b"stream" || key == b"error")?;
            let text = reader.named().and_then(|()| reader.string())?;
            (known.len() > 4 && reader.rest.is_empty())
                .then_some(ObjectText { text, goes_on: false })
        }
    }
}

/// Items of a list that is printed as a whole: `[{'stream': 'x'}, {'stream': 'y'}]`, or an item a
/// line.
fn in_list(line: &[u8]) -> &[u8] {
    let item = line.strip_suffix(b"},").and_then(|_| line.strip_suffix(b","));
    let list = || line.strip_prefix(b"[").and_then(|items| items.strip_suffix(b"]"));
    item.or_else(list).filter(|items| items.starts_with(b"{")).unwrap_or(line)
}

fn objects(text: &[u8]) -> Option<ObjectText> {
    let mut reader = ObjectReader { rest: text, bytes: false };
    let mut said = Vec::new();
    while !reader.rest.is_empty() {
        said.extend(reader.object(0)?.message());
        if reader.eat(b",").is_none() {
            reader.blanks();
        }
    }
    (!said.is_empty()).then_some(ObjectText { text: said, goes_on: true })
}

/// The fields of an object that matter.
#[derive(Default)]
struct Message {
    stream: Option<Vec<u8>>,
    error: Option<Vec<u8>>,
    status: Option<Vec<u8>>,
    /// The status of one of several layers.
    part: bool,
}

impl Message {
    fn message(self) -> Vec<u8> {
        if let Some(stream) = self.stream {
            return stream;
        }
        let status = if self.part { None } else { self.status };
        let Some(mut line) = self.error.or(status) else { return Vec::new() };
        line.push(b'\n');
        line
    }
}

struct ObjectReader<'a> {
    rest: &'a [u8],
    /// `\xHH` is a byte, not a character.
    bytes: bool,
}

impl<'a> ObjectReader<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn eat(&mut self, token: &[u8]) -> Option<()> {
        self.blanks();
        self.rest = self.rest.strip_prefix(token)?;
        self.blanks();
        Some(())
    }

    fn object(&mut self, depth: u8) -> Option<Message> {
        let mut message = Message::default();
        self.eat(b"{")?;
        while self.eat(b"}").is_none() {
            let key = self.key()?;
            self.named()?;
            let value = Some(self.value(depth)?);
            match key.as_slice() {
                b"stream" => message.stream = value,
                b"error" => message.error = value,
                b"status" => message.status = value,
                b"id" => message.part = true,
                _ => {}
            }
            if self.eat(b",").is_none() && !self.rest.starts_with(b"}") {
                return None;
            }
        }
        Some(message)
    }

    /// `"stream"`, `'stream'`, `stream`.
    fn key(&mut self) -> Option<Vec<u8>> {
        self.blanks();
        self.string().or_else(|| {
            let word =
                self.rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
            Some(self.take(word)?.to_vec()).filter(|word| !word.is_empty())
        })
    }

    /// `:`, `=>`
    fn named(&mut self) -> Option<()> {
        self.eat(b":").or_else(|| self.eat(b"=>"))
    }

    /// A text; anything else is passed over, and is none.
    fn value(&mut self, depth: u8) -> Option<Vec<u8>> {
        match self.rest.first()? {
            b'{' if depth < DEPTH => self.object(depth + 1).map(|_| Vec::new()),
            b'"' | b'\'' | b'`' => self.string(),
            _ => {
                let plain = self
                    .rest
                    .iter()
                    .take_while(|b| !matches!(b, b',' | b'}' | b'"' | b'\'' | b'{'))
                    .count();
                self.take(plain).filter(|word| !word.is_empty()).map(|_| Vec::new())
            }
        }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// A quoted text, unescaped.
    fn string(&mut self) -> Option<Vec<u8>> {
        let (quote, mut rest) =
            self.rest.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\'' | b'`'))?;
        let mut text = Vec::new();
        loop {
            let plain = rest.iter().take_while(|b| *b != quote && **b != b'\\').count();
            let (before, after) = rest.split_at_checked(plain)?;
            text.extend_from_slice(before);
            match after {
                [b'\\', escaped @ ..] => rest = self.escaped(escaped, &mut text)?,
                [_, after @ ..] => {
                    self.rest = after;
                    return Some(text);
                }
                [] => return None,
            }
        }
    }

    /// What a backslash stands before; the rest behind it.
    fn escaped<'t>(&self, escaped: &'t [u8], text: &mut Vec<u8>) -> Option<&'t [u8]> {
        let (kind, rest) = escaped.split_first()?;
        let digits = match kind {
            b'x' => 2,
            b'u' => 4,
            _ => {
                text.push(control(*kind));
                return Some(rest);
            }
        };
        let (hex, rest) = rest.split_at_checked(digits)?;
        let code = u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?;
        if self.bytes
            && let Ok(byte) = u8::try_from(code)
        {
            text.push(byte);
            return Some(rest);
        }
        let shown = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(shown.encode_utf8(&mut [0; 4]).as_bytes());
        Some(rest)
    }
}

fn control(kind: u8) -> u8 {
    match kind {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'e' => 0x1b,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> Option<String> {
        of(line.as_bytes()).map(|said| String::from_utf8(said.text).unwrap())
    }

    #[test]
    fn reads_each_notation() {
        for line in [
            r#"{"stream":" ---\u003e Using cache\n"}"#,
            r"{'stream': ' ---> Using cache\n'}",
            r"{ stream: ' ---> Using cache\n' }",
            r#"{"stream"=>" ---> Using cache\n"}"#,
            r#"b'{"stream":" ---\\u003e Using cache\\n"}\r\n'"#,
            r#"{"stream":" ---> "}{"stream":"Using cache\n"}"#,
            r"  stream: ' ---> Using cache\n'",
            r"[{'stream': ' ---> '}, {'stream': 'Using cache\n'}]",
            r#"{"stream": " ---> Using cache\n"},"#,
        ] {
            assert_eq!(text(line).as_deref(), Some(" ---> Using cache\n"), "{line}");
        }
        assert_eq!(text(r#"{'stream': "it's \"so\"\n"}"#).as_deref(), Some("it's \"so\"\n"));
    }

    #[test]
    fn errors_and_states_are_lines_of_their_own() {
        let failed = r#"{"errorDetail":{"code":1,"message":"x"},"error":"The command '/bin/sh -c a' returned a non-zero code: 1"}"#;
        assert_eq!(
            text(failed).as_deref(),
            Some("The command '/bin/sh -c a' returned a non-zero code: 1\n")
        );
        let pulled = r"{'status': 'Status: Downloaded newer image for a:1'}";
        assert_eq!(text(pulled).as_deref(), Some("Status: Downloaded newer image for a:1\n"));
        assert_eq!(
            text(r#"{"status":"Pulling","progressDetail":{"current":1},"id":"0a1b"}"#),
            None
        );
        assert_eq!(text(r"{'aux': {'ID': 'sha256:0a'}}"), None);
    }

    #[test]
    fn other_lines_are_left() {
        let deep = "{a:".repeat(99);
        for line in [
            "",
            "{",
            "{}",
            "{'stream'",
            "{'stream': 'x",
            "{\"stream\": \"\\u12",
            "stream: up",
            "build: 'x'",
            &deep,
        ] {
            assert_eq!(text(line), None, "{line}");
        }
    }
}
