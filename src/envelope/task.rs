//! The name of a package and its task in front of every line: `api:docker: text` (Turborepo),
//! `apps/api docker: text` (pnpm), `@scope/api: text` (Lerna).
//!
//! Sources: `vercel/turborepo` `crates/turborepo-ui/src/prefixed.rs`; `pnpm/pnpm`
//! `cli/default-reporter/src/reporterForClient/reportLifecycleScripts.ts`; `lerna/lerna`
//! `libs/child-process`. Only where nearly every line has one. Knows no CI.

use memchr::memmem;

use super::{Envelope, Head, Peeled, builder_line};

/// Package and task.
pub(super) struct Task;

impl Envelope for Task {
    fn name(&self) -> &'static str {
        "task"
    }

    fn may_begin(&self, first: u8) -> bool {
        first == b'@' || first.is_ascii_lowercase()
    }

    fn recognise(&self, head: &Head) -> bool {
        head.nearly_all(self, |l| split(l).is_some())
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled::of_job(line, split(line))
    }
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    // Levels of messages stand in front of lines too.
    const KEPT: [&[u8]; 6] = [b"error", b"warning", b"warn", b"info", b"debug", b"note"];
    let head = line.get(..80).unwrap_or(line);
    let end = memmem::find(head, b": ").or_else(|| line.ends_with(b":").then(|| line.len() - 1))?;
    let (name, rest) = line.split_at_checked(end)?;
    let named = |b: &u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b'@' | b' ')
    };
    let starts = name.first().is_some_and(|b| b.is_ascii_lowercase() || *b == b'@');
    let words = name.split(|b| *b == b' ').count();
    let free = starts
        && words < 3
        && name.iter().all(named)
        && !KEPT.contains(&name)
        // `build.log:12:STEP 2/7: WORKDIR /app`
        && builder_line::behind(line).is_none_or(|step| step > end);
    free.then(|| (name, rest.strip_prefix(b": ").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn takes_names_off_where_nearly_all_lines_have_one() {
        for line in ["api:docker: #5 CACHED", "apps/api docker: #5 CACHED", "@shop/api: #5 CACHED"]
        {
            let blank = line.split_once('#').unwrap().0.trim_end();
            assert!(recognises(&Task, &[line.as_bytes(), blank.as_bytes()]));
            assert_eq!(Task.decode(line.as_bytes()).text, b"#5 CACHED");
            assert_eq!(Task.decode(blank.as_bytes()).text, b"");
        }
        assert!(!recognises(&Task, &[b"api: #5 CACHED", b"#6 CACHED", b"#7 CACHED"]));
    }

    #[test]
    fn leaves_what_others_print() {
        for line in [
            "error: failed to solve: x",
            "ERROR: x",
            "#5 sha256:0a: 1",
            "Step 1/2 : FROM a",
            "a b c: d",
            "build.log:12:STEP 2/7: WORKDIR /app",
        ] {
            assert_eq!(split(line.as_bytes()), None, "{line}");
        }
    }
}
