//! The YAML to paste: the steps found, each with a cache of its own.

use super::Builder;
use super::recipe::Recipe;
use super::rewrite;
use crate::config::bitbucket::DOCKER_IMAGE;

/// Steps for the builder in use.
pub(super) fn write(recipes: &[Recipe], builder: Builder) -> String {
    let mut lines = Vec::new();
    // What a loop builds has no one name.
    let recipes = recipes.iter().filter(|recipe| !recipe.builds().is_empty() && !recipe.repeats());
    if builder == Builder::Classic && recipes.clone().next().is_some() {
        lines.extend(["definitions:".to_owned(), "  caches:".to_owned()]);
        let definitions = recipes.clone().map(rewrite::definition);
        lines.extend(definitions.flat_map(|d| d.lines()).map(|line| format!("    {line}")));
        lines.push("# the steps:".to_owned());
    }
    let left_alone = |recipe: &Recipe| builder == Builder::BuildKit && recipe.caches_itself();
    for recipe in recipes.filter(|recipe| !left_alone(recipe)) {
        step(recipe, builder, &mut lines);
    }
    lines.join("\n")
}

fn step(recipe: &Recipe, builder: Builder, lines: &mut Vec<String>) {
    let mut put = |line: &str| lines.push(line.to_owned());
    put("- step:");
    put(&format!("    name: {}", scalar(&recipe.name)));
    let script = if builder == Builder::Classic {
        put("    caches:");
        put(&format!("      - {}", rewrite::cache_name(recipe)));
        rewrite::classic(recipe)
    } else {
        put(&image(recipe));
        put("    runtime:");
        put("      cloud:");
        put("        version: \"3\"");
        rewrite::buildkit(recipe)
    };
    put("    services:");
    put("      - docker");
    put("    script:");
    for item in rewrite::apply(recipe, &script) {
        for line in item_lines(&item) {
            put(&format!("      {line}"));
        }
    }
}

fn image(recipe: &Recipe) -> String {
    let step = recipe.step.filter(|step| step.image.is_some());
    let own = step.and_then(|step| step.image.as_deref()).unwrap_or_default();
    match step {
        Some(step) if step.has_docker_image() => format!("    image: {own}"),
        Some(step) if step.foreign_tool().is_some() => {
            format!(
                "    image: {own} # must hold the docker client and buildx, as {DOCKER_IMAGE} does"
            )
        }
        _ => format!("    image: {DOCKER_IMAGE}"),
    }
}

fn item_lines(item: &str) -> Vec<String> {
    if !item.trim_end().contains('\n') {
        return vec![format!("- {}", scalar(item.trim_end()))];
    }
    let lines = item.trim_end().lines().map(|line| format!("  {line}"));
    std::iter::once("- |".to_owned()).chain(lines).collect()
}

/// Quoted only where YAML would read something else.
fn scalar(text: &str) -> String {
    let same = yaml_serde::from_str::<yaml_serde::Value>(&format!("- {text}"))
        .is_ok_and(|value| value.get(0).and_then(yaml_serde::Value::as_str) == Some(text));
    if same { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}
