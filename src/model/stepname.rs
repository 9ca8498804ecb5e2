//! Reads the name of a step vertex: `[linux/amd64 build  2/12] RUN make`.
//!
//! Source: `BuildKit` `frontend/dockerfile/dockerfile2llb/convert.go` (`prefixCommand`).

use crate::source::find;

/// The parts of a step name.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StepName<'a> {
    /// What stands before the position: target, platform and stage, any of them missing.
    pub before: &'a str,
    /// Position, 1-based.
    pub position: u32,
    /// Number of positions.
    pub of: u32,
    /// Text after the bracket, without `ONBUILD `.
    pub text: &'a str,
}

/// Takes a step name apart; `None` for internal vertices, imports, exports.
#[must_use]
pub fn parse_step_name(name: &str) -> Option<StepName<'_>> {
    let inside = name.strip_prefix('[')?;
    let (inside, text) = inside.split_at_checked(find(inside.as_bytes(), b"] ")?)?;
    let text = text.get(2..)?;
    let inside = inside.trim_ascii_end();
    let (before, count) = inside.rsplit_once(' ').unwrap_or(("", inside));
    let (position, of) = count.split_once('/')?;
    Some(StepName {
        before,
        position: position.parse().ok()?,
        of: of.parse().ok()?,
        text: text.strip_prefix("ONBUILD ").unwrap_or(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_padding_platform_and_stage() {
        let name = parse_step_name("[linux/amd64->arm64 builder  2/12] ONBUILD RUN make").unwrap();
        assert_eq!(name.before.trim(), "linux/amd64->arm64 builder");
        assert_eq!((name.position, name.of, name.text), (2, 12, "RUN make"));
    }

    #[test]
    fn leaves_other_vertices() {
        for name in [
            "[internal] load build context",
            "exporting to image",
            "[auth] a/b token for c",
            "[web] exporting cache to registry",
        ] {
            assert_eq!(parse_step_name(name), None, "{name}");
        }
    }
}
