//! What secrets look like, and without which words a text holds none.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

/// One kind of secret.
struct Kind {
    /// Words of which it has one, in lower case: a text is searched for all of them at once. A secret of
    /// base64 alone has none.
    words: &'static [&'static str],
    /// The group `s` or `key` is replaced, or the whole match where there is no such group.
    pattern: &'static str,
}

/// In front of values: `password=…`, `NPM_TOKEN=…`, `--api-key …`.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "privatekey",
    "private_key",
    "accountkey",
    "account_key",
];

const BASE64: &[&str] = &[];

static KINDS: &[Kind] = &[
    // https://user:password@host; a token alone in front of the @ where it is too long for a name.
    Kind {
        words: &["://"],
        pattern: r#"[a-zA-Z][a-zA-Z0-9+.-]*://(?P<s>[^/\s"'<>@:]*:[^/\s"'<>]*|[^/\s"'<>@:]{20,})@(?P<digest>sha[0-9]+:)?"#,
    },
    Kind {
        words: &["authorization"],
        pattern: r#"(?i)\bauthorization["']?\s*[:=]\s*["']?(?:basic|bearer|token|digest)\s+(?P<s>[^\s"',]+)"#,
    },
    Kind {
        words: &["authorization"],
        pattern: r#"(?i)\bauthorization["']?\s*[:=]\s*["']?(?P<s>[A-Za-z0-9._~+/=-]{20,})"#,
    },
    Kind { words: &["bearer"], pattern: r"(?i)\bbearer\s+(?P<s>[A-Za-z0-9._~+/=-]{20,})" },
    Kind { words: &["akia", "asia"], pattern: r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b" },
    Kind {
        words: &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
        pattern: r"\bgh[pousr]_[A-Za-z0-9]{20,}[A-Za-z0-9_.-]*|\bgithub_pat_[A-Za-z0-9_]{20,}",
    },
    Kind {
        words: &["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "gloas-"],
        pattern: r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|oas)-[A-Za-z0-9_.-]{16,}",
    },
    Kind { words: &["xox"], pattern: r"\bxox[a-z]-[A-Za-z0-9-]{10,}" },
    Kind { words: &["npm_"], pattern: r"\bnpm_[A-Za-z0-9]{30,}" },
    Kind {
        words: &["dckr_", "atatt", "atctt", "atbb", "bkua_", "bkct_", "aiza"],
        pattern: r"\bdckr_[po]at_[A-Za-z0-9_-]{16,}|\bAT(?:ATT|CTT|BB)[A-Za-z0-9_=.-]{16,}|\bbk(?:ua|ct)_[A-Za-z0-9]{16,}|\bAIza[A-Za-z0-9_-]{35}",
    },
    Kind { words: &["eyj"], pattern: r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*" },
    Kind {
        words: &["private key-----"],
        pattern: r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    },
    // A line of a key whose first line stands in another line of the log: base64 and nothing else.
    Kind {
        words: BASE64,
        pattern: r"(?m)^\s*(?:#[0-9]+ (?:[0-9]+\.[0-9]+ )?)?(?P<key>[A-Za-z0-9+/]{60,76}={0,2})\s*$|\bMII[A-Za-z0-9+/]{45,}={0,2}",
    },
    // password=…, NPM_TOKEN=…, secret_access_key=…; "token":"…"; `  password: …` as a line of its own.
    Kind {
        words: NAMES,
        pattern: r#"(?i)(?:password|passwd|passphrase|token|secret|api_?key|access_?key|private_?key|account_?key)(?:_access_key|_key)?["']?=["']?(?P<s>[^\s"',;&|]+)"#,
    },
    Kind {
        words: NAMES,
        pattern: r#"(?i)(?:password|passwd|passphrase|token|secret|api_?key|access_?key|private_?key)\\?["']\s*:\s*\\?["'](?P<s>[^"'\\]+)"#,
    },
    Kind {
        words: NAMES,
        pattern: r#"(?i)^\s*[a-z0-9_-]*(?:password|passwd|passphrase|token|secret|api[_-]?key):\s+["']?(?P<s>[^\s"']+)["']?\s*$"#,
    },
    Kind {
        words: NAMES,
        pattern: r#"(?i)\s--?(?:password|passwd|passphrase|token|api-?key|registry-token)\s+["']?(?P<s>[^\s"']+)"#,
    },
    Kind { words: &["login"], pattern: r#"\bdocker\s+login\b[^|;&]*?\s-p\s*=?["']?(?P<s>[^\s"']+)"# },
    Kind { words: &["curl"], pattern: r#"\bcurl\b[^|;&]*?\s(?:-u|--user)[\s=]["']?(?P<s>[^\s"':]*:[^\s"']+)"# },
    // Signed addresses: the upload state of a registry, Azure's and Amazon's signatures.
    Kind {
        words: &["_state=", "sig=", "signature=", "credential=", "security-token="],
        pattern: r#"(?i)[?&](?:_state|sig|signature|x-(?:amz|goog)-(?:signature|credential|security-token))=(?P<s>[^\s"'&]+)"#,
    },
];

/// The patterns of all kinds, each made when the first text that may hold such a secret is seen: to make them all
/// takes longer than to read a small log.
pub(super) struct Secrets {
    words: AhoCorasick,
    /// Of which kind each word is.
    kinds: Vec<usize>,
    each: Vec<LazyLock<Option<Regex>, Make>>,
}

type Make = Box<dyn FnOnce() -> Option<Regex> + Send>;

impl Secrets {
    pub(super) fn new() -> Option<Self> {
        let words = KINDS.iter().enumerate().flat_map(|(kind, of)| of.words.iter().map(move |word| (kind, *word)));
        let (kinds, words): (Vec<usize>, Vec<&str>) = words.unzip();
        let words = AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(words);
        let make = |kind: &'static Kind| LazyLock::new(Box::new(|| Regex::new(kind.pattern).ok()) as Make);
        Some(Self { words: words.ok()?, kinds, each: KINDS.iter().map(make).collect() })
    }

    /// Patterns that may match; `None` for one that does not compile.
    pub(super) fn of(&self, text: &str) -> impl Iterator<Item = Option<&Regex>> {
        let found = self.words.find_overlapping_iter(text).filter_map(|word| self.kinds.get(word.pattern().as_usize()));
        let named = found.fold(0_u64, |named, kind| named | 1 << kind);
        let base64 = is_long(text);
        let may = move |kind: &usize, of: &Kind| named & 1 << kind != 0 || (of.words.is_empty() && base64);
        let each = self.each.iter().zip(KINDS).enumerate();
        each.filter(move |(kind, (_, of))| may(kind, of)).map(|(_, (pattern, _))| pattern.as_ref())
    }
}

/// It has so many letters of base64 in a row that a key may begin there.
fn is_long(text: &str) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.as_bytes().split(|byte| !letter(byte)).any(|run| run.len() >= 48)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;

    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!(Secrets::new().unwrap().each.iter().all(|pattern| pattern.is_some()));
    }

    /// A text of this kind, without the anchors, which cannot be made up.
    fn made_up(kind: &Kind) -> BoxedStrategy<String> {
        let plain = kind.pattern.replace(r"\b", "").replace("(?m)^", "").replace("(?i)^", "(?i)").replace('$', "");
        string_regex(&plain).unwrap().boxed()
    }

    proptest! {
        #[test]
        fn no_secret_is_without_its_words((kind, text) in (0..KINDS.len()).prop_flat_map(|kind| (Just(kind), made_up(&KINDS[kind])))) {
            // The other cases of s and k in Unicode, in which nobody writes a name.
            prop_assume!(!text.contains(['\u{17f}', '\u{212a}']));
            let secrets = Secrets::new().unwrap();
            let pattern = secrets.each[kind].as_ref().unwrap();
            let searched = secrets.of(&text).flatten().any(|other| other.as_str() == pattern.as_str());
            prop_assert!(searched || !pattern.is_match(&text), "{text:?}");
        }
    }
}
