//! Machines that the legs of a matrix run on: of two architectures they build two images.

use yaml_serde::Value;

use super::yaml::one_or_more;
use super::{expression, variables};

/// Some of these labels are of a machine with an ARM processor, others are not: `ubuntu-24.04-arm`,
/// `arm64`, `linux/arm64`, `aarch64`, `arm.large`.
pub(super) fn differ(labels: &[String]) -> bool {
    labels.iter().any(|label| is_arm(label)) && !labels.iter().all(|label| is_arm(label))
}

/// A machine of GitHub's own may be meant. What a variable of the matrix holds is known; what an
/// input does is for the callers to say.
pub(super) fn may_be_hosted(label: &str, leg_values: &[(String, Vec<String>)]) -> bool {
    if !label.contains("${{") {
        return is_hosted(label);
    }
    let Some(possible) = expression::values(label) else { return true };
    possible.iter().all(|value| {
        let names = variables::names(value);
        let known = leg_values.iter().find(|(name, _)| names.contains(name));
        match known {
            Some((_, values)) => {
                values.iter().all(|value| is_hosted(value) || value.contains("${{"))
            }
            None => value.contains("${{") || is_hosted(value),
        }
    })
}

/// A job of GitHub's runs on a machine of the project's own and with its engine, and no label says
/// that it is thrown away behind the job.
pub(super) fn is_kept(job: &Value) -> bool {
    const THROWN_AWAY: [&str; 8] =
        ["ephemeral", "arc", "k8s", "kube", "spot", "scale", "runs-on", "${{"];
    let labels = job.get("runs-on").map(one_or_more).unwrap_or_default();
    let thrown_away = |label: &String| THROWN_AWAY.iter().any(|word| label.contains(word));
    let own = labels.iter().any(|label| label == "self-hosted") && !labels.iter().any(thrown_away);
    own && ["container", "services"].iter().all(|name| job.get(name).is_none())
}

/// `ubuntu-24.04`, `ubuntu-latest-16core`.
pub(super) fn is_hosted(label: &str) -> bool {
    ["ubuntu", "windows", "macos"].iter().any(|os| label.starts_with(os))
}

fn is_arm(label: &str) -> bool {
    label
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.starts_with("arm") || word == "aarch64")
}
