//! A name for a finding that stays the same from run to run.

use super::Finding;

impl Finding {
    /// FNV-1a, 64 bit, of rule and subject, as hex digits.
    ///
    /// Made of nothing that moves between runs: no line numbers, paths, times. FNV because its
    /// value is part of the report's contract: std's hasher may change with the compiler.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let bytes = self.rule.bytes().chain([0]).chain(self.subject.bytes());
        format!("{:016x}", fnv1a(bytes))
    }
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
}
