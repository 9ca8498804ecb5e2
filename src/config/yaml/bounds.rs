//! What is too much for one file: a parser takes some hundred times the room of its text, and
//! aliases more.

/// Values in one file. Each takes nearly a kilobyte while the file is read.
const VALUES: usize = 40_000;

/// Lists in lists. The parser's time grows with the square of it.
const DEPTH: usize = 500;

/// What a file may have to do with builds.
const BUILDS: usize = 2_000;

/// Bytes of the text with its aliases written out.
const EXPANDED: usize = 1 << 20;

/// Why a file is not read.
pub(super) fn refused(text: &str) -> Option<String> {
    if text.bytes().filter(|byte| matches!(byte, b',' | b'\n' | b'[' | b'{')).count() > VALUES {
        return Some(format!("has more than {VALUES} values, which no configuration has"));
    }
    if depth(text) > DEPTH {
        return Some(format!("has lists in lists, more than {DEPTH} deep"));
    }
    if memchr::memmem::find_iter(text.as_bytes(), "build").count() > BUILDS {
        return Some(format!(
            "mentions builds more than {BUILDS} times, which no configuration does"
        ));
    }
    (expanded(text) > EXPANDED)
        .then(|| format!("is larger than {EXPANDED} bytes with its aliases written out"))
}

fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => now += 1,
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// Part of the text that has a name.
struct Anchor<'t> {
    name: &'t str,
    indent: usize,
    /// What was counted when it began, and once it has ended how much it is.
    begins: usize,
    size: Option<usize>,
}

/// Bytes when each alias is what it stands for. A part that has a name ends where the text is no
/// deeper.
fn expanded(text: &str) -> usize {
    if !text.contains('*') || !text.contains('&') {
        return text.len();
    }
    let mut anchors: Vec<Anchor> = Vec::new();
    let mut counted = 0_usize;
    for line in text.lines() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if !bare.is_empty() {
            let ends = |anchor: &&mut Anchor| {
                anchor.size.is_none() && indent <= anchor.indent && !bare.starts_with("- ")
            };
            anchors
                .iter_mut()
                .filter(ends)
                .for_each(|anchor| anchor.size = Some(counted - anchor.begins));
        }
        let before = counted;
        counted = counted.saturating_add(line.len());
        for word in bare.split([' ', ',', '[', ']', '{', '}', '\t']) {
            if let Some(name) = word.strip_prefix('*').filter(|name| !name.is_empty()) {
                let named = anchors.iter().rev().find(|anchor| anchor.name == name);
                counted = counted.saturating_add(
                    named.map_or(0, |anchor| anchor.size.unwrap_or(counted - anchor.begins)),
                );
            } else if let Some(name) = word.strip_prefix('&').filter(|name| !name.is_empty()) {
                anchors.push(Anchor { name, indent, begins: before, size: None });
            }
        }
        if counted > EXPANDED || anchors.len() > ANCHORS {
            return usize::MAX;
        }
    }
    counted
}

/// Names in one file.
const ANCHORS: usize = 1000;

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn what_grows_is_refused() {
        assert_eq!(refused("a: [1, 2]\nb: &x {c: 1}\nd: *x\n"), None);
        assert!(refused(&"[".repeat(DEPTH + 1)).unwrap().contains("deep"));
        assert!(refused(&"a,".repeat(VALUES + 1)).unwrap().contains("values"));
        assert!(refused(&"docker build .\n".repeat(BUILDS + 1)).unwrap().contains("builds"));
        let mut square = ".all: &all\n".to_owned();
        (0..600).for_each(|n| writeln!(square, "  key{n}: a value of some length").unwrap());
        (0..600).for_each(|n| writeln!(square, "job{n}:\n  <<: *all").unwrap());
        assert!(refused(&square).unwrap().contains("aliases"));
        let some = square.replace("job", "").lines().take(620).collect::<Vec<_>>().join("\n");
        assert_eq!(refused(&some), None);
    }

    #[test]
    fn aliases_of_aliases_count() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..9 {
            writeln!(text, "a{n}: &a{n} [{}]", vec![format!("*a{}", n - 1); 10].join(", "))
                .unwrap();
        }
        assert!(refused(&text).unwrap().contains("aliases"));
    }
}
