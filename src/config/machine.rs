//! Machines that the legs of a matrix run on: of two architectures they build two images.

/// Some of these labels are of a machine with an ARM processor, others are not: `ubuntu-24.04-arm`,
/// `arm64`, `linux/arm64`, `aarch64`, `arm.large`.
pub(super) fn differ(labels: &[String]) -> bool {
    labels.iter().any(|label| is_arm(label)) && !labels.iter().all(|label| is_arm(label))
}

fn is_arm(label: &str) -> bool {
    label
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.starts_with("arm") || word == "aarch64")
}
