//! Fingerprints for services that show those of one name once.

use foldhash::HashMap;

use crate::finding::Finding;

/// The fingerprints of all findings; its like are numbered.
pub(super) fn unique(findings: &[Finding]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::default();
    let names = findings.iter().map(Finding::fingerprint).map(|name| {
        let count = seen.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
        if *count == 1 { name } else { format!("{name}-{count}") }
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_findings_are_numbered() {
        let findings = crate::render::samples::several().findings;
        let [first, second, third] =
            unique(&[findings[0].clone(), findings[1].clone(), findings[0].clone()])
                .try_into()
                .unwrap();
        assert_eq!(third, format!("{first}-2"));
        assert_ne!(first, second);
    }
}
