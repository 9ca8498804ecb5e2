//! A stage with the order in mind that forgot one of its installations: another package manager's,
//! whose files nothing above the COPY brings, or packages that the command itself names.

use super::configured::{installs_something, needs_none};
use super::inner;
use crate::config::{Instruction, Stage};
use crate::rules::instruction::{copies_context, installs_from_mounts};

/// The installation below the COPY of everything that could stand above it.
pub(super) fn run<'a>(stage: &'a Stage, copy: &Instruction) -> Option<&'a Instruction> {
    let mut below = stage.instructions.iter().filter(|i| i.line > copy.line);
    below.find(|i| {
        installs_something(i)
            && if needs_none(i) {
                !inner::holds_settings(stage, copy)
            } else {
                is_new(stage, copy, i)
            }
    })
}

/// No COPY or mount above the one of everything brings the files that it installs from, so that
/// nothing was installed from them there.
fn is_new(stage: &Stage, copy: &Instruction, run: &Instruction) -> bool {
    let Some(files) = inner::named(&run.text) else { return false };
    let mut above = stage.instructions.iter().filter(|i| i.line < copy.line);
    let mounts = |i: &Instruction| {
        installs_from_mounts(&i.text) && files.iter().any(|file| i.text.contains(file.as_str()))
    };
    !above.any(|i| mounts(i) || copies_context(&i.text) && inner::may_bring(&i.text, &files))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn told(text: &str) -> Option<String> {
        let config = Config::read("Dockerfile", text).unwrap().unwrap();
        let stage = &config.content.stages[0];
        let copy = stage.instructions.iter().find(|i| i.text == "COPY . .").unwrap();
        run(stage, copy).map(|run| run.text.clone())
    }

    #[test]
    fn what_a_second_package_manager_installs_is_told() {
        let php = "FROM php\nWORKDIR /app\nCOPY composer.json composer.lock ./\n\
            RUN composer install\nCOPY . .\n";
        let node = format!("{php}RUN npm install && npm run build\n");
        assert_eq!(told(&node).as_deref(), Some("RUN npm install && npm run build"));
        let tool = format!("{php}RUN npm install -g serve\n");
        assert_eq!(told(&tool).as_deref(), Some("RUN npm install -g serve"));
        let named = format!("{php}RUN pip install -r tools.txt\n");
        assert_eq!(told(&named).as_deref(), Some("RUN pip install -r tools.txt"));
        for text in [
            format!("{php}RUN composer install\n"),
            format!("{php}RUN composer dump-autoload\n"),
            format!("{php}RUN pip install .\n"),
            node.replace("composer.lock ./", "composer.lock package*.json ./"),
            node.replace("RUN composer install", "COPY web web\nRUN composer install"),
            tool.replace("WORKDIR /app\n", ""),
        ] {
            assert_eq!(told(&text), None, "{text}");
        }
    }
}
