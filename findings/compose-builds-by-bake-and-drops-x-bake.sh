#!/usr/bin/env bash
# Tools: Docker Compose 2.40.3 (docker-compose 2.40.3-3) and buildx 0.29.1 (docker-buildx 0.29.1+ds1-4) of Debian sid.
# No engine is run: both print what they would build.
#
# Behaviour: `docker compose build` hands its services to bake (the log begins with `load local bake definitions`), and
# drops `x-bake` of a service's `build:` without a word: its caches, platforms and tags. `docker buildx bake` of the same
# file honours it. So a service whose cache is written there has one in jobs that call bake, and none in jobs that call
# `docker compose build`, which print the same steps.
#
# One would expect: the extension that bake defines for Compose files is honoured where Compose builds by bake, as it is
# since 2.37, or is warned of.
#
# Seen, of `cache-to` of the service:
#   docker compose build  absent
#   docker buildx bake    type=registry,ref=registry.example.com/web:cache
# Needs Debian's archive, on amd64.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
debian=http://deb.debian.org/debian
curl -sSf $debian/dists/sid/main/binary-amd64/Packages.xz | xz -d >packages
mkdir -p root/usr/{bin,lib,lib64}
for folder in bin lib lib64; do ln -s "usr/$folder" "root/$folder"; done
for package in docker-compose docker-buildx libc6; do
  file=$(awk -v name="$package" '/^Package:/ { here = $2 == name } here && /^Filename:/ { print $2; exit }' packages)
  curl -sSf -o package.deb "$debian/$file"
  dpkg-deb --fsys-tarfile package.deb | tar -C root -x --keep-directory-symlink
done
plugins=root/usr/libexec/docker/cli-plugins
run() { # PLUGIN …: without an engine and without the settings of this machine
  DOCKER_CONFIG="$work/config" DOCKER_HOST="unix://$work/none.sock" \
    root/usr/lib64/ld-linux-x86-64.so.2 --library-path root/usr/lib/x86_64-linux-gnu "$plugins/docker-$1" "${@:2}" 2>/dev/null
}
mkdir -p config project
cat >project/compose.yaml <<'COMPOSE'
services:
  web:
    image: registry.example.com/web
    build:
      context: .
      x-bake:
        cache-to: ["type=registry,ref=registry.example.com/web:cache"]
COMPOSE
echo 'FROM scratch' >project/Dockerfile

cache_to() { # of the service, in what is printed
  python3 -c '
import json, sys
caches = json.load(sys.stdin)["target"]["web"].get("cache-to", [])
words = lambda cache: cache if isinstance(cache, str) else "type=%s,ref=%s" % (cache["type"], cache["ref"])
print(",".join(map(words, caches)) or "absent")'
}
by_compose=$(run compose --file project/compose.yaml build --print | cache_to)
by_bake=$(run buildx bake --file project/compose.yaml --print | cache_to)
printf '%s\n' "docker compose build: $by_compose" "docker buildx bake:   $by_bake"
[ "$by_compose" = absent ] && [ "$by_bake" = type=registry,ref=registry.example.com/web:cache ]
