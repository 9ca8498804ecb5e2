//! The command that logs in to a registry.

use crate::model::Dialect;

/// For a registry that the log names; `None` is one that it does not.
pub(crate) fn login(host: Option<&str>, dialect: Dialect) -> String {
    let client = if dialect == Dialect::Buildah { "podman" } else { "docker" };
    match host {
        Some(host) if host.contains(".dkr.ecr.") => {
            let region = host.split('.').nth(3).unwrap_or("REGION");
            format!(
                "aws ecr get-login-password --region {region} | {client} login --username AWS \
                    --password-stdin {host}"
            )
        }
        host => format!(
            "echo \"$REGISTRY_PASSWORD\" | {client} login --username \"$REGISTRY_USER\" \
                --password-stdin {}",
            host.unwrap_or("REGISTRY")
        ),
    }
}
