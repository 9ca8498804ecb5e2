#!/bin/bash
# Tools: the classic builder (DOCKER_BUILDKIT=0) of Docker Engine 20.10.24 (docker.io 20.10.24+dfsg1-1+deb12u1+b6) and
# containerd 1.6.20 of Debian 12; needs root.
#
# Behaviour: of several `--cache-from` images the one that answers the first step stays the only one. A later step that
# it lacks runs, although the next image of the list holds exactly that step on exactly that layer. The order decides.
#
# One would expect each step to be looked up in all images, as BuildKit does and as the usual pair of tags (the branch's,
# then main's) is meant: what one lacks comes from the other.
#
# Seen, of `RUN echo one` and `RUN echo two`, where the pulled image `branch` holds the first step alone and `main` holds both:
#   docker build --cache-from branch --cache-from main .    1 of 2 steps cached
#   docker build --cache-from main --cache-from branch .    2 of 2 steps cached
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
export PATH="$work/root/usr/bin:$work/root/usr/sbin:$PATH" DOCKER_HOST="unix://$work/docker.sock" DOCKER_BUILDKIT=0
dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" --host "$DOCKER_HOST" \
  --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs >daemon.log 2>&1 &
daemon=$!
for _ in $(seq 150); do docker version >/dev/null 2>&1 && break || sleep 0.2; done

mkdir -p base/bin context
cp root/bin/busybox base/bin/sh
tar -C base -c . | docker import - base:1 >/dev/null
build() { # how many steps came from the cache: the last lines of the Dockerfile, then options
  printf 'FROM base:1\nRUN echo one >/one\n%s\n' "$1" >context/Dockerfile
  docker build --network none "${@:2}" context >build.log 2>&1
  echo "$(grep -c ' ---> Using cache' build.log || true) of 2 steps cached"
}
both='RUN echo two >/two'
build "$both" -t main >/dev/null
build 'RUN echo other >/other' -t branch >/dev/null
# As after a pull: the images alone, without the layers' images that the builder keeps.
docker save -o images.tar base:1 main branch
docker image rm --force main branch base:1 >/dev/null
docker load -q -i images.tar >/dev/null
branch_first=$(build "$both" -t app --cache-from branch --cache-from main)
main_first=$(build "$both" -t app --cache-from main --cache-from branch)
printf '%s\n' "--cache-from branch --cache-from main: $branch_first" "--cache-from main --cache-from branch: $main_first"
[ "$branch_first" = "1 of 2 steps cached" ] && [ "$main_first" = "2 of 2 steps cached" ]
