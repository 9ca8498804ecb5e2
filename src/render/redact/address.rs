//! Who asks, in addresses: `https://user:password@host`, `https://token@host`.

use std::ops::Range;

use super::expression::{is_expression, is_placeholder};

/// Names that stand alone in front of a host and are no tokens.
const USERS: &[&str] =
    &["git", "oauth2", "anonymous", "root", "admin", "postgres", "token", "user", "username"];

/// No address is longer.
const LONGEST: usize = 4096;

/// What is secret in the addresses of a text.
pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("://")).map(|at| from + at) {
        from = at + 3;
        let scheme = text.get(..at).unwrap_or_default();
        if !scheme.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            continue;
        }
        if let Some(span) = who(text, from) {
            from = span.end;
            found.push(span);
        }
    }
    found
}

fn who(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let ends = |c: char| c.is_whitespace() || "\"'>`".contains(c);
    let rest = rest.get(..rest.floor_char_boundary(LONGEST)).unwrap_or_default();
    let length = rest.find(ends).unwrap_or(rest.len());
    // `https://<user>:<password>@host`: what asks for a value may stand in brackets.
    let whole = rest.get(..length)?;
    let authority = whole.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains("@sha256:") || authority.contains("@sha512:") {
        return None;
    }
    let end = match authority.rfind('@') {
        Some(end) => end,
        None => with_slash(whole, authority)?,
    };
    let asks = whole.get(..end)?;
    is_secret(asks).then_some(start..start + end)
}

/// `https://me:pa/ss@host`: what is behind the colon is no port, so it is a password with a slash.
fn with_slash(whole: &str, authority: &str) -> Option<usize> {
    let (user, behind) = authority.split_once(':')?;
    let end = whole.rfind('@')?;
    let host = whole.get(end + 1..)?;
    let port = behind.bytes().all(|byte| byte.is_ascii_digit());
    let digest = host.starts_with("sha256:") || host.starts_with("sha512:");
    let named = user.contains('.') || user == "localhost" || user.starts_with('[');
    let like_host = host.starts_with(|c: char| c.is_ascii_alphabetic())
        && host.split(['/', ':']).next()?.contains('.');
    let package = whole.get(..end)?.ends_with('/');
    let is_password = !digest && !package && (!port || (!named && like_host && !behind.is_empty()));
    is_password.then_some(end)
}

fn is_secret(asks: &str) -> bool {
    let harmless = |text: &str| text.is_empty() || is_expression(text) || is_placeholder(text);
    match asks.split_once(':') {
        // `https://TOKEN:@host`: the token has the user's place.
        Some((user, "")) => !harmless(user) && !USERS.contains(&user),
        Some((_, password)) => !harmless(password) || password.is_empty(),
        None => {
            let number = asks.contains(|c: char| c.is_ascii_digit());
            !harmless(asks)
                && !USERS.contains(&asks)
                && (asks.len() >= 20 || asks.len() >= 12 && number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_tokens_are_found() {
        for (text, secret) in [
            ("https://me:hunter2@h/x", "me:hunter2"),
            ("https://aTokenOfGemfury1:@h/x", "aTokenOfGemfury1:"),
            ("https://me:pa/ss@h.example.com/x", "me:pa/ss"),
            ("https://me:$Hunter2@h", "me:$Hunter2"),
            ("https://me:%24abc@h", "me:%24abc"),
            ("redis://:hunter2@h:6379/0", ":hunter2"),
            ("https://oauth2:p@ss@host/x", "oauth2:p@ss"),
            ("https://a1b2c3d4e5f6a1b2c3d4@host/x", "a1b2c3d4e5f6a1b2c3d4"),
        ] {
            let found: Vec<&str> =
                spans(text).into_iter().filter_map(|span| text.get(span)).collect();
            assert_eq!(found, [secret], "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "https://me:$TOKEN@h/x",
            "https://git@github.com/a/b https://$user:${token}@h",
            "docker-image://alpine:3.20@sha256:395d0a4944a7",
            "docker-image://localhost:5000/a/b@sha256:395d0a4944a7",
            "http://registry:5000/team/app@sha256:395d0a4944a7",
            "https://registry.npmjs.org/@scope/pkg/-/pkg-1.0.0.tgz",
            "http://verdaccio:4873/pkg@1.2.3 http://verdaccio:4873/@scope/pkg",
            "https://github.com/a/b@v1.2.3",
            "https://***@h https://me:***@h https://<user>:<password>@h",
            "ssh://git@h:22/a/b",
        ] {
            assert_eq!(spans(text), Vec::<Range<usize>>::new(), "{text}");
        }
    }
}
