//! What a text sets `DOCKER_BUILDKIT` to: in a shell, in YAML, in a Jenkinsfile.

/// `DOCKER_BUILDKIT=1`, `DOCKER_BUILDKIT: "true"`.
#[must_use]
pub fn asks_for_buildkit(text: &str) -> bool {
    values(text).any(|value| value.starts_with(['1', 't']))
}

/// `DOCKER_BUILDKIT=0`, `DOCKER_BUILDKIT: "false"`.
#[must_use]
pub fn turns_buildkit_off(text: &str) -> bool {
    values(text).any(|value| value.starts_with(['0', 'f']))
}

/// It is turned off, or set to what the text does not tell.
#[must_use]
pub fn may_turn_buildkit_off(text: &str) -> bool {
    values(text).any(|value| !value.starts_with(['1', 't']))
}

fn values(text: &str) -> impl Iterator<Item = &str> {
    let behind = text.split("DOCKER_BUILDKIT").skip(1);
    behind.map(|rest| rest.trim_start_matches([':', '=', ' ', '"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_however_they_are_written() {
        for text in
            ["DOCKER_BUILDKIT=1 docker build .", "DOCKER_BUILDKIT: '1'", "DOCKER_BUILDKIT = true"]
        {
            assert!(asks_for_buildkit(text) && !may_turn_buildkit_off(text), "{text}");
        }
        for text in
            ["export DOCKER_BUILDKIT=0", "DOCKER_BUILDKIT: \"0\"", "DOCKER_BUILDKIT = 'false'"]
        {
            assert!(turns_buildkit_off(text) && may_turn_buildkit_off(text), "{text}");
        }
        let unknown = "DOCKER_BUILDKIT=$KIT";
        assert!(may_turn_buildkit_off(unknown) && !turns_buildkit_off(unknown));
        assert!(!may_turn_buildkit_off("docker build ."));
    }
}
