#!/bin/bash
# Tools: Docker Engine 20.10.24 (docker.io 20.10.24+dfsg1-1+deb12u1+b6) and containerd 1.6.20 of Debian 12, with
# BuildKit; needs root.
#
# Behaviour: `docker builder prune --force`, without `--all`, deletes every step of a build stage that the last build
# used a second ago. What it leaves are the steps whose layers an image still has: those of the final stage. The next
# build comes from the cache in its final stage and runs the whole build stage again.
#
# One would expect, from "Remove all unused build cache, not just dangling ones" of `--all`: without it the cache of a
# build whose image is tagged and in use stays, and the next build of the same files runs nothing.
#
# Seen, of a stage with one RUN and a final stage with one RUN, after a change of a file that both stages take last:
#   without a prune                  build stage cached, final stage cached
#   docker builder prune --force     build stage ran,    final stage cached
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'kill "${daemon:-}" 2>/dev/null && wait "$daemon" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
chmod 755 .
apt-get download -qq docker.io=20.10.24+dfsg1-1+deb12u1+b6 containerd=1.6.20~ds1-1+deb12u3 \
  runc=1.1.5+ds1-1+deb12u1 busybox-static=1:1.35.0-4+deb12u1+b1 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export PATH="$work/root/usr/bin:$work/root/usr/sbin:$PATH" DOCKER_HOST="unix://$work/docker.sock" DOCKER_BUILDKIT=1
dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" --host "$DOCKER_HOST" \
  --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs >daemon.log 2>&1 &
daemon=$!
for _ in $(seq 150); do docker version >/dev/null 2>&1 && break || sleep 0.2; done

mkdir -p base/bin context
cp root/bin/busybox base/bin/sh
tar -C base -c . | docker import - base:1 >/dev/null
cat >context/Dockerfile <<'END'
FROM base:1 AS build
RUN echo compile >/compiled
COPY version /version
FROM base:1
RUN echo install >/installed
COPY --from=build /version /version
END
build() { # what became of both RUN, after a change of the file
  date +%N >context/version
  docker build --network none --progress plain -t app context >build.log 2>&1
  for step in compile install; do
    number=$(grep -m1 -oE "^#[0-9]+ \[.*RUN echo $step" build.log | cut -d' ' -f1)
    grep -q "^$number CACHED" build.log && echo "$step cached" || echo "$step ran"
  done | paste -sd, -
}
build >/dev/null
kept=$(build)
docker builder prune --force >/dev/null
pruned=$(build)
printf '%s\n' "without a prune: $kept" "docker builder prune --force: $pruned"
[ "$kept" = "compile cached,install cached" ] && [ "$pruned" = "compile ran,install cached" ]
