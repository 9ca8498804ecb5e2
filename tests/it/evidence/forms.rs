//! Made-up builds by every form of evidence: what is proven of the newest run is true, whether its
//! files are read with those before or after them, also where a change was taken back.

use cachediag::pipeline::{Options, run_in_memory};
use cachediag::source::Entry;

use super::generated::{CHANGES, Change, Series, is_lost, series};
use super::project::{Base, Builder, Left, Mode, Stage, Step, run};
use super::remembered::{newest, one_by_one};
use super::{Break, report};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Caches,
    CachesAndLogs,
    Provenance,
    ProvenanceAndLogs,
    Stored,
    StoredAndCaches,
}

const FORMS: [Form; 6] = [
    Form::Caches,
    Form::CachesAndLogs,
    Form::Provenance,
    Form::ProvenanceAndLogs,
    Form::Stored,
    Form::StoredAndCaches,
];

impl Form {
    fn files(self, n: usize, left: &Left) -> Vec<Entry> {
        let entry = |end: &str, bytes: &[u8]| Entry::in_memory(&format!("run-{n}.{end}"), bytes);
        let log = || entry("log", left.log.as_bytes());
        let cache = || entry("cache.json", left.cache.as_bytes());
        let provenance = || entry("provenance.json", left.provenance.as_bytes());
        let stored = || entry("dockerbuild", &left.dockerbuild);
        match self {
            Self::Caches => vec![cache()],
            Self::CachesAndLogs => vec![log(), cache()],
            Self::Provenance => vec![provenance()],
            Self::ProvenanceAndLogs => vec![log(), provenance()],
            Self::Stored => vec![stored()],
            Self::StoredAndCaches => vec![stored(), cache()],
        }
    }

    /// It holds what an operation is made of.
    fn names_parts(self) -> bool {
        !matches!(self, Self::Caches | Self::CachesAndLogs)
    }
}

fn proven(found: &[Break]) -> impl Iterator<Item = &Break> {
    found.iter().filter(|found| found.2 == "proven")
}

/// The newest run of these, by one call and by one call a run.
fn both(form: Form, left: &[Left]) -> [Vec<Break>; 2] {
    let runs: Vec<Vec<Entry>> = (1..).zip(left).map(|(n, left)| form.files(n, left)).collect();
    let together = newest(&report(runs.concat(), &Options::default()));
    [together, one_by_one(&runs)]
}

fn check(form: Form, change: Change, seed: u64, made: &Series) {
    let [together, remembered] = both(form, &made.left[..2]);
    let case = format!("{form:?} {change:?} {seed}: {together:?}\n{}", made.left[1].log);
    assert_eq!(remembered, together, "{case}");
    let reason = made.truth.as_ref().map_or("", |truth| truth.because);
    let hidden =
        matches!(change, Change::Environment | Change::User | Change::Shell | Change::Text);
    for found in proven(&together).filter(|found| !is_lost(found)) {
        let open = !form.names_parts() && hidden && found.1 == "argument-changed";
        assert!(found.1 == reason || open, "{found:?} is not so. {case}");
    }
    assert!(made.emptied || !proven(&together).any(is_lost), "nothing is lost. {case}");
    // Stages that had their first steps in common are others where one of them has another base.
    let untold = matches!(change, Change::Files | Change::Nothing)
        || (form, change) == (Form::Provenance, Change::Base);
    if form.names_parts() && !untold {
        let found = proven(&together).any(|found| found.1 == reason);
        assert!(found, "not found. {case}");
    }
    // The builder has all of the first run.
    if !made.emptied {
        let [together, remembered] = both(form, &made.left);
        let case = format!("{form:?} {change:?} {seed}: {together:?}\n{}", made.left[2].log);
        assert_eq!(remembered, together, "{case}");
        assert_eq!(proven(&together).count(), 0, "taken back. {case}");
    }
}

#[test]
fn every_form_proves_what_is_so() {
    for (n, change) in (0..).zip(CHANGES) {
        for (m, form) in (0..).zip(FORMS) {
            for seed in (12 * n + 2 * m..).take(2) {
                if let Some(made) = series(seed, change) {
                    check(form, change, seed, &made);
                }
            }
        }
    }
}

/// Another version in each run: a cache shows that the operation is another one, and no more; a
/// definition names the argument.
#[test]
fn what_recurs_is_told_as_far_as_it_is_known() {
    let steps = || vec![Step::Workdir("/app"), run("npm ci"), run("npm run build")];
    let stage = |n: u32| Stage {
        arguments: vec![format!("VERSION={n}")],
        ..Stage::of("web", Err(Base::of("node", "layers of node")), steps())
    };
    let mut builder = Builder::default();
    let left: Vec<Left> = (1..5).map(|n| builder.build(&[stage(n)], Mode::Max, "")).collect();
    let cause = |form: Form| {
        let files = (1..).zip(&left).flat_map(|(n, left)| form.files(n, left));
        let report = run_in_memory(files, &Options::default());
        let found = report.findings.iter().find(|found| found.rule == "volatile-build-arg");
        found.map(|found| (found.title.clone(), found.cause.clone())).unwrap()
    };
    let (_, cache) = cause(Form::Caches);
    assert!(cache.contains("digest") && !cache.contains("text is the same"), "{cache}");
    let (title, _) = cause(Form::Stored);
    assert!(title.contains("VERSION"), "{title}");
}
