#!/bin/sh
# Tool: `gitlab-ci-local` 4.61.0 from npm, which runs the jobs of a .gitlab-ci.yml on one's own machine.
#
# Behaviour: it sets the predefined variables of GitLab, CI_JOB_NAME and all, and CI=true, but GITLAB_CI is there with
# the word `false`. A script that asks whether the variable is there (`[ -n "$GITLAB_CI" ]`, `${GITLAB_CI:+…}`) takes
# the job for one of GitLab; one that compares with `true`, which is what GitLab's documentation says it holds, takes
# it for a job of a CI that it does not know. So two tools in one job tell its CI differently, and a job that was
# rehearsed takes another way in GitLab.
#
# One would expect: `true`, as in the jobs that are rehearsed; or no such variable.
#
# Seen: CI=true GITLAB_CI=false CI_JOB_NAME=build.
#
# Needs git, bash and rsync. Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund gitlab-ci-local@4.61.0
mkdir project && cd project
git init -q && git remote add origin git@gitlab.com:team/app.git
cat > .gitlab-ci.yml <<'YML'
build:
  script:
    - echo "CI=$CI GITLAB_CI=$GITLAB_CI CI_JOB_NAME=$CI_JOB_NAME" > seen.txt
YML
git add . && git -c user.name=a -c user.email=a@example.com commit -qm a
# Tools ask this of the environment of the job, not of the one around it.
unset CI GITLAB_CI
../node_modules/.bin/gitlab-ci-local --force-shell-executor --shell-isolation=false build
cat seen.txt
grep -qx 'CI=true GITLAB_CI=false CI_JOB_NAME=build' seen.txt
