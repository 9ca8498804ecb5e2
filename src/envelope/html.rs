//! Logs that went through a page: ` ---&gt; Using cache`, ` =&gt; CACHED [2/4] COPY . .`,
//! `RUN a &amp;&amp; b`.
//!
//! Whoever escapes text for HTML writes five letters otherwise, in a few spellings (Go
//! `html/template`, Python `html.escape`, Java's `StringEscapeUtils`); other entities are
//! somebody's own text and stay.

use std::borrow::Cow;

use memchr::memchr_iter;

use super::{Envelope, Head, Words, builder_line};
use crate::source::find;

/// The arrows and quotes of the builder's lines are entities.
pub(super) struct Html;

const ENTITIES: [(&[u8], u8); 12] = [
    (b"&gt;", b'>'),
    (b"&lt;", b'<'),
    (b"&amp;", b'&'),
    (b"&quot;", b'"'),
    (b"&#34;", b'"'),
    (b"&#x22;", b'"'),
    (b"&apos;", b'\''),
    (b"&#39;", b'\''),
    (b"&#039;", b'\''),
    (b"&#x27;", b'\''),
    (b"&#43;", b'+'),
    (b"&#x2F;", b'/'),
];

impl Envelope for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn words(&self) -> Words {
        &[b"&gt;", b"&lt;", b"&amp;", b"&quot;", b"&apos;", b"&#"]
    }

    /// A command may print an entity: in a header of a step none is the Dockerfile's.
    fn recognise(&self, head: &Head) -> bool {
        head.any(self, |line| holds_entity(line) && is_escaped(line))
    }

    fn packs(&self) -> bool {
        true
    }

    fn unpack<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(first) = find(line, b"&") else { return Cow::Borrowed(line) };
        let (before, mut rest) = line.split_at_checked(first).unwrap_or((line, &[]));
        let mut plain = before.to_vec();
        while let Some((byte, after)) = rest.split_first() {
            let entity = ENTITIES
                .iter()
                .find_map(|(name, letter)| Some((letter, rest.strip_prefix(*name)?)));
            let (letter, next) = entity.unwrap_or((byte, after));
            plain.push(*letter);
            rest = next;
        }
        Cow::Owned(plain)
    }
}

/// `a && b` holds none.
fn holds_entity(line: &[u8]) -> bool {
    let entity = |text: &[u8]| ENTITIES.iter().any(|(name, _)| text.starts_with(name));
    memchr_iter(b'&', line).any(|at| line.get(at..).is_some_and(entity))
}

fn is_escaped(line: &[u8]) -> bool {
    const ARROWS: [&[u8]; 7] = [
        b"---&gt; Using cache",
        b"---&gt; Running in ",
        b"--&gt; Using cache ",
        b"--&gt; Pushing cache ",
        b"=&gt; CACHED [",
        b"=&gt; [internal] ",
        b"=&gt; =&gt; transferring ",
    ];
    // `#0 building with &#34;ci&#34; instance`, ` &gt; [build 2/3] RUN make:`, `--&gt; 720ae0c06d5`,
    // `time=&#34;2026-…`.
    const STARTS: [&[u8]; 6] = [
        b"#0 building with &",
        b" &gt; [",
        b" &gt; importing cache ",
        b" &gt; exporting ",
        b"--&gt; ",
        b"time=&",
    ];
    let arrow = || ARROWS.iter().any(|arrow| find(line, arrow).is_some());
    let start = || STARTS.iter().any(|start| line.starts_with(start));
    arrow() || start() || is_header(line)
}

/// `#5 [2/3] RUN a &amp;&amp; b`, `Step 2/3 : RUN echo &#39;a&#39;`
fn is_header(line: &[u8]) -> bool {
    let text = builder_line::behind(line).and_then(|at| line.get(at..)).unwrap_or(line);
    builder_line::begins(text) && builder_line::is_plain(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Stack;
    use crate::envelope::recognises;

    #[test]
    fn five_letters_are_read_and_nothing_else() {
        for (escaped, plain) in [
            (" ---&gt; Using cache", " ---> Using cache"),
            (
                "#5 [2/3] RUN a &amp;&amp; echo &#39;&lt;b&gt;&quot;",
                "#5 [2/3] RUN a && echo '<b>\"",
            ),
            ("&amp;gt; is &gt;", "&gt; is >"),
            ("a &nbsp; & b &#27;", "a &nbsp; & b &#27;"),
        ] {
            assert_eq!(&*Html.unpack(escaped.as_bytes()), plain.as_bytes(), "{escaped}");
        }
    }

    #[test]
    fn a_builders_own_lines_tell() {
        for line in [
            " ---&gt; Running in 0a1b2c3d4e5f",
            " =&gt; CACHED [2/4] COPY . .   0.0s",
            "#5 [2/3] RUN a &amp;&amp; b",
            "#0 building with &#34;ci&#34; instance using remote driver",
            " &gt; [build 2/3] RUN make:",
        ] {
            assert!(recognises(&Html, &[b"docker build .", line.as_bytes()]), "{line}");
        }
        for line in
            ["#5 0.311 a &amp;&amp; b", "see &gt; here", "#5 [2/3] RUN a && b", " ---> Using cache"]
        {
            assert!(!recognises(&Html, &[line.as_bytes()]), "{line}");
        }
    }

    #[test]
    fn stands_inside_of_a_prefix() {
        let log = "2026-05-04T09:00:00.1234567Z Step 1/2 : FROM a\n2026-05-04T09:00:00.1234567Z  \
            ---&gt; Using cache\n";
        let stack = Stack::recognise(log.as_bytes());
        assert!(stack.names().any(|name| name == "html"));
        let line = stack.unpack(b"2026-05-04T09:00:00.1234567Z  ---&gt; Using cache");
        assert_eq!(stack.peel(&line).text, b" ---> Using cache");
    }
}
