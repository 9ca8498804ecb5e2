#!/bin/bash
# Tool: docker-registry 2.8.2 of Debian 12 (2.8.2+ds1-1), the registry `distribution`.
#
# Behaviour: `garbage-collect --delete-untagged` takes the manifests of an index for untagged ones: a tag that names
# an image of several platforms, or a BuildKit cache that is described by an index, is still there afterwards and
# answers 200, and what it lists is gone. Who pulls it (`FROM`, `--cache-from`) gets `not found` for a digest that no
# one deleted.
#
# One would expect: what a tag leads to is not untagged.
#
# Seen:            before   after
#   tag (index)    200      200
#   linux/amd64    200      404
#   linux/arm64    200      404
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'kill "${registry:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
chmod 755 .
apt-get download -qq docker-registry=2.8.2+ds1-1 2>/dev/null
dpkg -x docker-registry_*.deb root
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >registry.yml <<YML
version: 0.1
storage: {filesystem: {rootdirectory: $work/data}, delete: {enabled: true}}
http: {addr: 127.0.0.1:$port}
YML
serve() {
  root/usr/bin/docker-registry serve registry.yml >>registry.log 2>&1 &
  registry=$!
  for _ in $(seq 50); do curl -sf "http://127.0.0.1:$port/v2/" >/dev/null && break || sleep 0.2; done
}
image=http://127.0.0.1:$port/v2/app
digest() { echo "sha256:$(sha256sum "$1" | cut -d' ' -f1)"; }
manifest=application/vnd.oci.image.manifest.v1+json
index=application/vnd.oci.image.index.v1+json
status() { curl -s -o /dev/null -w '%{http_code}' -H "Accept: $manifest, $index" "$image/manifests/$1"; }

serve
entries=()
for platform in amd64 arm64; do
  printf '{"architecture":"%s","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}' $platform >config.$platform
  place=$(curl -s -D - -o /dev/null -X POST "$image/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
  curl -sf -X PUT -H 'Content-Type: application/octet-stream' --data-binary @config.$platform \
    "$place&digest=$(digest config.$platform)" >/dev/null
  printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","digest":"%s","size":%s},"layers":[]}' \
    $manifest application/vnd.oci.image.config.v1+json "$(digest config.$platform)" \
    "$(wc -c <config.$platform)" >$platform
  curl -sf -X PUT -H "Content-Type: $manifest" --data-binary @$platform "$image/manifests/$(digest $platform)"
  entries+=("{\"mediaType\":\"$manifest\",\"digest\":\"$(digest $platform)\",\"size\":$(wc -c <$platform),\"platform\":{\"architecture\":\"$platform\",\"os\":\"linux\"}}")
done
printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s,%s]}' $index "${entries[@]}" >index
curl -sf -X PUT -H "Content-Type: $index" --data-binary @index "$image/manifests/latest"
before="$(status latest) $(status "$(digest amd64)") $(status "$(digest arm64)")"

kill $registry
wait $registry || true
root/usr/bin/docker-registry garbage-collect --delete-untagged registry.yml >gc.log 2>&1
serve
after="$(status latest) $(status "$(digest amd64)") $(status "$(digest arm64)")"
echo "before: $before; after: $after"
[ "$before" = "200 200 200" ] && [ "$after" = "200 404 404" ]
