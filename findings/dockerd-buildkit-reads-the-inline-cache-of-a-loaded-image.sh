#!/bin/bash
# Tools: Docker Engine 20.10.24 (docker.io 20.10.24+dfsg1-1+deb12u1+b6) and containerd 1.6.20 of Debian 12, with
# BuildKit; needs root.
#
# Behaviour: an image with an inline cache that comes from a file (`docker save`, `docker load`) is a cache for BuildKit
# in dockerd. `--cache-from` of its name asks no registry: every step comes from the image, on a builder without any
# cache of its own. The log says `importing cache manifest from app:1`, as it does of a registry.
#
# One would expect, since BuildKit takes no notice of the images on the machine and the manual speaks of registries
# only, that the import fails, or that saved images serve the classic builder alone.
#
# Seen, of two RUN, on a builder that was emptied, with the image loaded from its file and no registry to be reached:
#   without --cache-from      ran,ran
#   --cache-from app:1        cached,cached
#   the same, of an image that was built without BUILDKIT_INLINE_CACHE=1: ran,ran, and no error
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
FROM base:1
RUN echo install >/installed
RUN echo compile >/compiled
END
build() { # what became of both RUN
  docker build --network none --progress plain "$@" context >build.log 2>&1
  for step in install compile; do
    number=$(grep -m1 -oE "^#[0-9]+ \[.*RUN echo $step" build.log | cut -d' ' -f1)
    grep -q "^$number CACHED" build.log && echo cached || echo ran
  done | paste -sd, -
}
loaded() { # the same, of an emptied builder that has the images of a file
  docker image ls -q | sort -u | xargs -r docker image rm -f >/dev/null
  docker builder prune --all --force >/dev/null
  docker load -qi "$1" >/dev/null
  shift
  build -t new "$@"
}
build -t app:1 --build-arg BUILDKIT_INLINE_CACHE=1 >/dev/null
docker save app:1 base:1 -o inline.tar
build -t app:2 >/dev/null
docker save app:2 base:1 -o plain.tar
without=$(loaded inline.tar)
inline=$(loaded inline.tar --cache-from app:1)
plain=$(loaded plain.tar --cache-from app:2)
printf '%s\n' "without --cache-from: $without" "--cache-from app:1: $inline" "without an inline cache: $plain"
[ "$without,$inline,$plain" = "ran,ran,cached,cached,ran,ran" ]
