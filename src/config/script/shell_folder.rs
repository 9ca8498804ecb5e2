//! The folder that a shell is in, for what it builds and calls there: `cd api && docker build .`

use super::Simple;
use super::calls::{in_checkout, joined};

/// A shell, by the commands that move it.
#[derive(Default)]
pub(super) struct Shell {
    now: String,
    before: String,
}

impl Shell {
    /// Takes in one command. Where a variable tells the folder it stays in the path, which then is
    /// that of no file; a script that goes to where it lies is mostly one that goes to the checkout.
    pub(super) fn hears(&mut self, simple: &Simple) {
        let words: Vec<&str> = simple.words.iter().map(|word| word.value.as_str()).collect();
        let next = match words.as_slice() {
            ["cd" | "pushd", "-"] | ["popd"] => self.before.clone(),
            ["cd" | "pushd", to] => after(&self.now, in_checkout(to)),
            _ => return,
        };
        self.before = std::mem::replace(&mut self.now, next);
    }

    /// The same for what is called, which is looked for: where the folder cannot be told, that of the
    /// checkout is the best guess.
    pub(super) fn likely_folder(&self) -> &str {
        if self.now.contains(['$', '`']) { "" } else { &self.now }
    }

    /// From where the job begins; `None` where it is still there.
    pub(super) fn folder(&self) -> Option<String> {
        (!self.now.is_empty()).then(|| self.now.clone())
    }
}

fn after(folder: &str, to: &str) -> String {
    let of_checkout = to.contains("dirname") || to.contains("--show-toplevel");
    if to.contains(['$', '`']) && !of_checkout { to.to_owned() } else { joined(folder, to) }
}

#[cfg(test)]
mod tests {
    use super::super::shell::commands;
    use super::*;

    #[test]
    fn follows_the_commands_that_move_it() {
        for (script, folder) in [
            ("cd api && true", Some("api")),
            ("cd api\ncd ../web", Some("web")),
            ("cd api; make; cd -", None),
            ("pushd api; make; popd", None),
            ("cd $GITHUB_WORKSPACE/api", Some("api")),
            ("cd \"$DIR\"", Some("$DIR")),
            ("cd \"$(dirname \"$0\")\"", None),
            ("make", None),
        ] {
            let mut shell = Shell::default();
            for simple in commands(script) {
                shell.hears(&simple);
            }
            assert_eq!(shell.folder().as_deref(), folder, "{script}");
        }
    }
}
