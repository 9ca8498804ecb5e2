#!/bin/sh
# Diagnoses the builds of a CI job: finds the log, judges it beside the earlier runs of the job, and shows the
# result where the CI shows such things. Installed as `cachediag-judge`; every wrapper of this folder runs it and
# does nothing but fill in these variables, or name what they begin with instead (`--from PLUGIN_`: PLUGIN_LOGS, or
# PLUGIN_LOGS_0, PLUGIN_LOGS_1, …):
#
#   CACHEDIAG_LOGS      logs, archives, folders or patterns, one a line
#                       [build.log; else the newest record of `docker buildx history`]
#   CACHEDIAG_JOB       name of the job, CACHEDIAG_LEG leg of its matrix, where the CI has no variable for them
#   CACHEDIAG_ANNOTATE  false: show the result in this log only [true]
#   CACHEDIAG_REPORTS   folder for the reports [cachediag-reports]
#   CACHEDIAG_VERSION   version to install where `cachediag` is not there [the newest]
#   CACHEDIAG_CONFIG, CACHEDIAG_FAIL_ON, CACHEDIAG_MIN_HIT_RATE, CACHEDIAG_MUST_HIT, CACHEDIAG_MAX_DROP,
#   CACHEDIAG_BASELINE, CACHEDIAG_BASELINE_BRANCH, CACHEDIAG_IGNORE, CACHEDIAG_HISTORY
#                       read by the program: as the options --config, --fail-on, …
#
# Exit status: that of cachediag. Where no log is found: 2 if something can fail this job, else 0.
set -eu

newline='
'

say() { echo "cachediag: $*" >&2; }

inputs='LOGS JOB LEG ANNOTATE REPORTS VERSION CONFIG FAIL_ON MIN_HIT_RATE MUST_HIT MAX_DROP BASELINE BASELINE_BRANCH IGNORE HISTORY'

# Values of variables that begin so, lists as one value.
take_inputs() {
    for name in $inputs; do
        between=$newline
        [ "$name" != IGNORE ] || between=,
        eval "value=\${$1$name:-}"
        n=0
        while eval "item=\${$1${name}_$n:-}" && [ -n "$item" ]; do
            value=$value${value:+$between}$item
            n=$((n + 1))
        done
        [ -z "$value" ] || export "CACHEDIAG_$name=$value"
    done
}

# An input that was not given arrives as nothing, which is no value of an option.
drop_empty() {
    for name in $inputs; do
        eval "[ -n \"\${CACHEDIAG_$name:-}\" ] || unset CACHEDIAG_$name"
    done
}

# The wheel holds the binary itself: Python is needed to fetch it only.
install_missing() {
    if command -v cachediag >/dev/null 2>&1; then return; fi
    tools=${TMPDIR:-/tmp}/cachediag-${CACHEDIAG_VERSION:-newest}
    PATH=$tools/bin:$PATH
    if command -v cachediag >/dev/null 2>&1; then return; fi
    if ! command -v python3 >/dev/null 2>&1; then
        say "is not installed, and there is no python3 to install it with"
        exit 2
    fi
    python3 -m pip install --quiet --disable-pip-version-check --target "$tools" \
        "cachediag${CACHEDIAG_VERSION:+==$CACHEDIAG_VERSION}" >&2
}

# Where nobody names a log: what `tee` wrote, else what the builder remembers.
find_logs() {
    if [ -n "${CACHEDIAG_LOGS:-}" ]; then return; fi
    if [ -f build.log ]; then
        CACHEDIAG_LOGS=build.log
        return
    fi
    record=$reports/newest-build.jsonl
    if command -v docker >/dev/null 2>&1 && docker buildx history logs --progress rawjson >"$record" 2>&1; then
        CACHEDIAG_LOGS=$record
    fi
}

can_fail() { [ "${CACHEDIAG_FAIL_ON:-never}" != never ] || [ -n "${CACHEDIAG_MIN_HIT_RATE:-}${CACHEDIAG_MUST_HIT:-}${CACHEDIAG_MAX_DROP:-}" ]; }

# The file in which the CI collects results.
report_of_ci() {
    if [ "${GITHUB_ACTIONS:-}" = true ]; then echo sarif=cachediag.sarif
    elif [ "${GITLAB_CI:-}" = true ]; then echo gitlab=gl-code-quality.json
    elif [ "${BUILDKITE:-}" = true ]; then echo buildkite=annotation.md
    elif [ -n "${BITBUCKET_BUILD_NUMBER:-}" ]; then echo bitbucket=insights.json
    else echo junit=junit.xml
    fi
}

# The last line of the findings: {"end":"report","verdict":"healthy",…}.
verdict() { sed -n 's/^{"end":"report","verdict":"\([a-z-]*\)".*/\1/p' "$reports/findings.ndjson"; }

# Quotes within texts are escaped there, so only a finding's own field looks like this.
of_severity() { grep -c "\"severity\":\"$1\"" "$reports/findings.ndjson" || true; }

worst() {
    if [ "$(of_severity error)" -gt 0 ]; then echo error
    elif [ "$(of_severity warning)" -gt 0 ]; then echo warning
    fi
}

# Outputs of the step; the annotations themselves are what `--format auto` prints.
show_github() {
    [ -n "${GITHUB_OUTPUT:-}" ] || return 0
    {
        echo "verdict=$(verdict)"
        echo "errors=$(of_severity error)"
        echo "warnings=$(of_severity warning)"
        echo "reports=$reports"
    } >>"$GITHUB_OUTPUT"
}

# One comment that is updated: its first line is <!-- cachediag -->.
comment_github() {
    [ "${CACHEDIAG_COMMENT:-false}" = true ] || return 0
    request=$(printf '%s' "${GITHUB_REF:-}" | sed -n 's|^refs/pull/\([0-9]*\)/.*|\1|p')
    [ -n "$request" ] || return 0
    comments=repos/$GITHUB_REPOSITORY/issues
    known=$(gh api --paginate "$comments/$request/comments" \
        --jq '.[] | select(.body | startswith("<!-- cachediag -->")) | .id' | head -n 1) || return 0
    if [ -n "$known" ]; then
        gh api --method PATCH "$comments/comments/$known" --field "body=@$reports/comment.md" >/dev/null
    elif [ -n "$(worst)" ]; then
        gh api --method POST "$comments/$request/comments" --field "body=@$reports/comment.md" >/dev/null
    fi
}

show_buildkite() {
    style=$(worst)
    [ -n "$style" ] || return 0
    buildkite-agent annotate --style "$style" --context "cachediag-${BUILDKITE_STEP_ID:-step}" <"$reports/annotation.md"
}

# The proxy signs requests of the pipeline itself; from a pipe's container it is another host.
show_bitbucket() {
    if ! command -v jq >/dev/null 2>&1 || ! command -v curl >/dev/null 2>&1; then
        say "the report was not sent: this image has no jq or no curl"
        return 0
    fi
    url=http://api.bitbucket.org/2.0/repositories/$BITBUCKET_REPO_FULL_NAME/commit/$BITBUCKET_COMMIT/reports/cachediag
    jq .report "$reports/insights.json" | send_bitbucket --request PUT "$url"
    jq --compact-output '.annotations[]' "$reports/insights.json" | while read -r list; do
        printf '%s\n' "$list" | send_bitbucket "$url/annotations"
    done
}

send_bitbucket() {
    curl --fail --silent --show-error --output /dev/null --proxy "${CACHEDIAG_BITBUCKET_PROXY:-http://localhost:29418}" \
        --header 'Content-Type: application/json' --data @- "$@"
}

# What cannot be shown is said, and changes no exit status.
show() {
    [ "${CACHEDIAG_ANNOTATE:-true}" = true ] || return 0
    if [ "${GITHUB_ACTIONS:-}" = true ]; then show_github && comment_github
    elif [ "${BUILDKITE:-}" = true ]; then show_buildkite
    elif [ -n "${BITBUCKET_BUILD_NUMBER:-}" ]; then show_bitbucket
    fi || say "the result could not be shown"
}

if [ "${1:-}" = --from ]; then take_inputs "$2"; fi
drop_empty
install_missing
reports=${CACHEDIAG_REPORTS:-cachediag-reports}
mkdir -p "$reports"
find_logs
if [ -z "${CACHEDIAG_LOGS:-}" ]; then
    say "no log found: keep the build's output (docker build … 2>&1 | tee build.log), or name it"
    if can_fail; then exit 2; fi
    exit 0
fi

# One pattern a line; names may hold blanks.
IFS=$newline
# shellcheck disable=SC2086
set -- $CACHEDIAG_LOGS
unset IFS
if [ -n "${CACHEDIAG_JOB:-}" ]; then set -- --job "$CACHEDIAG_JOB" "$@"; fi
if [ -n "${CACHEDIAG_LEG:-}" ]; then set -- --leg "$CACHEDIAG_LEG" "$@"; fi
if [ -n "${CACHEDIAG_HISTORY:-}" ]; then mkdir -p "$(dirname "$CACHEDIAG_HISTORY")"; fi
format=auto
[ "${CACHEDIAG_ANNOTATE:-true}" = true ] || format=human
ci=$(report_of_ci)

status=0
cachediag --format "$format" \
    --output "ndjson=$reports/findings.ndjson" \
    --output "html=$reports/report.html" \
    --output "markdown=$reports/comment.md" \
    --output "${ci%%=*}=$reports/${ci#*=}" \
    "$@" || status=$?
if [ -s "$reports/findings.ndjson" ]; then show; fi
exit "$status"
