#!/bin/sh
# Tool: `@docker/actions-toolkit` 0.62.1 from npm, which reads the inputs of docker/build-push-action, bake-action,
# metadata-action and setup-buildx-action.
#
# Behaviour: lists are read as CSV, a line a record. Quotation marks keep a comma inside an item only where the line
# holds another item too: a quoted item alone on its line, as lists in workflows are mostly written, loses its quotes
# first and is then split at its comma.
#
# One would expect: `"a,b"` is one item wherever it stands, as in CSV.
#
# Seen:  "a,b"  ->  a | b        (in a line of its own)
#        x,"a,b"  ->  x | a,b    (beside another one)
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @docker/actions-toolkit@0.62.1

node - <<'JS'
const { Util } = require('./node_modules/@docker/actions-toolkit/lib/util')
const read = text => {
  process.env.INPUT_LIST = text
  return JSON.stringify(Util.getInputList('list'))
}
const seen = [
  ['"a,b"', ['a', 'b']],
  ['"a,b"\nc', ['a', 'b', 'c']],
  ['x,"a,b"', ['x', 'a,b']],
  ['"a,b",x', ['a,b', 'x']],
]
for (const [text, items] of seen) {
  console.log(JSON.stringify(text), '->', read(text))
  if (read(text) !== JSON.stringify(items)) process.exit(1)
}
JS
