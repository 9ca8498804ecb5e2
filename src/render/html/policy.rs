//! What the page may do, told to the browser: run its own script, show its own style, and nothing
//! else.
//!
//! Whatever slipped through escaping could neither run nor load anything. The hashes bind the
//! policy to the very bytes of style and script
//! (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The value of the `Content-Security-Policy`.
pub(in crate::render) fn of(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    )
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_hashes_as_the_specification_does() {
        // The example of CSP 3, 8.3: alert('Hello, world.');
        assert_eq!(
            hash("alert('Hello, world.');"),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }
}
