//! Which names are those of secrets: by their words, whatever the language's way of joining them.
//!
//! `NPM_TOKEN`, `--db-password`, `npmAuthToken`, `x-api-key`; not `TOKEN_FILE`, `CACHE_KEY`, `PWD`.

/// What a name is called by, at its end.
const NOUNS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pass",
    "pwd",
    "token",
    "secret",
    "pat",
    "auth",
    "credential",
    "credentials",
    "cred",
    "creds",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "accountkey",
    "cookie",
    "pswd",
    "psw",
    "passwort",
];

/// Nouns that words run into: `identitytoken`, `storepass`, `sshpass`.
const ENDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "pass",
    "pwd",
];

/// Words that only end like one.
const NO_ENDS: &[&str] =
    &["bypass", "compass", "surpass", "trespass", "overpass", "underpass", "encompass", "oldpwd"];

/// What may follow the noun: `TOKEN_PROD`, `PASSWORD2`, `SECRET_KEY_BASE`.
const BEHIND: &[&str] = &[
    "prod",
    "production",
    "staging",
    "stage",
    "dev",
    "development",
    "test",
    "testing",
    "value",
    "text",
    "plain",
    "new",
    "old",
    "current",
    "previous",
    "ro",
    "rw",
    "read",
    "write",
    "b64",
    "base64",
    "encoded",
    "raw",
    "main",
    "backup",
    "primary",
    "secondary",
    "base",
    "confirm",
    "confirmation",
    "hash",
    "default",
    "data",
    "string",
];

/// Keys that are no secret: of a cache, of a table, for everybody.
const OPEN_KEYS: &[&str] = &[
    "cache",
    "public",
    "pub",
    "primary",
    "foreign",
    "sort",
    "partition",
    "row",
    "group",
    "map",
    "object",
    "restore",
    "index",
    "lookup",
    "routing",
    "project",
    "issue",
    "plan",
    "build",
    "result",
    "job",
    "agent",
    "hot",
    "host",
    "order",
    "parent",
    "unique",
    "dedup",
    "metric",
    "translation",
    "i18n",
    "registry",
    "known",
    "pressed",
    "press",
    "publishable",
    "fallback",
    "shortcut",
    "composite",
    "arrow",
    "schema",
    "component",
    "feature",
    "flag",
    "turbo",
    "config",
    "section",
];

/// What a number may count: `MAX_TOKEN=4096`.
const QUANTITIES: &[&str] = &[
    "max", "min", "num", "count", "total", "limit", "size", "length", "len", "ttl", "timeout",
    "per", "budget", "used", "number", "index", "maximum", "minimum",
];

/// What a name says of the value behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// The noun.
    pub(crate) noun: Noun,
    /// It is one word: `token`, which a sentence may hold as well.
    pub(crate) single: bool,
    /// It counts something: `MAX_TOKEN`.
    pub(crate) counts: bool,
    /// A key that signs releases, of which images print the fingerprint: `GPG_KEY`.
    pub(crate) signs: bool,
}

/// Nouns whose values have a form of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noun {
    /// Most: any value is a secret.
    Secret,
    /// `secret`, which is also an option of builds: `--secret id=npm`.
    SecretOption,
    /// `pass`, which tests print as well, and `pwd`, which is also a folder.
    Short,
    /// `auth`, which is also a way to prove who one is: `auth=basic`.
    Auth,
    /// `credentials`, which are also a file.
    Credentials,
    /// A key, which may be a fingerprint that is there to be known.
    Key,
}

/// What a name is; `None` where it is not that of a secret.
pub(crate) fn name(text: &str) -> Option<Name> {
    let words = words(text);
    let counts = words.iter().any(|word| QUANTITIES.contains(&word.as_str()));
    let single = words.len() == 1 && !text.starts_with(['_', '-']);
    let signs = words.iter().any(|word| word == "gpg" || word == "pgp");
    let of = |noun: Noun| Some(Name { noun, single, counts, signs });
    let mut rest = words.as_slice();
    let has_noun = |words: &[String]| words.iter().any(|word| ends_in_noun(word));
    while let [before @ .., last] = rest {
        let number = last.bytes().all(|byte| byte.is_ascii_digit());
        if !before.is_empty()
            && has_noun_or_key(before, has_noun)
            && (number || BEHIND.contains(&last.as_str()))
        {
            rest = before;
        } else {
            break;
        }
    }
    let (last, before) = rest.split_last()?;
    let last = last.trim_end_matches(|c: char| c.is_ascii_digit());
    match last {
        "key" if before.last().is_none_or(|word| OPEN_KEYS.contains(&word.as_str())) => None,
        "key" if before.iter().any(|word| word == "cache") => None,
        "key" => of(Noun::Key),
        "pwd" if single && text.bytes().all(|byte| byte.is_ascii_uppercase()) => None,
        "pass" | "pwd" => of(Noun::Short),
        // `X-JFrog-Art-Api`.
        "api" if before.last().is_some_and(|word| word == "art") => of(Noun::Secret),
        "auth" => of(Noun::Auth),
        "credential" | "credentials" | "cred" | "creds" => of(Noun::Credentials),
        "secret" if single || text.starts_with("--") && before.is_empty() => of(Noun::SecretOption),
        word if ends_in_noun(word) => of(Noun::Secret),
        _ => None,
    }
}

fn has_noun_or_key(words: &[String], has_noun: impl Fn(&[String]) -> bool) -> bool {
    has_noun(words) || words.len() > 1 && words.last().is_some_and(|word| word == "key")
}

fn ends_in_noun(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    NOUNS.contains(&word)
        || (ENDS.iter().any(|end| word.ends_with(end)) && !NO_ENDS.contains(&word))
}

/// The words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = '_';
    for letter in name.chars() {
        let joint = !letter.is_ascii_alphanumeric();
        let hump = letter.is_ascii_uppercase() && before.is_ascii_lowercase();
        if joint {
            before = letter;
            continue;
        }
        if hump || !before.is_ascii_alphanumeric() || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
        before = letter;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_their_words() {
        for text in [
            "NPM_TOKEN",
            "--db-password",
            "npmAuthToken",
            "x-api-key",
            "_authToken",
            "SIGNING_KEY",
            "DB_PASS",
            "GH_PAT",
            "MYSQL_PWD",
            "REGISTRY_AUTH",
            "credentials",
            "identitytoken",
            "PASSWORD2",
            "TOKEN_PROD",
            "SECRET_KEY_BASE",
            "aws_secret_access_key",
            "secretAccessKey",
            "Pwd",
            "STRIPE_SECRET",
            "storepass",
            "AccountKey",
            "_auth",
            "sharedAccessKey",
            "PRIVATE-TOKEN",
            "clientSecret",
            "spring.datasource.password",
            "DJANGO_SECRET_KEY",
        ] {
            assert!(name(text).is_some(), "{text}");
        }
        for text in [
            "TOKEN_FILE",
            "CACHE_KEY",
            "PWD",
            "OLDPWD",
            "TOKENIZERS_PARALLELISM",
            "password-stdin",
            "PUBLIC_KEY",
            "KEY",
            "key",
            "AUTHOR",
            "PATTERN",
            "npm_config_cache",
            "bypass",
            "compass",
            "SECRET_NAME",
            "token_type",
            "PATH",
            "auth-type",
            "keyserver",
            "MAX_TOKENS",
            "SONAR_PROJECT_KEY",
            "passed",
        ] {
            assert_eq!(name(text), None, "{text}");
        }
        assert!(
            name("MAX_TOKEN").unwrap().counts
                && name("token").unwrap().single
                && !name("_auth").unwrap().single
        );
    }
}
