//! The command that makes a builder, ready to paste.

/// Makes the builder of the plain tools.
pub(in crate::rules) const CREATE: &str =
    "docker buildx create --name ci --driver docker-container --use";

/// Of the newest `BuildKit`: an older image on the machine would be used again were it not named.
pub(in crate::rules) const CREATE_NEWEST: &str = "docker buildx create --name ci \
    --driver docker-container --driver-opt image=moby/buildkit:buildx-stable-1 --use";

/// With an option more: `--driver-opt network=host`.
pub(in crate::rules) fn create_with(option: &str) -> String {
    format!("docker buildx create --name ci --driver docker-container {option} --use")
}
