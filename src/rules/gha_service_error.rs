//! GitHub's cache service answered with an error, or did not answer.

use super::backend::{self, Cause, Draft, Refusal, Side};
use super::{Rule, RuleMeta, Study};
use crate::finding::{Confidence, Finding, Fix, Severity, not_ruled_out, to_decide};

pub(super) struct GhaServiceError;

static META: RuleMeta = RuleMeta {
    id: "gha-service-error",
    title: "GitHub's cache service fails",
    group: "The cache backend refuses",
    severity: Severity::Warning,
    what: "A `type=gha` import or export ends with a 5xx status, a failed connection, `failed to \
        reserve cache`, `error committing cache` or `cache token expired`.",
    why: "The run is cold, or its export is lost and the build fails.",
    fix: "Add `ignore-error=true`; where entries cannot be reserved, give each image a scope of \
        its own and export from jobs with a writable token only.",
    rules_out: "Timeouts, rate limits and the retired service are rules of their own.",
    limits: "The words do not always show whether the service was down or the cache of the \
        repository was full.",
    example: include_str!("examples/gha-service-error.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/gha/",
        "tonistiigi/go-actions-cache cache_v2.go",
        "moby/buildkit cache/remotecache/gha/gha.go",
    ],
    since: "0.1.0",
};

impl Rule for GhaServiceError {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        backend::findings(study, &META, Cause::GhaService, |_, group| Some(draft(group)))
    }
}

fn draft(group: &[Refusal]) -> Draft {
    let failed = group.iter().any(|r| !r.build.errors.is_empty());
    let fault = fault(group);
    Draft {
        severity: if failed { Severity::Error } else { Severity::Warning },
        confidence: if matches!(fault, Fault::Gone | Fault::Page) {
            Confidence::Likely
        } else {
            Confidence::Proven
        },
        title: match fault {
            Fault::Gone => "GitHub's cache lost an entry during the export",
            Fault::Own => "the runner's cache server refused the build cache",
            Fault::Joined => "BuildKit asks for GitHub's cache service at an address that is none",
            Fault::Down if group.iter().all(|refusal| is_unanswered(refusal.text)) => {
                "GitHub's cache service could not be reached"
            }
            _ => "GitHub's cache service refused the build cache",
        }
        .to_owned(),
        cause: cause(fault).to_owned(),
        fix: fix(fault, group),
        rules_out: if fault == Fault::Reserve {
            vec![
                not_ruled_out("which of the four it is (the error does not say)"),
                to_decide("give the log of a parallel job with the same scope"),
            ]
        } else {
            Vec::new()
        },
    }
}

/// What the errors say of the service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It lets nobody write this entry.
    Reserve,
    /// The job's token may read only.
    ReadOnly,
    /// It does not know the job any more.
    Expired,
    /// It did not know the job when the build began.
    Stale,
    /// What the export had found or written is not there any more.
    Gone,
    /// A page for people stands where its answer should be.
    Page,
    /// It does not answer, or with an error.
    Down,
    /// So does a server that stands in for GitHub's.
    Own,
    /// It was never asked: the address is none.
    Joined,
}

fn fault(group: &[Refusal]) -> Fault {
    let says = |text: &str| group.iter().any(|r| r.text.contains(text));
    if says("No scope with write permission") || says("no writable scopes") {
        return Fault::ReadOnly;
    }
    if says("failed to reserve cache") {
        return Fault::Reserve;
    }
    if says("token expired") {
        // A cache is imported before the first step.
        let at_once = |r: &Refusal| r.side != Side::Export && r.text.contains("token expired");
        return if group.iter().any(at_once) { Fault::Stale } else { Fault::Expired };
    }
    if group.iter().all(|refusal| is_joined(refusal.text)) {
        return Fault::Joined;
    }
    let gone = group.iter().all(|refusal| refusal.text.trim_end().ends_with("not_found"));
    if gone {
        return Fault::Gone;
    }
    if group.iter().all(|refusal| of_own_server(refusal.text)) {
        return Fault::Own;
    }
    if group.iter().all(|refusal| shows_page(refusal.text)) { Fault::Page } else { Fault::Down }
}

/// `dial tcp 140.82.112.21:443: i/o timeout`, `net/http: TLS handshake timeout`: nobody answered,
/// and so nobody refused.
fn is_unanswered(text: &str) -> bool {
    const WORDS: [&str; 6] = [
        ": i/o timeout",
        "TLS handshake timeout",
        "no such host",
        "connect: connection refused",
        "no route to host",
        "network is unreachable",
    ];
    WORDS.iter().any(|words| text.contains(words))
}

/// `failed to parse error response 400: <h2>Our services aren't available right now</h2>…`
/// (`tonistiigi/go-actions-cache`): the service's front door answered, not the service
/// (`moby/buildkit` issue 6074).
fn shows_page(text: &str) -> bool {
    text.contains("failed to parse error response 4") && text.contains(": <")
}

/// `Post "https://results-receiver.actions.acme.ghe.comtwirp/github.actions.results.api.v1.…"`,
/// `parse "http://cache.ci.svc:3000twirp/…": invalid port ":3000twirp" after host`: the address that
/// the runner gives has no slash at its end (`docker/build-push-action` issue 1382).
fn is_joined(text: &str) -> bool {
    let asked = text.split_once("twirp/github.actions.results.api.");
    asked.is_some_and(|(address, _)| address.contains("://") && !address.ends_with('/'))
}

/// `Get "http://172.18.0.4:40351/_apis/artifactcache/cache?keys=…": dial tcp …` (`nektos/act`),
/// `PUT http://cache.ci.svc:3000/upload/12` (`falcondev-oss/github-actions-cache-server`): runners
/// outside of GitHub give builds a cache server of their own. GitHub's is reached by HTTPS alone.
fn of_own_server(text: &str) -> bool {
    text.contains("\"http://") || text.contains(" http://")
}

fn cause(fault: Fault) -> &'static str {
    match fault {
        Fault::Reserve => {
            "The service did not let this job write: another job writes the same entry, too many \
                entries were written in a short time, the repository's cache storage is used up, \
                or the token of this trigger is read-only."
        }
        Fault::ReadOnly => {
            "The token of this job may read caches but not write them, as for pull requests from \
                forks and some triggers."
        }
        Fault::Expired => {
            "The job's cache token expired before the export ended: the build took longer than the \
                token lives."
        }
        Fault::Stale => {
            "The cache token had expired before the build began: it was kept from an earlier job, \
                or this job had run for longer than the token lives."
        }
        Fault::Gone => {
            "An entry that the export found or wrote was gone when it was used. GitHub removes the \
                oldest entries of a repository that holds more than its limit (10 GB unless it was \
                raised), also while a job runs."
        }
        Fault::Page => {
            "A page for people came back instead of the service's answer, so the request did not \
                reach the service. In a single run that is an outage. Where every run ends so, and \
                runners of GitHub's do not, the request itself is wrong: an old builder asks for \
                the service that was switched off in 2025, or a proxy stands between."
        }
        Fault::Down => "The service could not be reached or failed; the line quoted says how.",
        Fault::Own => {
            "The address in the error is not GitHub's: the runner gives builds a cache server of \
                its own (Gitea, Forgejo, act, a self-hosted server), and the builder could not \
                reach it or sent requests it does not know."
        }
        Fault::Joined => {
            "The address that the runner gives (ACTIONS_RESULTS_URL) has no slash at its end, and \
                this BuildKit puts the path right behind it (`…ghe.comtwirp/…`): there is no such \
                host. The service was never asked, in this run or any other."
        }
    }
}

fn fix(fault: Fault, group: &[Refusal]) -> Fix {
    let asked = backend::asked(group);
    let ignored = asked.contains("ignore-error=true") || fault == Fault::Stale;
    let optional =
        "Add `ignore-error=true`: an export that fails then costs the cache and not the build.";
    let first = if ignored { None } else { Some(optional) };
    Fix {
        summary: summary(fault, ignored).to_owned(),
        steps: first.into_iter().chain(steps(fault).iter().copied()).map(str::to_owned).collect(),
        snippet: (!ignored).then(|| format!("cache-to: {asked},ignore-error=true")),
        ..Fix::default()
    }
}

/// What to do, beside making the export optional.
fn steps(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::Reserve => &[
            "Give each image and platform its own `scope=`; the default scope is the same for all.",
            "Export on `push` only: pull requests from forks and some triggers have a read-only \
                cache token.",
            "Look at the size under Actions, Caches: at the limit, remove scopes that nobody reads.",
        ],
        Fault::ReadOnly => {
            &["Leave `cache-to` out where the token may not write: such jobs import what the main \
                branch stores."]
        }
        Fault::Expired => {
            &["If builds take that long, keep the cache in a registry: its login lasts."]
        }
        Fault::Stale => &[
            "Take the token from the environment of the job itself (ACTIONS_RUNTIME_TOKEN): one \
                that is kept as a secret, in a file or with a builder that outlives the job does \
                not work.",
            "If the build starts late in a long job, move it into a job of its own, or keep the \
                cache in a registry.",
        ],
        Fault::Gone => {
            &["Look at the size under Actions, Caches: near the limit, remove scopes that nobody \
                reads and export from fewer jobs, or keep the cache in a registry."]
        }
        Fault::Page => &[
            "Run again; https://www.githubstatus.com/ says whether the service is down.",
            "If every run ends so: use Buildx 0.21 and BuildKit 0.20 or newer, and the newest \
                version of the runner.",
            "Or keep the cache in a registry: `type=registry` needs no service of GitHub's.",
        ],
        Fault::Down => {
            &["Run again; https://www.githubstatus.com/ says whether the service is down."]
        }
        Fault::Own => &[
            "Read the log of that server, and use its newest version: BuildKit 0.20 and newer \
                speak the second version of GitHub's protocol, and older servers know the first.",
            "The builder is a container: give it an address of the server that it can reach \
                (`network=host` for the builder, or the host's name instead of 127.0.0.1).",
            "Or keep the cache in a registry: `type=registry` needs no such server.",
        ],
        Fault::Joined => &[
            "Running again does not help. Recreate the builder from a current BuildKit \
                (`moby/buildkit:latest`).",
            "Where you run the cache server: end the address that it gives to jobs \
                (ACTIONS_RESULTS_URL) with a slash.",
            "Or keep the cache in a registry: `type=registry` needs no such service.",
        ],
    }
}

fn summary(fault: Fault, ignored: bool) -> &'static str {
    match fault {
        Fault::Reserve => "make the export optional, and give each image its own scope",
        Fault::ReadOnly => "export in jobs only whose token may write",
        Fault::Expired => "make the export optional, or keep the cache in a registry",
        Fault::Stale => "give the builder the token of its own job, or use a registry cache",
        Fault::Gone => "keep less in GitHub's cache, or keep the cache in a registry",
        Fault::Joined => "use a newer BuildKit, or a registry cache",
        Fault::Own => "read the log of the runner's cache server, or use a registry cache",
        Fault::Page => "run again; if every run ends so, use a newer Buildx and BuildKit",
        Fault::Down if ignored => "run again when the service works",
        Fault::Down => "make the export optional, and run again when the service works",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;
    use crate::model::CacheKind;

    #[test]
    fn an_outage_is_no_reason_for_other_scopes() {
        let down = "GitHub Actions is temporarily unavailable. Please visit \
            https://www.githubstatus.com/ for the status of our services.";
        let run = made()
            .command(
                "docker buildx build --cache-to type=gha,scope=web,mode=max,ignore-error=true .",
            )
            .import("gha:153", Some(down))
            .export(CacheKind::Unknown, Some(down));
        let found = GhaServiceError.check(&of(vec![run]));
        assert_eq!((found.len(), found[0].fix.steps.len()), (1, 1), "{:?}", found[0].fix);
        let run = made()
            .command("docker buildx build --cache-to type=gha,scope=web .")
            .export(CacheKind::Gha, Some("x 503"));
        let snippet = GhaServiceError.check(&of(vec![run])).remove(0).fix.snippet;
        assert_eq!(snippet.as_deref(), Some("cache-to: type=gha,scope=web,ignore-error=true"));
    }

    #[test]
    fn a_page_for_people_may_be_more_than_an_outage() {
        let page = "failed to parse error response 400: <h2>Our services aren't available right \
            now</h2>: invalid character '<' looking for beginning of value";
        let run = made().export(CacheKind::Gha, Some(page));
        let found = GhaServiceError.check(&of(vec![run])).remove(0);
        assert_eq!(found.confidence, Confidence::Likely);
        assert!(found.fix.summary.ends_with("a newer Buildx and BuildKit"), "{:?}", found.fix);
    }

    #[test]
    fn a_server_of_the_runner_is_not_github() {
        let down = |text: &str| {
            let run = made().import("gha:153", Some(text));
            GhaServiceError.check(&of(vec![run])).remove(0).title
        };
        let act = "Get \"http://172.18.0.4:40351/_apis/artifactcache/cache?keys=index-buildkit\": \
            dial tcp 172.18.0.4:40351: connect: connection refused";
        assert!(down(act).starts_with("the runner's"));
        let github = "Get \"https://results-receiver.actions.githubusercontent.com/x\": EOF";
        assert!(down(github).starts_with("GitHub's"));
    }

    #[test]
    fn leaves_a_canceled_export() {
        assert!(
            GhaServiceError
                .check(&of(vec![
                    made()
                        .export(CacheKind::Gha, Some("error writing layer blob: context canceled"))
                ]))
                .is_empty()
        );
    }
}
