#!/bin/bash
# Tools: skopeo 1.9.3 (1.9.3+ds1-1+b10) and docker-registry 2.8.2 (2.8.2+ds1-1) of Debian 12.
#
# Behaviour: BuildKit before 0.21 describes a registry cache by an index whose entries are not manifests but the layers
# and the cache's configuration (with `image-manifest=true`, since 0.21 the default, by an image manifest). A registry
# takes such an index, and BuildKit reads it. skopeo copies no such cache, with `--all` neither: it asks for each layer
# as a manifest, which the registry answers with 500 in place of 404, so that it looks like a broken registry. Mirrors,
# replications and `skopeo sync` that carry images over leave these caches behind; `inspect --config` ends the same way.
#
# One would expect: what a registry takes under a tag can be copied to another, and a blob that is no manifest is a 404.
#
# Seen:                     index   image manifest
#   pushed                  201     201
#   a layer as a manifest   500     -
#   skopeo copy --all       fails   works
#   skopeo inspect --config fails   works
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'kill "${registry:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
chmod 755 .
apt-get download -qq skopeo=1.9.3+ds1-1+b10 docker-registry=2.8.2+ds1-1 libgpgme11 libassuan0 libdevmapper1.02.1 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(find "$work/root" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
export LD_LIBRARY_PATH
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >registry.yml <<YML
version: 0.1
storage: {filesystem: {rootdirectory: $work/data}}
http: {addr: 127.0.0.1:$port}
YML
root/usr/bin/docker-registry serve registry.yml >registry.log 2>&1 &
registry=$!
for _ in $(seq 50); do curl -sf "http://127.0.0.1:$port/v2/" >/dev/null && break || sleep 0.2; done

cache=http://127.0.0.1:$port/v2/cache
digest() { echo "sha256:$(sha256sum "$1" | cut -d' ' -f1)"; }
entry() { printf '{"mediaType":"%s","digest":"%s","size":%s}' "$2" "$(digest "$1")" "$(wc -c <"$1")"; }
blob() {
  place=$(curl -s -D - -o /dev/null -X POST "$cache/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
  curl -sf -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$1" "$place&digest=$(digest "$1")"
}
manifest() { # FILE MEDIA-TYPE TAG
  curl -s -o /dev/null -w '%{http_code}' -X PUT -H "Content-Type: $2" --data-binary "@$1" "$cache/manifests/$3"
}
skopeo() { root/usr/bin/skopeo --insecure-policy "$@" >>skopeo.log 2>&1 && echo works || echo fails; }

index=application/vnd.oci.image.index.v1+json
image=application/vnd.oci.image.manifest.v1+json
echo one >file
tar -czf layer file
record='{"digest":"sha256:b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c","layers":[{"layer":0}]}'
printf '{"layers":[{"blob":"%s","parent":-1}],"records":[%s]}' "$(digest layer)" "$record" >config
blob layer
blob config
layer=$(entry layer application/vnd.oci.image.layer.v1.tar+gzip)
config=$(entry config application/vnd.buildkit.cacheconfig.v0)
printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s,%s]}' $index "$layer" "$config" >as-index
printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' $image "$config" "$layer" >as-image

pushed="$(manifest as-index $index old) $(manifest as-image $image new)"
asked=$(curl -s -o /dev/null -w '%{http_code}' -H "Accept: $index, $image" "$cache/manifests/$(digest layer)")
reference=docker://127.0.0.1:$port/cache
copied=() read=()
for tag in old new; do
  copied+=("$(skopeo copy --all --src-tls-verify=false "$reference:$tag" "oci:copy-$tag:cache")")
  read+=("$(skopeo inspect --config --raw --tls-verify=false "$reference:$tag")")
done
echo "pushed: $pushed; a layer as a manifest: $asked; copy: ${copied[*]}; inspect: ${read[*]}"
[ "$pushed $asked ${copied[*]} ${read[*]}" = "201 201 500 fails works fails works" ]
