//! Names that commands give to images that are there already, and under which they push them.

/// The names of one simple command: `docker tag app:1 app:latest` gives the second, `docker push
/// app:latest` has one. The name an image has is the first, and none of them.
pub(super) fn names(words: &[String]) -> Vec<String> {
    let start = words.iter().position(|word| is_program(word)).unwrap_or(words.len());
    let words: Vec<&str> = words.iter().skip(start).map(String::as_str).collect();
    let plain = |rest: &[&str]| -> Vec<String> {
        rest.iter().filter(|word| !word.starts_with('-')).map(|word| (*word).to_owned()).collect()
    };
    match words.as_slice() {
        [_, "tag", rest @ ..] | [_, "image", "tag", rest @ ..] => {
            plain(rest).into_iter().skip(1).collect()
        }
        [_, "push", rest @ ..] | [_, "image", "push", rest @ ..] => plain(rest),
        [_, "buildx", "imagetools", "create", rest @ ..] => tags(rest),
        _ => Vec::new(),
    }
}

/// `-t app:latest app:1`, `--tag=app:latest app:1`
fn tags(rest: &[&str]) -> Vec<String> {
    let mut tags = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if matches!(*word, "-t" | "--tag") {
            tags.extend(words.next().map(|tag| (*tag).to_owned()));
        } else if let Some(tag) = word.strip_prefix("--tag=") {
            tags.push(tag.to_owned());
        }
    }
    tags
}

fn is_program(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    matches!(name, "docker" | "podman" | "buildah" | "nerdctl")
}

#[cfg(test)]
mod tests {
    use crate::model::Command;

    #[test]
    fn an_image_is_named_by_tag_and_push() {
        for (line, want) in [
            ("docker tag app:1 r/app:latest", "r/app:latest"),
            ("sudo docker image tag app:1 app:2 && docker push -q app:2", "app:2 app:2"),
            ("podman push app:1", "app:1"),
            ("docker buildx imagetools create -t r/app:latest r/app:1", "r/app:latest"),
            ("docker build -t app:1 .", ""),
            ("docker pull app:1", ""),
            ("git push origin v1 # docker", ""),
        ] {
            assert_eq!(Command::names(line).join(" "), want, "{line}");
        }
    }
}
