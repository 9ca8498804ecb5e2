#!/bin/sh
# Tool: `@actions/glob` 0.5.0 from npm, which is what `hashFiles()` of GitHub Actions does.
#
# Behaviour: the hash is made of the contents of the files alone, in the order of their paths. A file that moves, or
# is made executable, leaves the key of actions/cache as it is, although each of these changes the key of a COPY in
# BuildKit: the cache is then found under its exact key, so the job does not save it again, and the step is rebuilt in
# every run from there on. A rename that only changes the order gives another key, although no content changed.
#
# One would expect: a hash of files is one of their paths, and perhaps of their modes, as that of `git` or of BuildKit
# is; and if names do not count, then neither does their order.
#
# Seen: the same hash for a file that moved to another folder and for one with another mode; another hash where a folder
# is renamed so that it comes first.
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @actions/glob@0.5.0
mkdir -p app/api app/web
echo '{"api": 1}' >app/api/package.json
echo '{"web": 1}' >app/web/package.json

cat >hash.js <<'JS'
const { hashFiles } = require('@actions/glob')
const app = process.cwd() + '/app'
hashFiles(app + '/**/package.json', app).then((hash) => console.log(hash.slice(0, 12)))
JS
first=$(node hash.js | tail -n 1)
chmod +x app/api/package.json
mode=$(node hash.js | tail -n 1)
mkdir app/api/deeper && mv app/api/package.json app/api/deeper/
moved=$(node hash.js | tail -n 1)
mv app/web app/a-web
order=$(node hash.js | tail -n 1)
printf '%s as it was\n%s other mode\n%s in another folder\n%s other order\n' "$first" "$mode" "$moved" "$order"
[ "$first" = "$mode" ] && [ "$first" = "$moved" ] && [ "$first" != "$order" ]
