//! Makefiles whose targets a CI calls: the recipes of their rules.

use std::collections::HashSet;

use super::place::set_before;
use super::script::{self, Builders, Item};
use super::variables::expand;
use super::yaml::Route;
use super::{Change, Content, Kind, Place, jobs};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Makefile;

impl Kind for Makefile {
    fn name(&self) -> &'static str {
        "makefile"
    }

    fn is_called(&self) -> bool {
        true
    }

    fn hands_variables_on(&self) -> bool {
        false
    }

    fn looks(&self, text: &str) -> bool {
        text.contains("\n\t") && text.lines().any(|line| line.starts_with(".PHONY:"))
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        Ok(content(text, &[]))
    }

    fn called(&self, text: &str, by: &Place) -> Vec<(usize, Place)> {
        called(text, by)
    }

    fn correct(&self, _: &str, _: &[Change]) -> Result<String, String> {
        Err("cachediag does not edit a recipe of a Makefile".to_owned())
    }
}

/// What the file says, where these are assigned behind `make`.
pub(super) fn content(text: &str, assigned: &[(String, String)]) -> Content {
    let variables = variables(text, &[], assigned);
    let found = rules(text).into_iter().flat_map(|rule| {
        let mut builders = Builders::unknown();
        let built = of_rule(text, &rule, &variables, &mut builders).into_iter();
        built.map(move |place| Place { job: rule.target.clone(), ..place }).collect::<Vec<_>>()
    });
    Content::of(found)
}

/// What a call makes it build: the targets it names, or the first one, with all they need. Each
/// recipe finds the builders of those that ran before it.
pub(super) fn called(text: &str, by: &Place) -> Vec<(usize, Place)> {
    let Some(call) = by.call.as_ref() else { return Vec::new() };
    let variables = variables(text, &by.variables, &call.assigned);
    let all = rules(text);
    let reached = reached(&all, &call.words);
    let unknown = |rule: &Rule| of_rule(text, rule, &variables, &mut Builders::unknown());
    let mut built: Vec<Vec<Place>> = all.iter().map(unknown).collect();
    let mut builders = call.builders.clone();
    for at in &reached {
        if let Some((rule, places)) = all.get(*at).zip(built.get_mut(*at)) {
            *places = of_rule(text, rule, &variables, &mut builders);
        }
    }
    let each = built.into_iter().enumerate();
    let each = each.flat_map(|(at, places)| places.into_iter().map(move |place| (at, place)));
    let (of, places): (Vec<usize>, Vec<Place>) = each.unzip();
    let numbered = jobs::numbered(places.into_iter()).into_iter().zip(of);
    numbered.filter(|(_, at)| reached.contains(at)).map(|(place, _)| place).collect()
}

/// Builds of the recipe of a rule, and what it calls.
fn of_rule(
    text: &str,
    rule: &Rule,
    variables: &[(String, String)],
    builders: &mut Builders,
) -> Vec<Place> {
    let recipe = expand(&rule.recipe, &*programs(variables));
    let item = Item { route: Route::default(), value: recipe.into() };
    let mut found = script::builds(None, 0, &[item], builders);
    set_before(found.iter_mut().map(|(place, _)| place), variables);
    for (place, _) in &mut found {
        builders.end(place);
        place.resolve();
        let specs = place.command.cache_from.iter().chain(&place.command.cache_to);
        let words: Vec<String> = specs.map(|spec| spec.raw.clone()).collect();
        place.command.quote.line = line_of(text, rule, &words);
    }
    found.into_iter().map(|(place, _)| place).collect()
}

/// Numbers of the rules that make these targets, or the first one, in the order in which they run.
fn reached(rules: &[Rule], targets: &[String]) -> Vec<usize> {
    let by_default = || rules.iter().find(|rule| !rule.target.starts_with('.'));
    let mut open: Vec<String> = targets.iter().rev().cloned().collect();
    if targets.is_empty() {
        open.extend(by_default().map(|rule| rule.target.clone()));
    }
    let (mut order, mut seen) = (Vec::new(), HashSet::new());
    while let Some(target) = open.pop() {
        for (at, rule) in rules.iter().enumerate() {
            let is_it = rule.target.split_ascii_whitespace().any(|name| makes(name, &target));
            if is_it && seen.insert(at) {
                order.push(at);
                open.extend(rule.needs.iter().rev().cloned());
            }
        }
    }
    // What a target needs is made before it.
    order.reverse();
    order
}

/// Variables that hold a command, or its beginning: `DOCKER ?= docker`,
/// `bake := $(DOCKER) buildx bake`.
fn programs(variables: &[(String, String)]) -> Vec<(String, String)> {
    let whole = variables.iter().map(|(name, value)| (name.clone(), expand(value, variables)));
    whole.filter(|(_, value)| value == "docker" || value.starts_with("docker ")).collect()
}

/// One rule with a recipe.
struct Rule {
    target: String,
    needs: Vec<String>,
    /// Its lines without the tab, and without what tells make how to run them.
    recipe: String,
    /// Number of the first of them.
    line: u64,
}

/// What the file assigns outside of its rules: `IMAGE := r/a`, `export REV ?= dev`
/// (<https://www.gnu.org/software/make/manual/html_node/Setting.html>). What calls give comes before
/// it, what the environment has before `?=` only; two calls that differ in a variable leave it open,
/// and so does what is assigned under a condition, for one target, or by a command (`!=`).
fn variables(
    text: &str,
    outer: &[(String, String)],
    given: &[(String, String)],
) -> Vec<(String, String)> {
    let mut set = outer.to_vec();
    let mut conditions = 0_usize;
    for line in outside_of_recipes(text) {
        match line.split([' ', '\t', '(']).next().unwrap_or_default() {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => conditions += 1,
            "endif" => conditions = conditions.saturating_sub(1),
            _ => {}
        }
        let Some(Assignment { name, sign, value, of_target }) = assignment(&line) else { continue };
        let before = set.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value);
        let value = match (sign, before) {
            ("?", _) if outer.iter().any(|(known, _)| *known == name) => continue,
            _ if of_target || conditions > 0 || sign == "!" => format!("$({name})"),
            ("+", Some(before)) => format!("{before} {value}"),
            _ => value,
        };
        set.push((name, value));
    }
    set.extend_from_slice(given);
    let values = |name: &str| -> HashSet<&str> {
        let same = given.iter().filter(|(known, _)| known == name);
        same.map(|(_, value)| value.as_str()).collect()
    };
    set.retain(|(name, _)| values(name).len() < 2);
    set
}

/// Lines that no shell runs, with those that go on in the next ones as one.
fn outside_of_recipes(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        let part = line.strip_suffix('\\').unwrap_or(line);
        match all.last_mut() {
            Some(last) if goes_on => {
                last.truncate(last.trim_end().len());
                last.push(' ');
                last.push_str(part.trim_start());
            }
            _ => all.push(part.to_owned()),
        }
        goes_on = part.len() < line.len();
    }
    all.retain(|line| !line.starts_with(['\t', '#']));
    all.iter().map(|line| line.trim_start().to_owned()).collect()
}

/// `NAME ?= value`, `image: NAME := value`.
struct Assignment<'a> {
    name: String,
    /// What stands before `=`.
    sign: &'a str,
    value: String,
    of_target: bool,
}

fn assignment(line: &str) -> Option<Assignment<'_>> {
    let (left, value) = line.split_once('=')?;
    let bare = left.trim_end_matches([':', '?', '+', '!']);
    let sign = left.get(bare.len()..).unwrap_or_default();
    let (target, name) = bare.rsplit_once(':').map_or((None, bare), |(t, name)| (Some(t), name));
    let name = name.trim().trim_start_matches("export ").trim_start_matches("override ").trim();
    let is_name = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let value = value.split(" #").next().unwrap_or_default().trim().to_owned();
    is_name.then(|| Assignment { name: name.to_owned(), sign, value, of_target: target.is_some() })
}

/// Some target of these, or what it needs, has a recipe that builds images.
pub(super) fn builds(text: &str, targets: &[String]) -> bool {
    let rules = rules(text);
    let programs = programs(&variables(text, &[], &[]));
    let mut open: Vec<String> = targets.to_vec();
    let mut next = 0;
    while let Some(target) = open.get(next).cloned() {
        next += 1;
        for rule in rules
            .iter()
            .filter(|rule| rule.target.split_ascii_whitespace().any(|name| makes(name, &target)))
        {
            if script::builds_images(&expand(&rule.recipe, &*programs)) {
                return true;
            }
            open.extend(
                rule.needs.iter().filter(|name| !open.contains(name)).cloned().collect::<Vec<_>>(),
            );
        }
    }
    false
}

/// The target of a rule is this one, or the pattern of such: `image-%`.
fn makes(rule: &str, target: &str) -> bool {
    match rule.split_once('%') {
        Some((begin, end)) => target.starts_with(begin) && target.ends_with(end),
        None => rule == target,
    }
}

fn rules(text: &str) -> Vec<Rule> {
    let mut all: Vec<Rule> = Vec::new();
    let mut open = false;
    for (line, number) in text.lines().zip(1..) {
        if let Some(command) = line.strip_prefix('\t') {
            let Some(rule) = all.last_mut() else { continue };
            if !open {
                continue;
            }
            if rule.recipe.is_empty() {
                rule.line = number;
            }
            let goes_on = rule.recipe.ends_with("\\\n");
            let command =
                if goes_on { command } else { command.trim_start_matches(['@', '-', '+', ' ']) };
            rule.recipe.push_str(command);
            rule.recipe.push('\n');
        } else if let Some((target, needs)) = head(line) {
            open = true;
            let needs = needs.split_ascii_whitespace().map(str::to_owned).collect();
            all.push(Rule { target, needs, recipe: String::new(), line: number });
        } else if !line.trim().is_empty() && !line.starts_with('#') {
            open = false;
        }
    }
    all.into_iter().flat_map(Rule::of_targets).collect()
}

impl Rule {
    /// `api web:` is a rule for each, and `$@` stands for its target
    /// (<https://www.gnu.org/software/make/manual/html_node/Automatic-Variables.html>). Which one a
    /// pattern makes, only calls tell.
    fn of_targets(self) -> Vec<Self> {
        const NAMES: [&str; 3] = ["$@", "$(@)", "${@}"];
        if self.target.contains('%') || !NAMES.iter().any(|name| self.recipe.contains(name)) {
            return vec![self];
        }
        let of = |target: &str| Self {
            target: target.to_owned(),
            needs: self.needs.clone(),
            recipe: NAMES.iter().fold(self.recipe.clone(), |text, name| text.replace(name, target)),
            line: self.line,
        };
        self.target.split_ascii_whitespace().map(of).collect()
    }
}

/// `image: test lint ## comment`; an assignment is none.
fn head(line: &str) -> Option<(String, String)> {
    let (target, rest) = line.split_once(':')?;
    let is_rule = !target.is_empty() && !target.starts_with([' ', '#']) && !target.contains('=');
    let needs = rest.trim_start_matches(':').split('#').next().unwrap_or_default();
    (is_rule && !rest.starts_with('=') && !needs.contains('='))
        .then(|| (target.trim().to_owned(), needs.to_owned()))
}

/// The line of the recipe that holds the first of the words, else the first that calls docker.
fn line_of(text: &str, rule: &Rule, words: &[String]) -> u64 {
    let first = usize::try_from(rule.line).unwrap_or(1).saturating_sub(1);
    let lines =
        || text.lines().enumerate().skip(first).take_while(|(_, line)| line.starts_with('\t'));
    let holds = |word: &str| lines().find(|(_, line)| line.contains(word)).map(|(index, _)| index);
    let found = words.first().and_then(|word| holds(word)).or_else(|| holds("docker"));
    found.and_then(|index| u64::try_from(index + 1).ok()).unwrap_or(rule.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "IMAGE := a\nREF ?= x:y\n\n.PHONY: image\nimage: test ## builds \
        it\n\t@docker build \\\n\t  --no-cache -t $(IMAGE) .\n\nall: image\n\ntest:\n\tgo test \
        ./...\n";

    #[test]
    fn what_a_call_assigns_comes_before_what_the_file_does() {
        let given = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            content(TEXT, &pairs.collect::<Vec<_>>()).places[0].expanded("$(IMAGE) $(REF)")
        };
        assert_eq!(given(&[("REF", "$SHA")]), "a $SHA");
        assert_eq!(given(&[("REF", "1"), ("REF", "2")]), "a $(REF)");
    }

    #[test]
    fn a_value_goes_on_and_is_added_to() {
        let text = "A = x \\\n\ty\nA += z # why\nB := 1\nifdef CI\n  B += 2\nendif\nimage: C = \
            1\nD != date\nimage:\n\t@docker build -t $(A) .\n";
        let place = &content(text, &[]).places[0];
        assert_eq!(place.expanded("$(A)|$(B)|$(C)|$(D)"), "x y z|$(B)|$(C)|$(D)");
        assert!(!place.images.logs_in_later);
    }

    #[test]
    fn the_target_stands_in_its_recipe() {
        let text = "all: api web\napi web:\n\tdocker build -t r/$@:1 ./$(@)\nx-%:\n\tdocker build \
            -t r/$@ .\n";
        let places = content(text, &[]).places;
        let tags: Vec<&str> = places.iter().map(|place| &*place.command.tags[0]).collect();
        assert_eq!(tags, ["r/api:1", "r/web:1", "r/$@"]);
        assert_eq!(places[1].job, "web");
    }

    #[test]
    fn a_target_builds_what_it_needs() {
        let content = Makefile.read(TEXT).unwrap();
        assert_eq!((content.places.len(), content.places[0].command.quote.line), (1, 6));
        assert!(content.places[0].job == "image" && content.places[0].command.no_cache);
        assert_eq!(content.places[0].expanded("$(IMAGE) $(REF) $(X)"), "a x:y $(X)");
        assert!(builds(TEXT, &["all".to_owned()]) && !builds(TEXT, &["test".to_owned()]));
    }
}
