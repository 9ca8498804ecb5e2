//! The YAML to paste: the steps found, each with a cache of its own.

use super::Builder;
use super::recipe::Recipe;
use super::repair::foreign_tool;
use super::rewrite::{self, IMAGE};

/// Steps for the builder in use.
pub(super) fn write(recipes: &[Recipe], builder: Builder) -> String {
    let mut lines = Vec::new();
    if builder == Builder::Classic {
        lines.extend(["definitions:".to_owned(), "  caches:".to_owned()]);
        let definitions = recipes.iter().filter(|r| !r.builds().is_empty()).map(rewrite::definition);
        lines.extend(definitions.flat_map(|d| d.lines()).map(|line| format!("    {line}")));
        lines.push("# the steps:".to_owned());
    }
    let left_alone = |recipe: &Recipe| builder == Builder::BuildKit && recipe.caches_itself();
    for recipe in recipes.iter().filter(|r| !r.builds().is_empty() && !left_alone(r)) {
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
    let own = recipe.step.and_then(|step| step.image.as_deref());
    match own {
        Some(own) if recipe.setting.docker_image => format!("    image: {own}"),
        Some(own) if foreign_tool(recipe).is_some() => {
            format!("    image: {own} # must hold the docker client and buildx, as {IMAGE} does")
        }
        _ => format!("    image: {IMAGE}"),
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
