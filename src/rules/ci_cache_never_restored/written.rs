//! The configuration: the directory of a local cache is kept under a key that no other run asks for.

use super::{Key, META, fix};
use crate::config::{Fate, Kept, Side, pieces};
use crate::finding::{Confidence, Finding, Severity, not_ruled_out};
use crate::rules::Study;
use crate::rules::changing_value::changing;
use crate::rules::planned::{self, Words, local};
use crate::rules::remedy::{At, place};

/// The finding of a build.
pub(super) fn finding(study: &Study, at: At) -> Option<Finding> {
    let local = local::only(at)?;
    let kept = at.place.kept.iter().find(|kept| local.is_held_by(kept))?;
    let part = new_in_each_run(study, at, kept)?;
    let key = at.key_of(kept, "new in each run")?;
    let mut doubts = vec![not_ruled_out("runs that are only ever repeated for one commit")];
    let mut fix = fix(&Key::Unique("", Confidence::Likely), &kept.key, at.ci());
    let mut why = "no older key is asked for".to_owned();
    if let Some(older) = kept.older.iter().flatten().next() {
        why = format!("no saved key starts with `{older}`");
        doubts.push(not_ruled_out("another workflow that saves one (it is not given)"));
        if let Some(start) = own_beginning(at, kept) {
            "fall back to a prefix that the keys share".clone_into(&mut fix.summary);
            fix.snippet = Some(start);
        }
    }
    let words = Words {
        title: format!("each run saves its local cache under another key, `{}`", kept.key),
        cause: format!(
            "The key holds `{part}`, which is new in each run or commit, and {why}. Each run \
                saves a cache, and the next one looks for another key, finds nothing and builds \
                every step."
        ),
        fix,
        rules_out: doubts,
        subject: kept.key.clone(),
    };
    let mut lines = vec![key];
    lines.extend(at.evidence_of_spec(local.from, Side::From, "is looked for here"));
    planned::finding(&META, Severity::Warning, lines, words)
}

/// The key up to what is new in each run, as what is asked for instead.
fn own_beginning(at: At, kept: &Kept) -> Option<String> {
    let input = match at.ci()? {
        "github-actions" => "restore-keys",
        "azure-pipelines" => "restoreKeys",
        _ => return None,
    };
    let (start, _) = kept.key.split_once(changing(&kept.key)?)?;
    (!start.is_empty()).then(|| format!("{input}: {start}"))
}

/// The part of the key that no other run has, where nothing that is asked for instead can fit.
fn new_in_each_run(study: &Study, at: At, kept: &Kept) -> Option<String> {
    let part = changing(&at.place.expanded(&kept.key))?.to_owned();
    let older = kept.older.as_ref()?;
    let fits = |key: &String| {
        let key = at.place.expanded(key);
        changing(&key).is_none() && may_be_found(study, at, &key)
    };
    (kept.fate == Fate::Found && !older.iter().any(fits)).then_some(part)
}

/// Some build saves a cache whose key may begin so. GitLab's keys to fall back to are whole ones of
/// jobs that need not build an image.
fn may_be_found(study: &Study, at: At, start: &str) -> bool {
    let saves = |other: At| {
        other.place.kept.iter().any(|kept| may_begin(&other.place.expanded(&kept.key), start))
    };
    at.ci() == Some("gitlab") || place::all(study).any(saves)
}

/// The key may begin with these words: as far as both are written out they are the same.
fn may_begin(key: &str, start: &str) -> bool {
    let (mut key, mut start) = (pieces(key), pieces(start));
    loop {
        let (Some(asked), saved) = (start.next(), key.next()) else { return true };
        let Some(saved) = saved else { return asked.form.is_some() };
        if asked.text == saved.text {
            continue;
        }
        let open = asked.form.is_some() || saved.form.is_some();
        return open
            || saved.text.starts_with(asked.text)
            || (asked.text.starts_with(saved.text) && key.next().is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::may_begin;

    #[test]
    fn a_key_begins_as_far_as_both_are_written_out() {
        let key = "${{ runner.os }}-buildx-web-${{ github.sha }}";
        for start in [
            "",
            "${{ runner.os }}",
            "${{ runner.os }}-buildx-",
            "${{ runner.os }}-buildx-web-",
            "${{ runner.os }}-buildx-web-${{ github.ref }}",
            "${{ runner.os }}-buildx-web-12",
            "${{ matrix.os }}-docker-",
            "Linux-buildx-",
        ] {
            assert!(may_begin(key, start), "{start}");
        }
        for start in ["${{ runner.os }}-buildx-webapp-", "${{ runner.os }}-docker"] {
            assert!(!may_begin(key, start), "{start}");
        }
    }
}
