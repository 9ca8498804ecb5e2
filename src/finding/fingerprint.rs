//! Names for a finding that stay the same from run to run.

use super::Finding;

impl Finding {
    /// Name of the finding: that of the first of its builds.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.fingerprints().next().unwrap_or_default()
    }

    /// One name for each build that shows it: who knows the fault of one build does not know that
    /// of another. At least one.
    pub fn fingerprints(&self) -> impl Iterator<Item = String> {
        self.fingerprints_where(str::to_owned)
    }

    /// What the names would be if the words they are made of were these.
    pub fn fingerprints_where(
        &self,
        reads: impl Fn(&str) -> String,
    ) -> impl Iterator<Item = String> {
        let subject = reads(&self.subject);
        let builds = self.evidence.names();
        let nameless = builds.is_empty().then(String::new);
        builds
            .iter()
            .map(move |build| reads(build))
            .chain(nameless)
            .map(move |build| fingerprint(self.rule, &subject, &build))
    }
}

/// FNV-1a, 64 bit, of rule, subject and build, as hex digits.
///
/// Made of nothing that moves between runs: no line numbers, paths, times. FNV because its value is
/// part of the report's contract: std's hasher may change with the compiler.
fn fingerprint(rule: &str, subject: &str, build: &str) -> String {
    let bytes = rule.bytes().chain([0]).chain(subject.bytes());
    let build = build.bytes();
    let parted = (build.len() > 0).then_some(0);
    format!("{:016x}", fnv1a(bytes.chain(parted).chain(build)))
}

/// <http://www.isthe.com/chongo/tech/comp/fnv/>: offset basis and prime of the 64-bit variant.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_vectors() {
        assert_eq!(fnv1a("".bytes()), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a("a".bytes()), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a("foobar".bytes()), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn holds_the_build() {
        let of = |build| fingerprint("cache-option-invalid", "ztsd", build);
        assert_ne!(of("team/api"), of("team/web"));
        assert_ne!(of("team/api"), of(""));
    }
}
