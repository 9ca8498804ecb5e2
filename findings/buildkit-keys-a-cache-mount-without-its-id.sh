#!/bin/bash
# Tools: Docker Engine 26.1.5 (docker.io 26.1.5+dfsg1-9+deb13u1+b1) and containerd 1.7.24 of Debian 13, with BuildKit
# 0.13; the client of Docker 20.10.24 and runc 1.1.5 of Debian 12; needs root. Docker Engine 28.5.2 with BuildKit 0.25
# does the same; 20.10.24 does not: there each id is a key of its own.
#
# Behaviour: of `RUN --mount=type=cache,id=NAME` the name is no part of the cache key. Another id, and another
# `sharing=`, leave the step CACHED. A mount without an id has a key of its own, so that the first id of a mount runs
# the step, whatever it is.
#
# One would expect that another id runs the step: it is another cache, and a new id is what is advised where the old
# cache holds something broken. The step then comes from the cache, and the new cache stays empty until something above
# it changes.
#
# Seen, one after the other on one builder:
#   --mount=type=cache,target=/c                        ran
#   --mount=type=cache,target=/c                        cached
#   --mount=type=cache,target=/c,id=a                   ran
#   --mount=type=cache,target=/c,id=b                   cached
#   --mount=type=cache,target=/c,id=c,sharing=locked    cached
#   --mount=type=cache,target=/c,id=c,uid=5             ran
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'kill "${daemon:-}" 2>/dev/null && wait "$daemon" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
chmod 755 .
apt-get download -qq docker.io=20.10.24+dfsg1-1+deb12u1+b6 runc=1.1.5+ds1-1+deb12u1 \
  busybox-static=1:1.35.0-4+deb12u1+b1 2>/dev/null
for package in *.deb; do dpkg -x "$package" client; done
pool=http://deb.debian.org/debian/pool/main
curl -sSfO "$pool/d/docker.io/docker.io_26.1.5+dfsg1-9+deb13u1+b1_amd64.deb"
curl -sSfO "$pool/c/containerd/containerd_1.7.24~ds1-6+deb13u1_amd64.deb"
for package in docker.io_26* containerd_1.7*; do dpkg -x "$package" root; done
export PATH="$work/root/usr/bin:$work/root/usr/sbin:$work/client/usr/bin:$work/client/usr/sbin:$PATH"
export DOCKER_HOST="unix://$work/docker.sock" DOCKER_BUILDKIT=1
dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" --host "$DOCKER_HOST" \
  --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs >daemon.log 2>&1 &
daemon=$!
for _ in $(seq 150); do "$work/client/usr/bin/docker" version >/dev/null 2>&1 && break || sleep 0.2; done

mkdir -p base/bin context
cp client/bin/busybox base/bin/sh
tar -C base -c . | "$work/client/usr/bin/docker" import - base:1 >/dev/null
build() { # what became of the step with these options of its mount
  printf 'FROM base:1\nRUN --mount=type=cache,target=/c%s echo install >/installed\n' "$1" >context/Dockerfile
  "$work/client/usr/bin/docker" build --network none --progress plain -t app context >build.log 2>&1
  number=$(grep -m1 -oE "^#[0-9]+ \[.* RUN" build.log | cut -d' ' -f1)
  grep -q "^$number CACHED" build.log && echo cached || echo ran
}
seen=
for options in "" "" ",id=a" ",id=b" ",id=c,sharing=locked" ",id=c,uid=5"; do
  became=$(build "$options")
  printf '%-8s target=/c%s\n' "$became" "$options"
  seen="$seen $became"
done
[ "$seen" = " ran cached ran cached cached ran" ]
