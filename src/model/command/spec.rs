//! A `--cache-from` or `--cache-to`, taken apart.

use std::borrow::Cow;

use crate::model::CacheKind;

/// One `--cache-from` or `--cache-to`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Hash)]
pub struct CacheSpec {
    /// As written.
    pub raw: String,
    /// `key=value` parts, in order. A bare reference is `ref=…` of `type=registry`.
    pub attributes: Vec<(String, String)>,
    /// Parts without `=`.
    pub loose: Vec<String>,
}

impl CacheSpec {
    /// Reads `type=registry,ref=r,mode=max` or a bare reference, as buildx does
    /// (`util/buildflags/cache.go`: a value without `=` is a registry reference).
    #[must_use]
    pub fn parse(raw: &str) -> Self {
        let raw = raw.trim();
        let mut spec = Self { raw: raw.to_owned(), ..Self::default() };
        if !raw.contains('=') {
            let name = unquoted(raw).into_owned();
            spec.attributes = vec![("type".into(), "registry".into()), ("ref".into(), name)];
            return spec;
        }
        for part in parts(raw) {
            let part = unquoted(part);
            match part.split_once('=') {
                Some((key, value)) => spec.attributes.push((key.to_owned(), value.to_owned())),
                None => spec.loose.push(part.into_owned()),
            }
        }
        spec
    }

    /// An option whose text is not known: an expression that may be anything.
    #[must_use]
    pub fn hidden(raw: &str) -> Self {
        Self { raw: raw.to_owned(), ..Self::default() }
    }

    /// Nothing of it is known.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.attributes.is_empty() && self.loose.is_empty()
    }

    /// Value of an attribute; keys are compared without blanks and case, as buildx does.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(k, _)| k.trim().eq_ignore_ascii_case(key))
            .map(|(_, v)| v.as_str())
    }

    /// The backend; a specification without `type` is a registry one.
    #[must_use]
    pub fn kind(&self) -> CacheKind {
        let unknown = self.attributes.is_empty() && !self.raw.is_empty();
        CacheKind::from_type(self.get("type").unwrap_or(if unknown { "" } else { "registry" }))
    }

    /// Reads a value that may be several references: buildx (`util/buildflags/cache.go`) and the
    /// older docker client split one without `=` at its commas.
    #[must_use]
    pub fn parse_list(raw: &str) -> Vec<Self> {
        if raw.contains('=') {
            return vec![Self::parse(raw)];
        }
        raw.split(',').filter(|part| !part.trim().is_empty()).map(Self::parse).collect()
    }
}

/// Cut at the commas outside of expressions and of quoted fields:
/// `ref=${{ format('{0},{1}', a, b) }}` is one part, `"ref=r/a:b,c"` another.
fn parts(raw: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    let (mut before, mut quoted) = (' ', false);
    for (at, c) in raw.char_indices() {
        match c {
            '"' if quoted || at == start => quoted = !quoted,
            // `""` inside of a quoted field is one quotation mark.
            '"' if before == '"' => quoted = raw.get(start..).is_some_and(|f| f.starts_with('"')),
            _ if quoted => {}
            '{' | '(' if depth > 0 || before == '$' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(raw.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    // What is not closed is cut like anything else.
    if depth > 0 || quoted {
        return raw.split(',').collect();
    }
    parts.extend(raw.get(start..));
    parts
}

/// A field of the line of comma-separated values that an option is (`tonistiigi/go-csvvalue`): one
/// that begins with a quotation mark is what stands between the marks.
fn unquoted(field: &str) -> Cow<'_, str> {
    match field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inside) if inside.contains("\"\"") => inside.replace("\"\"", "\"").into(),
        Some(inside) => inside.into(),
        None => field.into(),
    }
}

impl CacheKind {
    /// From the `type=` of a command line.
    #[must_use]
    pub fn from_type(name: &str) -> Self {
        match name {
            "registry" => Self::Registry,
            "local" => Self::Local,
            "gha" => Self::Gha,
            "s3" => Self::S3,
            "azblob" => Self::Azblob,
            "inline" => Self::Inline,
            _ => Self::Unknown,
        }
    }

    /// As written after `type=`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Local => "local",
            Self::Gha => "gha",
            Self::S3 => "s3",
            Self::Azblob => "azblob",
            Self::Inline => "inline",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_follows_a_blank_after_the_comma() {
        let spec = CacheSpec::parse("type=gha, scope=x");
        assert_eq!(spec.get("scope"), Some("x"));
        assert_eq!(spec.attributes[1].0, " scope");
    }

    #[test]
    fn expressions_are_not_cut() {
        let spec = CacheSpec::parse("type=gha,scope=${{ format('{0},{1}', a, b) }},mode=max");
        assert_eq!(
            (spec.get("scope"), spec.get("mode")),
            (Some("${{ format('{0},{1}', a, b) }}"), Some("max"))
        );
        assert_eq!(CacheSpec::parse("type=gha,scope=${x,mode=max").get("mode"), Some("max"));
        assert_eq!(CacheSpec::hidden("${{ a == 'b' && c }}").kind(), CacheKind::Unknown);
    }

    #[test]
    fn fields_may_be_quoted() {
        let spec = CacheSpec::parse(r#""type=registry","ref=r/a:c",mode=max"#);
        assert_eq!(
            (spec.kind(), spec.get("ref"), spec.get("mode")),
            (CacheKind::Registry, Some("r/a:c"), Some("max"))
        );
        let spec = CacheSpec::parse(r#"type=local,"dest=/tmp/a,b ""c""",mode=max"#);
        assert_eq!((spec.get("dest"), spec.get("mode")), (Some(r#"/tmp/a,b "c""#), Some("max")));
        // The comma is inside of the first field, and so of the value of `type`.
        let spec = CacheSpec::parse(r#""type=registry,ref=r/a:c","mode=max""#);
        assert_eq!((spec.get("type"), spec.get("mode")), (Some("registry,ref=r/a:c"), Some("max")));
        assert_eq!(CacheSpec::parse(r#""r/a:c""#).get("ref"), Some("r/a:c"));
        assert_eq!(CacheSpec::parse(r#""type=gha,mode=max"#).get("mode"), Some("max"));
        assert_eq!(CacheSpec::parse(r#"type=gha,scope=a"b,mode=max"#).get("mode"), Some("max"));
    }

    #[test]
    fn references_may_be_a_list() {
        let refs = |raw| CacheSpec::parse_list(raw).into_iter().map(|s| s.raw).collect::<Vec<_>>();
        assert_eq!(refs("r/a:b,r/a:c"), ["r/a:b", "r/a:c"]);
        assert_eq!(refs("type=registry,ref=r/a:b"), ["type=registry,ref=r/a:b"]);
        assert!(refs("").is_empty());
    }
}
