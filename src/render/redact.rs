//! Takes secrets out of text before anything leaves the process.
//!
//! Errs on the side of the log: references, digests and names of variables must stay, because they
//! are what a finding is about. Knows no format and no report.

mod address;
mod expression;
mod issued;
mod named;
mod shapes;
mod value;
mod visible;

use std::borrow::Cow;
use std::ops::Range;

use crate::model::{Recent, Text};

/// What stands in place of a secret: what CI systems print themselves.
const MASK: &str = "***";

/// The text without secrets; borrowed where there are none.
///
/// Reports say the same names again and again: what was lately found clean is not searched again.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    thread_local!(static CLEAN: Recent<Text> = Recent::default());
    let mut dirty = None;
    let mut search = || match without_secrets(text) {
        None => Some(Text::new(text)),
        other => {
            dirty = other;
            None
        }
    };
    let clean = text.is_empty() || CLEAN.with(|clean| clean.has(text, &mut search));
    if clean { Cow::Borrowed(text) } else { dirty.map_or(Cow::Borrowed(MASK), Cow::Owned) }
}

/// Makes what the first search for secrets would have to wait for, some milliseconds: on a thread
/// that has nothing else to do.
pub fn make_ready() {
    secrets("-");
}

/// The name of a file without secrets. It was given or found on the disk: that its letters look like
/// those of a key tells nothing, and without it nobody knows which file is meant.
#[must_use]
pub fn name(path: &str) -> Cow<'_, str> {
    let mut spans = address::spans(path);
    spans.extend(named::spans(path));
    spans.extend(issued::spans(path));
    spans.extend(shapes::spans_of_name(path));
    spans.retain(|span| !span.is_empty());
    if spans.is_empty() {
        return Cow::Borrowed(path);
    }
    spans.sort_by_key(|span| (span.start, span.end));
    Cow::Owned(masked(path, &spans))
}

/// `None` where there are none.
fn without_secrets(text: &str) -> Option<String> {
    let seen = visible::visible(text);
    let mut spans = secrets(seen.as_ref().map_or(text, |seen| &seen.text));
    if let Some(seen) = &seen {
        for span in &mut spans {
            *span = seen.original(span);
        }
    }
    spans.retain(|span| !span.is_empty());
    if spans.is_empty() {
        return None;
    }
    spans.sort_by_key(|span| (span.start, span.end));
    Some(masked(text, &spans))
}

/// Where secrets stand, in any order; they may meet.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut spans = address::spans(text);
    spans.extend(named::spans(text));
    spans.extend(issued::spans(text));
    spans.extend(shapes::spans(text));
    spans
}

/// The text with a mask in the place of each span, or of several that meet.
fn masked(text: &str, spans: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for span in spans {
        if span.start > done || out.is_empty() {
            out.push_str(text.get(done..span.start).unwrap_or_default());
            out.push_str(MASK);
        }
        done = done.max(span.end);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together at run time: secret scanners of hosting services reject files that look like
    /// secrets.
    fn fake(prefix: &str, length: usize) -> String {
        format!("{prefix}{}", "a1B2".repeat(length / 4))
    }

    #[test]
    fn masks_tokens_wherever_they_stand() {
        for (prefix, length) in [
            ("ghp_", 36),
            ("gho_", 36),
            ("ghs_", 36),
            ("github_pat_", 40),
            ("glpat-", 20),
            ("xoxb-", 24),
            ("npm_", 36),
            ("dckr_pat_", 28),
            ("ATBB", 32),
        ] {
            let text = format!("RUN login {} now", fake(prefix, length));
            assert_eq!(redact(&text), "RUN login *** now");
        }
        assert_eq!(redact(&format!("AKIA{} x", "A2B3".repeat(4))), "*** x");
        assert_eq!(
            redact(&format!("{}.{}.{}", fake("eyJ", 12), fake("eyJ", 12), fake("", 12))),
            "***"
        );
    }

    #[test]
    fn masks_values_by_their_names() {
        for (text, want) in [
            (
                "git clone https://x-token-auth:hunter22@bitbucket.org/a/b",
                "git clone https://***@bitbucket.org/a/b",
            ),
            ("https://oauth2:p@ss@host/x", "https://***@host/x"),
            ("Authorization: Basic dTpw", "Authorization: Basic ***"),
            ("-H 'Authorization: Bearer abc.def'", "-H 'Authorization: Bearer ***'"),
            ("--build-arg NPM_TOKEN=hunter2 .", "--build-arg NPM_TOKEN=*** ."),
            (
                "type=s3,secret_access_key=abc/def,bucket=b",
                "type=s3,secret_access_key=***,bucket=b",
            ),
            ("AWS_SECRET_ACCESS_KEY=abc", "AWS_SECRET_ACCESS_KEY=***"),
            (r#"{"token":"abc","expires_in":300}"#, r#"{"token":"***","expires_in":300}"#),
            ("  password: hunter2", "  password: ***"),
            ("npm publish --password hunter2 x", "npm publish --password *** x"),
            ("docker login -u me -p hunter2 host", "docker login -u me -p *** host"),
            ("curl -u me:hunter2 https://a", "curl -u *** https://a"),
            (
                "PUT https://r/v2/x/blobs/uploads/1?_state=abc&digest=sha256:1",
                "PUT https://r/v2/x/blobs/uploads/1?_state=***&digest=sha256:1",
            ),
            ("https://a/b?se=1&sig=abc%3D&sp=r", "https://a/b?se=1&sig=***&sp=r"),
            ("?X-Amz-Signature=abc&X-Amz-Date=1", "?X-Amz-Signature=***&X-Amz-Date=1"),
            (
                "#7 0.312 MIIEowIBAAKCAQEA7/Ab+MIIEowIBAAKCAQEA7/AbMIIEowIBAAKCAQEA7/Ab",
                "#7 0.312 ***",
            ),
            (
                "k: -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- .",
                "k: *** .",
            ),
        ] {
            assert_eq!(redact(text), want);
        }
    }

    #[test]
    fn keeps_what_only_looks_like_a_secret() {
        for text in [
            "--cache-from type=gha,token=$X --cache-to type=gha,token=${GITHUB_TOKEN}",
            "https://x-token-auth:$REPOSITORY_OAUTH_ACCESS_TOKEN@bitbucket.org/$BITBUCKET_REPO_FULL_NAME.git",
            "#5 [1/6] FROM \
                docker.io/library/node:20@sha256:aff3b30e32b96f51ed5f6ea7f9f16f940a996e23317e9995229911cbbcf0d947",
            "docker-image://alpine:3.20@sha256:395d0a4944a79061f474b1ae7608af03d381dd19425e2165c469411e2d1fe0aa",
            "RUN echo token",
            "aff3b30e32b96f51ed5f6ea7f9f16f940a996e23317e9995229911cbbcf0d947",
            "/usr/local/lib/a/very/long/path/of/directories/and/nothing/else/there",
            "RUN --mount=type=secret,id=npm_token,target=/root/.npmrc npm ci",
            "docker build --secret id=token,src=t . && docker build --secret=id=x,env=TOKEN .",
            r#"printf '{"auths":{"r.example.com":{"auth":"%s"}}}' "$(base64)""#,
            "#3 [auth] team/svc:pull,push token for registry-1.docker.io",
            "failed to fetch anonymous token: unexpected status from GET request to \
                https://auth.docker.io/token?scope=x&service=y: 429",
            "pull access denied, repository does not exist or may require authorization: server \
                message: insufficient_scope: authorization failed",
            "may require authorization: …insufficient_scope: authorization failed",
            "WARNING! Using --password via the CLI is insecure. Use --password-stdin.",
            "docker login -u $USER --password-stdin registry.example.com",
            r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#,
            "ghcr.io/team/app:buildcache ref=registry.example.com:5000/team/svc:latest",
            "ssh://git@github.com/a/b.git https://git@github.com/a/b.git",
            "ENV npm_config_cache=/tmp PWD=/src TOKENIZERS_PARALLELISM=false TOKEN_FILE=/run/t",
            "  token: ***",
            "ARG TOKEN=",
        ] {
            assert!(
                matches!(redact(text), Cow::Borrowed(_)) || redact(text) == text,
                "{text}\n{}",
                redact(text)
            );
        }
    }
}
