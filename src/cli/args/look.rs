//! How it looks: an option of all commands that print for people.

use clap::{Args, ValueEnum};
use serde::Deserialize;

#[derive(Clone, Copy, Debug, Default, Args)]
pub(in crate::cli) struct Look {
    /// When to use colour [default: auto, where `NO_COLOR` beats `CLICOLOR_FORCE`]
    #[arg(long, global = true, value_name = "WHEN", env = "CACHEDIAG_COLOR", hide_env = true)]
    pub(in crate::cli) color: Option<When>,
    /// Characters of the report for people [default: auto, which is what the locale says]
    #[arg(long, global = true, value_name = "CHARSET", env = "CACHEDIAG_CHARSET", hide_env = true)]
    pub(in crate::cli) charset: Option<Charset>,
}

impl Look {
    /// What is asked for here, else what is asked for there.
    pub(in crate::cli) fn or(self, other: Self) -> Self {
        Self { color: self.color.or(other.color), charset: self.charset.or(other.charset) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum Charset {
    Auto,
    Ascii,
    #[value(name = "utf-8")]
    #[serde(rename = "utf-8")]
    Utf8,
}
