#!/bin/sh
# Tool: `@actions/cache` 4.0.3 from npm, the library of actions/cache and of the setup actions.
#
# Behaviour: a cache is looked up by its key AND a "version", a hash of the list of paths as it is written (with the
# way of compression and the platform). The order of the paths, a trailing slash and a leading `./` count, so two jobs
# with the same key and the same folders do not find each other's cache: the log says `Cache not found for input
# keys: …`, although the list of caches shows that very key. On a machine without zstd the version is another one, too.
#
# One would expect: the key names the cache; the list is a set of folders.
#
# Seen: six spellings of one request, six versions.
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @actions/cache@4.0.3

node - <<'JS'
const { getCacheVersion } = require('./node_modules/@actions/cache/lib/internal/cacheUtils')
const asked = {
  'as saved': [['/tmp/.buildx-cache', 'node_modules'], 'zstd'],
  'other order': [['node_modules', '/tmp/.buildx-cache'], 'zstd'],
  'trailing slash': [['/tmp/.buildx-cache/', 'node_modules'], 'zstd'],
  'leading ./': [['/tmp/.buildx-cache', './node_modules'], 'zstd'],
  'named twice': [['/tmp/.buildx-cache', 'node_modules', 'node_modules'], 'zstd'],
  'no zstd here': [['/tmp/.buildx-cache', 'node_modules'], 'gzip'],
}
const versions = Object.entries(asked).map(([how, [paths, compression]]) => {
  const version = getCacheVersion(paths, compression)
  console.log(version.slice(0, 12), how)
  return version
})
const again = getCacheVersion(...asked['as saved'])
process.exit(new Set(versions).size === versions.length && again === versions[0] ? 0 : 1)
JS
