//! Secrets with a shape of their own, and options whose value is one: `curl -u me:…`, signed
//! addresses, keys.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::{Captures, Regex};

use super::expression::{is_expression, is_placeholder};

/// One shape.
struct Shape {
    /// Words of which it has one, in lower case: a text is searched for all of them at once. One of
    /// base64 alone has none.
    words: &'static [&'static str],
    /// What is masked is the group `s`, or the whole match where there is no such group.
    pattern: &'static str,
    /// Whether what was found is one.
    is_one: fn(&str) -> bool,
}

const BASE64: &[&str] = &[];

static SHAPES: &[Shape] = &[
    // What is behind the scheme goes to the end: Amazon's and Digest's have several parts.
    Shape {
        words: &["authorization"],
        pattern: r#"(?i)authorization(?:"|'|\\"|%22)?\s*(?:[:=]|%3A)\s*\[?\s*(?:"|'|\\")?(?:[A-Za-z][A-Za-z0-9-]*(?:\s+|%20|\+))?(?P<s>[^\s"'\\][^"'\r\n\\]*)"#,
        is_one: is_credential,
    },
    Shape {
        words: &["bearer"],
        pattern: r"(?i)\bbearer(?:\s+|%20)(?P<s>[A-Za-z0-9._~+/=-]{16,})",
        is_one: any,
    },
    Shape {
        words: &["cookie"],
        pattern: r#"(?i)\b(?:set-)?cookie(?:"|')?:\s*"?(?P<s>[^\s=;"']+=[^"'\r\n]+)"#,
        is_one: any,
    },
    Shape {
        words: &["eyj"],
        pattern: r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4}",
        is_one: any,
    },
    Shape {
        words: &["private key"],
        pattern: r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|$)",
        is_one: any,
    },
    Shape { words: &["putty-user-key"], pattern: r"(?s)PuTTY-User-Key-File-[0-9].*", is_one: any },
    // A line of a key whose first line stands in another line of the log: base64 behind stamps and
    // numbers, or alone.
    Shape {
        words: BASE64,
        pattern: r"(?m)^(?:[^A-Za-z\n]*[TZ]?[^A-Za-z\n]*[TZ]?[^A-Za-z0-9+/=\n]+|[^\n]*\|\s*|[^\n]*\]\s+)?(?P<s>[A-Za-z0-9+/]{24,}={0,2})\s*$",
        is_one: is_key_line,
    },
    Shape {
        words: BASE64,
        pattern: r"(?:^|[^:\s]\s+)(?P<s>[A-Za-z0-9+/]{40,}={0,2})",
        is_one: is_key_line,
    },
    Shape { words: BASE64, pattern: r"\bMII[A-Za-z0-9+/]{45,}={0,2}", is_one: any },
    // Keys of Azure's storage and its registry (learn.microsoft.com): 64 bytes, and keys that hold
    // a mark.
    Shape {
        words: BASE64,
        pattern: r"(?:^|[^A-Za-z0-9+/=-])(?P<s>[A-Za-z0-9+/]{86}==)",
        is_one: has_all_letters,
    },
    Shape {
        words: &["+asb", "+ast", "+aeh", "+arm", "acdb", "azfu", "azse", "+acr", "jqqj99"],
        pattern: r"[A-Za-z0-9+/]{30,}(?:\+ASb|\+ASt|\+AEh|\+ARm|ACDb|AzFu|AzSe|\+ACR|JQQJ99)[A-Za-z0-9+/]{4,}={0,2}",
        is_one: any,
    },
    Shape {
        words: &["q~"],
        pattern: r"\b[A-Za-z0-9_~.]{3}[0-9]?[0-9]Q~[A-Za-z0-9_~.-]{20,}",
        is_one: any,
    },
    Shape {
        words: &[".atlasv1."],
        pattern: r"\b[A-Za-z0-9]{8,}\.atlasv1\.[A-Za-z0-9_=-]{16,}",
        is_one: any,
    },
    Shape {
        words: &[":aa"],
        pattern: r"\b(?:bot)?(?P<s>[0-9]{6,12}:AA[A-Za-z0-9_-]{30,})",
        is_one: any,
    },
    Shape { words: &["-us"], pattern: r"\b[0-9a-f]{32}-us[0-9]{1,2}\b", is_one: any },
    Shape {
        words: &["sk", "nral"],
        pattern: r"\bSK[0-9a-f]{32}\b|\b[0-9a-fA-F]{36}NRAL\b",
        is_one: any,
    },
    Shape {
        words: &["v1."],
        pattern: r"\bv1\.0-[0-9a-f]{20,}-[0-9a-f]{100,}|\bv1\.[0-9a-f]{40}\b",
        is_one: any,
    },
    Shape {
        words: &[
            "access-sandbox-",
            "access-production-",
            "access-development-",
            "secret-live-",
            "secret-test-",
            "signkey-",
        ],
        pattern: r"\b(?:access-(?:sandbox|production|development)|secret-(?:live|test)|signkey-(?:prod|test))-[A-Za-z0-9_=-]{16,}",
        is_one: any,
    },
    Shape {
        words: &["a3-"],
        pattern: r"\bA3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}\b",
        is_one: any,
    },
    Shape { words: &["pat"], pattern: r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{40,}", is_one: any },
    Shape { words: &["secret_"], pattern: r"\bsecret_[A-Za-z0-9]{40,}\b", is_one: any },
    // Addresses that are their own key.
    Shape {
        words: &["hooks.slack.com"],
        pattern: r#"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<s>[^\s"'<>]+)"#,
        is_one: any,
    },
    Shape {
        words: &["/api/webhooks/"],
        pattern: r#"/api/webhooks/(?P<s>[0-9]+/[^\s"'<>?]+)"#,
        is_one: any,
    },
    Shape {
        words: &["api.telegram.org"],
        pattern: r#"api\.telegram\.org/(?:file/)?bot(?P<s>[^\s"'<>/]+)"#,
        is_one: any,
    },
    Shape {
        words: &["webhook.office.com", "hooks.zapier.com", "logic.azure.com"],
        pattern: r#"(?:webhook\.office\.com/webhookb2|hooks\.zapier\.com/hooks/catch)/(?P<s>[^\s"'<>]+)"#,
        is_one: any,
    },
    Shape {
        words: &["chat.googleapis.com", "key="],
        pattern: r#"[?&]key=(?P<s>[^\s"'&<>]{16,})"#,
        is_one: any,
    },
    // Signed addresses: the upload state of a registry, Azure's and Amazon's signatures.
    Shape {
        words: &[
            "_state=",
            "sig=",
            "signature=",
            "credential=",
            "security-token=",
            "hdnts=",
            "hdnea=",
        ],
        pattern: r#"(?i)[?&](?:_state|sig|signature|hdnts|hdnea|x-(?:amz|goog)-(?:signature|credential|security-token))=(?P<s>[^\s"'&]+)"#,
        is_one: any,
    },
    // Options that hold a password beside a name, or behind a letter.
    Shape {
        words: &["curl", "http", "wget", "xh "],
        pattern: r#"\b(?:curl|https?|xh|wget)\b[^|;\n]*?\s(?:-u|--user|-U|--proxy-user|-a|--auth)[\s=]*(?:"(?P<a>[^"\n]*:[^"\n]*)"|'(?P<b>[^'\n]*:[^'\n]*)'|\\"(?P<c>[^"\n]*:[^"\n\\]*)\\"|(?P<s>[^\s"':$\\][^\s"':]*:[^\s"'\\]*))"#,
        is_one: is_pair,
    },
    Shape {
        words: &["creds"],
        pattern: r#"(?i)--(?:src-|dest-|dst-)?creds[\s=]+(?:"|'|\\")?(?P<s>[^\s"':\\]+:[^\s"'\\]+)"#,
        is_one: is_pair,
    },
    Shape {
        words: &["login"],
        pattern: r#"\b(?:docker|podman|buildah|nerdctl|skopeo|helm|oras|crane|regctl|registry|az|oc|cf|acr|npm)\b[^|;&\n]*?\blogin\b[^|;&\n]*?\s-p\s*=?(?:"(?P<a>[^"\n]+)"|'(?P<b>[^'\n]+)'|(?P<s>[^\s"']+))"#,
        is_one: any,
    },
    Shape {
        words: &[
            "sshpass",
            "twine",
            "mysql",
            "mariadb",
            "7z",
            "redis-cli",
            "ldap",
            "sqlcmd",
            "zip",
            "mongo",
        ],
        pattern: r#"\b(?:sshpass\s+(?:-\S+\s+)*?-p|twine\b[^|;&\n]*?\s-p|(?:mysql|mariadb)\w*\b[^|;&\n]*?\s-p|7z\w*\b[^|;&\n]*?\s-p|redis-cli\b[^|;&\n]*?\s-a|ldap\w+\b[^|;&\n]*?\s-w|sqlcmd\b[^|;&\n]*?\s-P|(?:un)?zip\b[^|;&\n]*?\s-P|mongo\w*\b[^|;&\n]*?\s-p)(?P<gap>\s*)(?:"(?P<a>[^"\n]+)"|'(?P<b>[^'\n]+)'|(?P<s>[^\s"'-][^\s"']*))"#,
        is_one: any,
    },
    Shape {
        words: &["pass:"],
        pattern: r#"(?i)-(?:passin|passout|pass)\s+(?:"|')?pass:(?P<s>[^\s"']+)"#,
        is_one: any,
    },
    Shape {
        words: &["password-stdin", "with-token", "passphrase-fd"],
        pattern: r#"\b(?:echo|printf)\s+(?:-\w+\s+|"?%s\\?n?"?\s+|'%s\\?n?'\s+)*(?:"(?P<a>[^"\n]+)"|'(?P<b>[^'\n]+)'|(?P<s>[^\s"'|]+))\s*\|"#,
        is_one: any,
    },
    Shape {
        words: &["<<<"],
        pattern: r#"(?:password-stdin|with-token)[^\n]*<<<\s*(?:"(?P<a>[^"\n]+)"|'(?P<b>[^'\n]+)'|(?P<s>[^\s"']+))"#,
        is_one: any,
    },
    Shape {
        words: &["from-literal"],
        pattern: r#"--from-literal[=\s]+(?:"|')?[A-Za-z0-9_.-]+=(?P<s>[^\s"']+)"#,
        is_one: any,
    },
    Shape {
        words: &["http-basic", "bundle config", "poetry config"],
        pattern: r#"\b(?:http-basic[.\s]\S+\s+\S+|poetry config \S*token\S*|bundle config (?:set )?(?:--\w+ )?\S+)\s+(?P<s>[^\s"']+)"#,
        is_one: any,
    },
    Shape {
        words: &["vault login", "snyk auth", "secret set", "nuget", "codecov", "alias set"],
        pattern: r#"\b(?:vault login|snyk auth|gh secret set[^\n]*?--body|nuget\b[^|;&\n]*?\s-p|codecov\w*\b[^|;&\n]*?\s-t|mc alias set \S+ \S+ \S+)[\s=]+(?:"(?P<a>[^"\n]+)"|'(?P<b>[^'\n]+)'|(?P<s>[^\s"'-][^\s"']*))"#,
        is_one: any,
    },
    Shape {
        words: &["sonar.login"],
        pattern: r#"sonar\.login["']?[=:]\s*["']?(?P<s>[^\s"']+)"#,
        is_one: any,
    },
    // Users that stand for a token, without a scheme.
    Shape {
        words: &[
            "x-access-token:",
            "oauth2:",
            "x-token-auth:",
            "gitlab-ci-token:",
            "__token__:",
            "x-oauth-basic",
        ],
        pattern: r#"\b(?:(?:x-access-token|x-token-auth|gitlab-ci-token|__token__):(?P<s>[^\s"'@/]+)|oauth2:(?P<a>[^\s"'@/]+)@)"#,
        is_one: any,
    },
    Shape {
        words: &["\"auth\""],
        pattern: r#"\\?"auth\\?"\s*:\s*\\?"(?P<s>[A-Za-z0-9+/=_-]{6,})"#,
        is_one: any,
    },
];

fn any(_: &str) -> bool {
    true
}

/// Behind `Authorization:` stands something, and no sentence.
fn is_credential(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let small = bare.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let prose = small && (text.split_whitespace().count() > 1 || word.ends_with(':'));
    !prose && !matches!(word, "failed" | "required" | "header" | "none" | "basic" | "bearer")
}

/// In `user:password` the password decides.
fn is_pair(text: &str) -> bool {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    if text.starts_with("//") || password.starts_with("//") {
        return false;
    }
    let decides = if password.is_empty() { user } else { password };
    !is_expression(decides) && !is_placeholder(decides)
}

/// A line of a key holds letters of both cases and digits; a digest and a path do not.
fn is_key_line(text: &str) -> bool {
    let signs = text.bytes().filter(|b| matches!(b, b'+' | b'/')).count();
    has_all_letters(text)
        && (text.len() >= 60 || signs > 0 || text.ends_with('='))
        && signs * 8 <= text.len()
        && !is_path(text)
}

/// `services/auth2/Dockerfile`: its parts are words. Letters of base64 change between small,
/// capital and digit at nearly every second place.
fn is_path(text: &str) -> bool {
    let changes = |part: &str| {
        part.as_bytes().windows(2).filter(|two| matches!(two, [a, b] if is_change(*a, *b))).count()
    };
    text.contains('/')
        && !text.contains(['+', '='])
        && text.split('/').map(changes).sum::<usize>() * 6 <= text.len()
}

/// A word ends between two letters; `Dockerfile` and `README` are one each.
fn is_change(first: u8, next: u8) -> bool {
    first.is_ascii_digit() != next.is_ascii_digit()
        || first.is_ascii_lowercase() && next.is_ascii_uppercase()
}

fn has_all_letters(text: &str) -> bool {
    let has = |wanted: fn(&u8) -> bool| text.as_bytes().iter().any(wanted);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

/// The patterns of all shapes, each made when the first text that may hold such a secret is seen:
/// to make them all takes longer than to read a small log.
struct Shapes {
    words: AhoCorasick,
    /// Of which shape each word is.
    of: Vec<usize>,
    each: Vec<LazyLock<Option<Regex>, Make>>,
}

type Make = Box<dyn FnOnce() -> Option<Regex> + Send>;

/// All of them in a text.
pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    found(text, is_long(text))
}

/// Those that a name of a file may hold: a path is made of the letters of base64, too.
pub(super) fn spans_of_name(name: &str) -> Vec<Range<usize>> {
    found(name, false)
}

fn found(text: &str, base64: bool) -> Vec<Range<usize>> {
    static SHAPES: LazyLock<Option<Shapes>> = LazyLock::new(Shapes::new);
    // The patterns are constants and a test compiles them; should one not compile, nothing may
    // leave.
    SHAPES
        .as_ref()
        .and_then(|shapes| shapes.spans(text, base64))
        .unwrap_or_else(|| std::iter::once(0..text.len()).collect())
}

impl Shapes {
    fn new() -> Option<Self> {
        let words = SHAPES
            .iter()
            .enumerate()
            .flat_map(|(at, of)| of.words.iter().map(move |word| (at, *word)));
        let (shapes, words): (Vec<usize>, Vec<&str>) = words.unzip();
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            // Made faster than the automaton it would choose, whose searches are few.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(words);
        let make = |shape: &'static Shape| {
            LazyLock::new(Box::new(|| Regex::new(shape.pattern).ok()) as Make)
        };
        Some(Self { words: words.ok()?, of: shapes, each: SHAPES.iter().map(make).collect() })
    }

    /// `None` where a pattern does not compile.
    fn spans(&self, text: &str, base64: bool) -> Option<Vec<Range<usize>>> {
        let mut found = Vec::new();
        for (shape, pattern) in self.that_may_be_in(text, base64) {
            for at in pattern?.captures_iter(text) {
                found.extend(masked(shape, &at));
            }
        }
        Some(found)
    }

    /// Shapes that the text may hold.
    fn that_may_be_in(
        &self,
        text: &str,
        base64: bool,
    ) -> impl Iterator<Item = (&'static Shape, Option<&Regex>)> {
        let found = self
            .words
            .find_overlapping_iter(text)
            .filter_map(|word| self.of.get(word.pattern().as_usize()));
        let named = found.fold(0_u64, |named, shape| named | 1 << shape);
        let may =
            move |at: &usize, of: &Shape| named & 1 << at != 0 || (of.words.is_empty() && base64);
        let each = self.each.iter().zip(SHAPES).enumerate();
        each.filter(move |(at, (_, of))| may(at, of))
            .map(|(_, (pattern, of))| (of, pattern.as_ref()))
    }
}

fn masked(shape: &Shape, found: &Captures) -> Option<Range<usize>> {
    // `mysql -p shop`: the name of a database.
    let apart = found.name("gap").is_some_and(|gap| !gap.is_empty());
    let whole = found.get_match().as_str();
    if apart
        && (whole.starts_with("mysql") || whole.starts_with("mariadb") || whole.starts_with("7z"))
    {
        return None;
    }
    let secret = ["s", "a", "b", "c"]
        .iter()
        .find_map(|group| found.name(group))
        .unwrap_or(found.get_match());
    let text = secret.as_str();
    let harmless = text.is_empty() || is_expression(text.trim()) || is_placeholder(text.trim());
    (!harmless && (shape.is_one)(text)).then_some(secret.range())
}

/// It has so many letters of base64 in a row that a key may stand there.
fn is_long(text: &str) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.as_bytes().split(|byte| !letter(byte)).any(|run| run.len() >= 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_path_from_a_key() {
        for path in [
            "services/auth2/Dockerfile",
            "k8s/images/nginx/Prod/Dockerfile",
            "backend/services2/authenticationService/Dockerfile",
        ] {
            assert!(spans(path).is_empty(), "{path}");
            assert!(spans(&format!("the patch for {path}")).is_empty(), "{path}");
        }
        let key = "k9Zq/B2dT7xWm4R8vL1nYc3HsJ6f";
        assert_eq!((spans(key).len(), spans_of_name(key).len()), (1, 0));
    }

    #[test]
    fn every_pattern_compiles() {
        assert!(
            SHAPES.len() <= 64
                && Shapes::new().unwrap().each.iter().all(|pattern| pattern.is_some())
        );
    }
}
