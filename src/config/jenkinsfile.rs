//! Jenkins' pipelines: the scripts that `sh` gets, and `docker.build(…)`.
//!
//! <https://www.jenkins.io/doc/pipeline/steps/workflow-durable-task-step/>,
//! <https://www.jenkins.io/doc/book/pipeline/docker/#building-containers>

use super::place::set_before;
use super::script::{self, Builders, Item};
use super::yaml::Route;
use super::{Change, Content, Kind, Place};
use crate::model::{Quote, Text, shell_words};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Jenkinsfile;

impl Kind for Jenkinsfile {
    fn name(&self) -> &'static str {
        "jenkinsfile"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("jenkins")
    }

    /// `Jenkinsfile`, `Jenkinsfile.release`, `release.jenkinsfile`.
    fn names(&self, path: &str) -> bool {
        let file = path.rsplit('/').next().unwrap_or(path);
        file == "Jenkinsfile"
            || file.starts_with("Jenkinsfile.")
            || file.to_ascii_lowercase().ends_with(".jenkinsfile")
    }

    /// One that builds no images, nor calls what may.
    fn may_be_other(&self, _: &str, text: &str) -> bool {
        !["make ", "just ", "task ", ".sh"].iter().any(|word| text.contains(word))
    }

    fn looks(&self, text: &str) -> bool {
        text.lines().any(|line| line.starts_with("pipeline {") || line.starts_with("node"))
            && text.contains("stage(")
    }

    /// An agent may keep its layers: nothing is known of its machine.
    fn read(&self, text: &str) -> Result<Content, String> {
        let mut builders = Builders::unknown();
        let mut places = Vec::new();
        let variables = environment(text);
        for call in calls(text) {
            let first = places.len();
            if call.is_plugin {
                places.extend(of_plugin(&call, &mut builders));
            } else {
                let script = call.texts.first().cloned().unwrap_or_default();
                let item = Item { route: Route::default(), value: script.into() };
                let built = script::builds(None, 0, &[item], &mut builders);
                places.extend(built.into_iter().map(|(place, _)| place));
            }
            set_before(places.iter_mut().skip(first), &variables);
            for place in places.iter_mut().skip(first) {
                place.command.quote = quote(text, call.line, place);
                place.slashes = true;
                place.resolve();
            }
        }
        for place in &mut places {
            builders.end(place);
        }
        Ok(Content::of(places))
    }

    fn correct(&self, _: &str, _: &[Change]) -> Result<String, String> {
        Err("cachediag does not edit a Jenkinsfile".to_owned())
    }
}

/// A step with the texts that it gets.
struct GroovyCall {
    /// `docker.build`, not a script.
    is_plugin: bool,
    texts: Vec<String>,
    /// Line of the call.
    line: usize,
}

/// `sh '…'`, `sh(script: "…")`, `docker.build("name", "options")`.
fn calls(text: &str) -> Vec<GroovyCall> {
    const STEPS: [(&str, bool); 2] = [("sh", false), ("docker.build", true)];
    let mut found = Vec::new();
    for (number, (at, line)) in lines(text).enumerate() {
        let code = line.trim_start();
        if code.starts_with("//") || code.starts_with('*') {
            continue;
        }
        for (written, is_plugin) in STEPS {
            let Some(rest) = behind(line, written) else { continue };
            let begin = at + line.len() - rest.len();
            let texts = texts(text.get(begin..).unwrap_or_default());
            found.extend((!texts.is_empty()).then_some(GroovyCall {
                is_plugin,
                texts,
                line: number,
            }));
        }
    }
    found
}

/// Variables of all `environment { NAME = 'value' }`; what a function makes is not known
/// (<https://www.jenkins.io/doc/book/pipeline/syntax/#environment>).
fn environment(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("environment") && line.ends_with('{') {
            open = true;
        } else if line == "}" {
            open = false;
        } else if open && let Some((name, value)) = line.split_once('=') {
            let value = literal(value.trim_start()).filter(|(_, behind)| behind.trim().is_empty());
            found.extend(value.map(|(value, _)| (name.trim_end().to_owned(), value)));
        }
    }
    found
}

/// Lines with where they begin.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        at += line.len();
        (at - line.len(), line)
    })
}

/// What stands behind the word, where it is one of its own.
fn behind<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let (before, rest) = line.split_once(word)?;
    let is_own = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let called = rest.starts_with([' ', '(', '\'', '"']);
    (is_own && called).then_some(rest)
}

/// The one or two texts of a call, if it begins with one.
fn texts(rest: &str) -> Vec<String> {
    let rest = rest.trim_start_matches([' ', '(']);
    let named = rest.strip_prefix("script:").map_or(rest, str::trim_start);
    let Some((first, after)) = literal(named) else { return Vec::new() };
    let second = after.trim_start().strip_prefix(',').and_then(|rest| literal(rest.trim_start()));
    std::iter::once(first).chain(second.map(|(text, _)| text)).collect()
}

/// A text of Groovy and what stands behind it. A backslash takes the meaning of what follows; one
/// at the end of a line joins it with the next
/// (<https://groovy-lang.org/syntax.html#_triple_single_quoted_string>).
fn literal(rest: &str) -> Option<(String, &str)> {
    let mark = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|mark| rest.starts_with(mark))?;
    let mut left = rest.strip_prefix(mark)?;
    let mut text = String::new();
    while let Some(next) = left.chars().next() {
        if let Some(behind) = left.strip_prefix(mark) {
            return Some((text, behind));
        }
        let behind = left.strip_prefix(next)?;
        if next == '\\'
            && let Some(meant) = behind.chars().next()
        {
            match meant {
                'n' => text.push('\n'),
                '\n' => text.push(' '),
                meant => text.push(meant),
            }
            left = behind.strip_prefix(meant)?;
        } else {
            text.push(next);
            left = behind;
        }
    }
    None
}

/// `docker.build("r/a:1", "--no-cache -f x .")`: the directory is the last word.
fn of_plugin(call: &GroovyCall, builders: &mut Builders) -> Option<Place> {
    let (image, options) = (call.texts.first()?, call.texts.get(1));
    let options = options.map_or(".", |options| options.as_str());
    let words = ["docker", "build", "-t", image].map(str::to_owned).into_iter();
    let words: Vec<String> = words.chain(shell_words(options)?).collect();
    script::build_of_words(&words, Quote::default(), builders)
}

/// The line of the call, or the one behind it that asks for the build.
fn quote(text: &str, first: usize, place: &Place) -> Quote {
    const MOST: usize = 60;
    let raw = place.command.cache_from.iter().chain(&place.command.cache_to).map(|spec| &*spec.raw);
    let tags = place.command.tags.iter().map(Text::as_str);
    let lines = || text.lines().enumerate().skip(first).take(MOST);
    let of = |word: &str| lines().find(|(_, line)| line.contains(word));
    let tagged = lines().find(|(_, line)| tags.clone().any(|tag| line.contains(tag)));
    let asked = tagged.or_else(|| raw.clone().find_map(of)).or_else(|| of("build"));
    let asked = asked.map_or(first, |(at, _)| at);
    // The command may go on over lines.
    let begun = lines().filter(|(at, line)| *at <= asked && line.contains("docker")).last();
    let (at, line) = begun.or_else(|| lines().next()).unwrap_or_default();
    Quote { line: u64::try_from(at + 1).unwrap_or_default(), text: line.trim_end().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "pipeline {\n  agent any\n  stages {\n    stage('Image') {\n      steps {\n        \
        // sh 'docker build --no-cache .'\n        sh \"\"\"\n          docker login r.acme.io\n          \
        docker build \\\\\n            --build-arg REV=\\${GIT_COMMIT} -t r.acme.io/web:1 .\n        \
        \"\"\"\n        script { docker.build('acme/api', '--no-cache -f api/Dockerfile api') }\n        sh(script: \
        'npm test')\n        echo 'bash docker build'\n      }\n    }\n  }\n}\n";

    #[test]
    fn a_line_goes_on_behind_a_backslash_and_variables_are_set() {
        let text = "pipeline {\n  environment {\n    IMAGE = 'r.acme.io/web'\n    TOKEN = \
            credentials('x')\n    REV = \"${env.GIT_COMMIT}\"\n  }\n  stages { stage('a') {\n    \
            sh '''\n      docker build \\\n        --build-arg REV=$REV -t $IMAGE:1 .\n    '''\n  \
            } }\n}\n";
        let content = Jenkinsfile.read(text).unwrap();
        let [web] = content.places.as_slice() else { panic!("{:#?}", content.places) };
        assert_eq!(web.expanded(&web.command.build_args[0]), "REV=${env.GIT_COMMIT}");
        assert_eq!(web.expanded(&web.command.tags[0]), "r.acme.io/web:1");
        assert_eq!((web.command.quote.line, web.context.as_deref()), (9, Some(".")));
    }

    #[test]
    fn scripts_and_the_plugin_are_read() {
        let content = Jenkinsfile.read(TEXT).unwrap();
        let [web, api] = content.places.as_slice() else { panic!("{:#?}", content.places) };
        assert_eq!((web.command.quote.line, &*web.command.build_args[0]), (9, "REV=${GIT_COMMIT}"));
        assert_eq!(web.context.as_deref(), Some("."));
        assert!(api.command.no_cache && api.command.quote.line == 12);
        assert_eq!((api.context.as_deref(), api.command.tags.len()), (Some("api"), 1));
    }
}
