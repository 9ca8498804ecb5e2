//! Justfiles whose recipes a CI calls: read as the Makefile that says the same.
//!
//! <https://just.systems/man/en/>

use super::{Change, Content, Kind, Place, makefile};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Justfile;

impl Kind for Justfile {
    fn name(&self) -> &'static str {
        "justfile"
    }

    fn is_called(&self) -> bool {
        true
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        Ok(makefile::content(&as_makefile(text), &[]))
    }

    /// What stands behind a recipe may be its argument.
    fn called(&self, text: &str, by: &Place) -> Vec<(usize, Place)> {
        makefile::called(&as_makefile(text), by)
    }

    fn correct(&self, _: &str, _: &[Change]) -> Result<String, String> {
        Err("cachediag does not edit a recipe of a justfile".to_owned())
    }
}

/// The file is one of just.
pub(super) fn is_justfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "justfile" | "Justfile" | "JUSTFILE" | ".justfile")
}

/// One of these recipes, or what it needs, builds images.
pub(super) fn builds(text: &str, recipes: &[String]) -> bool {
    makefile::builds(&as_makefile(text), recipes)
}

/// Line by line: bodies are indented in any way, `{{ tag }}` is one word, and a recipe may have
/// parameters: `image tag='dev' *FLAGS: test`.
fn as_makefile(text: &str) -> String {
    text.lines().map(|line| of_line(line) + "\n").collect()
}

fn of_line(line: &str) -> String {
    let body = line.trim_start();
    if body.len() < line.len() {
        return format!("\t{}", body.replace("{{ ", "{{").replace(" }}", "}}"));
    }
    let name = body.trim_start_matches('@').split([' ', ':']).next().unwrap_or_default();
    match body.rsplit_once(':') {
        Some((_, needs)) if !body.starts_with(['#', '[']) && !needs.starts_with('=') => {
            format!("{name}: {}", needs.replace("&&", ""))
        }
        _ => body.replace(['\'', '"'], ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_read_with_its_parameters() {
        let text = "image_name := \"r/a\"\n\n# builds\nimage tag='dev': test\n    @docker build \\\n      \
            --no-cache -t {{ image_name }}:{{tag}} .\n\nall: image\n\ntest:\n\tgo test ./...\n";
        let content = Justfile.read(text).unwrap();
        let place = &content.places[0];
        assert!(place.command.no_cache && place.job == "image");
        assert_eq!(
            (place.command.quote.line, place.expanded("{{image_name}}").as_str()),
            (5, "r/a")
        );
        assert!(builds(text, &["all".to_owned()]) && !builds(text, &["test".to_owned()]));
    }
}
