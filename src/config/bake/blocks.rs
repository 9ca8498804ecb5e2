//! The blocks of a bake file as parts: a target with what it inherits, and the variables and
//! functions that it names.

use std::collections::HashMap;

use hcl_edit::Span;
use hcl_edit::parser::parse_body;
use hcl_edit::structure::Block;

use super::hcl::label;
use super::target::{BakeValue, Target};
use crate::config::excerpt::ExcerptPart;
use crate::config::patch::line_at;

/// Each block with the lines down to the next one; `None` where one label means two blocks, or
/// something stands between them.
pub(super) fn parts(text: &str, targets: &[Target]) -> Option<Vec<ExcerptPart>> {
    let body = parse_body(text).ok().filter(|body| body.attributes().next().is_none())?;
    let blocks: Vec<&Block> = body.blocks().collect();
    let begin = |block: &&Block| Some(line_at(text, block.span()?.start).start);
    let starts: Vec<usize> = blocks.iter().map(begin).collect::<Option<_>>()?;
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let mut parts = vec![ExcerptPart::of(0..starts.first().copied()?, false)];
    for (start, end) in starts.iter().copied().zip(ends) {
        let has_lines = start < end;
        parts.push(has_lines.then(|| ExcerptPart::of(start..end, true))?);
    }
    let (mut by_name, mut named) = (HashMap::new(), HashMap::new());
    for (block, number) in blocks.iter().zip(1..) {
        let kind = block.ident.as_str();
        if kind == "group" {
            continue;
        }
        let Some(label) = label(block) else { continue };
        let known = if kind == "target" { &mut by_name } else { &mut named };
        if known.insert(label, number).is_some() {
            return None;
        }
    }
    for part in parts.iter_mut().skip(1) {
        let inside = text.get(part.range.clone())?.split(|c: char| !is_of_name(c));
        part.with = inside.filter_map(|word| named.get(word)).copied().collect();
    }
    for target in targets {
        let own = *by_name.get(&target.name)?;
        let inherited = target.own("inherits").map(BakeValue::texts).unwrap_or_default();
        for parent in inherited.iter().filter_map(|name| by_name.get(name).copied()) {
            parts.get_mut(own)?.with.push(parent);
            parts.get_mut(parent)?.heirs.push(own);
        }
    }
    Some(parts)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}
