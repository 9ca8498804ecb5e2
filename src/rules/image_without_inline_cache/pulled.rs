//! A pull of the image that no patch takes out: it stands in a function, or under a condition.

use crate::rules::remedy::At;

/// The engine that builds may pull the image first, and would then lose its inline cache
/// (`lost_by`).
pub(super) fn sometimes(at: At, name: &str) -> bool {
    let elsewhere = at.driver().is_some_and(|driver| driver != "docker");
    let known = at.place.pulls_of(name).next().is_some();
    let name = plain(name);
    !elsewhere && !known && at.texts().flat_map(str::lines).any(|line| pulls(line, &name))
}

/// `docker pull "${image}" || true`
fn pulls(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    let Some((_, pulled)) = line.split_once("docker pull ") else { return false };
    !line.starts_with('#') && pulled.split_ascii_whitespace().any(|word| plain(word) == name)
}

/// `"${image}"` is `$image`.
fn plain(name: &str) -> String {
    name.replace(['{', '}', '"', '\'', ';', ')'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_is_told_by_its_image() {
        for line in ["docker pull \"${image}\" || true", "  if x; then docker pull -q $image; fi"] {
            assert!(pulls(line, "$image"), "{line}");
        }
        for line in ["docker pull $images", "# docker pull $image", "docker push $image"] {
            assert!(!pulls(line, "$image"), "{line}");
        }
    }
}
