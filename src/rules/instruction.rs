//! What the text of an instruction says: sources of a COPY, mounts of a RUN, installing commands.
//!
//! A helper of the rules about the Dockerfile; knows texts only.

/// Sources of a COPY or ADD, without options and the destination; JSON form included.
pub(super) fn sources(text: &str) -> Vec<String> {
    let (_, rest) = text.split_once(' ').unwrap_or_default();
    let words = rest.split(|c: char| c.is_ascii_whitespace() || matches!(c, '[' | ']' | ','));
    let words = words.map(|w| w.trim_matches('"')).filter(|w| !w.is_empty());
    let mut words: Vec<String> = words.skip_while(|w| w.starts_with("--")).map(str::to_owned).collect();
    words.pop();
    words
}

/// A COPY or ADD of the build context, not of another stage or image.
pub(super) fn copies_context(text: &str) -> bool {
    (text.starts_with("COPY ") || text.starts_with("ADD ")) && !text.contains("--from=") && remote(text).is_none()
}

/// `COPY . .`: the context as a whole.
pub(super) fn copies_everything(text: &str) -> bool {
    copies_context(text) && sources(text).iter().any(|s| matches!(s.as_str(), "." | "./" | "*" | "./*" | "/"))
}

/// The address of a remote ADD.
pub(super) fn remote(text: &str) -> Option<String> {
    let remote = |s: &String| ["http://", "https://", "git@", "git://", "ssh://"].iter().any(|p| s.starts_with(p));
    sources(text).into_iter().find(remote).filter(|_| text.starts_with("ADD "))
}

/// Values of `--mount=` options of a RUN.
fn mounts(text: &str) -> impl Iterator<Item = &str> {
    text.split_ascii_whitespace().filter_map(|word| word.strip_prefix("--mount="))
}

/// The target of a cache mount.
pub(super) fn cache_mount(text: &str) -> Option<&str> {
    let mount = mounts(text).filter(|_| text.starts_with("RUN ")).find(|m| m.split(',').any(|p| p == "type=cache"))?;
    let target = mount.split(',').find_map(|p| {
        let (key, value) = p.split_once('=')?;
        matches!(key, "target" | "dst" | "destination").then_some(value)
    });
    Some(target.unwrap_or(mount))
}

/// A RUN that reads files of the context or of another stage: `bind` is the default kind of mount.
pub(super) fn mounts_files(text: &str) -> bool {
    const OTHER: [&str; 4] = ["type=cache", "type=secret", "type=ssh", "type=tmpfs"];
    mounts(text).any(|m| !m.split(',').any(|p| OTHER.contains(&p)))
}

/// A command that fetches dependencies: it needs the manifests, not the sources.
pub(super) fn installs(text: &str) -> bool {
    const COMMANDS: [&str; 33] = [
        "npm ci",
        "npm install",
        "npm i ",
        "yarn install",
        "pnpm install",
        "pnpm i ",
        "bun install",
        "pip install",
        "pip3 install",
        "poetry install",
        "uv sync",
        "uv pip install",
        "pipenv install",
        "conda install",
        "conda env",
        "bundle install",
        "gem install",
        "go mod download",
        "cargo fetch",
        "cargo install",
        "composer install",
        "apt-get install",
        "apt install",
        "apk add",
        "yum install",
        "dnf install",
        "microdnf install",
        "dotnet restore",
        "mix deps.get",
        "mvn dependency",
        "dependency:go-offline",
        "dependency:resolve",
        "gradle dependencies",
    ];
    text.starts_with("RUN ") && COMMANDS.iter().any(|c| text.contains(c))
}

/// A RUN can be pages long.
pub(super) fn brief(text: &str) -> String {
    const MAX: usize = 60;
    let cut = text.char_indices().nth(MAX).and_then(|(at, _)| text.get(..at));
    cut.map_or_else(|| text.to_owned(), |start| format!("{}…", start.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_is_copied() {
        for text in [
            "COPY . .",
            "COPY --chown=app:app . /app",
            "COPY [\".\", \"/app\"]",
            "ADD ./ /src",
            "COPY package.json . /app/",
        ] {
            assert!(copies_everything(text), "{text}");
        }
        for text in ["COPY package.json ./", "COPY --from=build . .", "COPY src /src", "RUN cp . ."] {
            assert!(!copies_everything(text), "{text}");
        }
        assert_eq!(remote("ADD --chmod=644 https://x.example/a /a").as_deref(), Some("https://x.example/a"));
        assert_eq!(remote("ADD a.tar /"), None);
    }

    #[test]
    fn reads_mounts() {
        assert_eq!(cache_mount("RUN --mount=type=cache,target=/root/.npm npm ci"), Some("/root/.npm"));
        assert_eq!(cache_mount("RUN --mount=type=secret,id=x npm ci"), None);
        assert!(mounts_files("RUN --mount=target=/src make") && !mounts_files("RUN --mount=type=secret,id=x make"));
    }
}
