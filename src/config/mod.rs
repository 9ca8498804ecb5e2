//! Configuration of CI systems and builders, read to correlate with logs and to be corrected.
//!
//! Reads files given by `source`; never touches the disk itself, never judges.

pub mod bitbucket;
pub mod patch;

/// One configuration file.
#[derive(Clone, Debug)]
pub struct Config {
    /// Path as the user named it, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What it says.
    pub content: Content,
}

/// What a configuration file says, by kind.
#[derive(Clone, Debug)]
pub enum Content {
    /// `bitbucket-pipelines.yml`.
    Bitbucket(bitbucket::Pipelines),
}

impl Config {
    /// Whether a file of this name is read.
    #[must_use]
    pub fn is_config(path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(name, "bitbucket-pipelines.yml" | "bitbucket-pipelines.yaml")
    }

    /// Reads a file by its name; `None` where the name is none of ours, an error text where it cannot be read.
    #[must_use]
    pub fn read(path: &str, text: &str) -> Option<Result<Self, String>> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let content = match name {
            "bitbucket-pipelines.yml" | "bitbucket-pipelines.yaml" => {
                bitbucket::Pipelines::parse(text).map(Content::Bitbucket)
            }
            _ => return None,
        };
        Some(content.map(|content| Self { path: path.to_owned(), text: text.to_owned(), content }))
    }
}
