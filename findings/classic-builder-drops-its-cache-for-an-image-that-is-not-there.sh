#!/bin/bash
# Tools: the classic builder (DOCKER_BUILDKIT=0) of Docker Engine 20.10.24 (docker.io 20.10.24+dfsg1-1+deb12u1+b6) and
# containerd 1.6.20 of Debian 12; needs root.
#
# Behaviour: `docker build --cache-from IMAGE`, where no such image is on the machine, runs every step, each time, and
# says nothing of the image. The same build without the option takes every step from the machine's own cache, which the
# build before has just filled.
#
# One would expect an image that is not there to add nothing: the option is described as "Images to consider as cache
# sources", and a job that begins with `docker pull IMAGE || true` counts on that for its first run.
#
# Seen, of two builds of the same files, the second one without and with the option:
#   docker build .                                      2 of 2 steps cached
#   docker build --cache-from r.example.com/app:ci .    0 of 2 steps cached, exit status 0, no warning
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
printf 'FROM base:1\nRUN echo install >/installed\nCOPY file /file\n' >context/Dockerfile
echo a >context/file
build() { # how many steps came from the cache
  docker build --network none "$@" -t app context >build.log 2>&1
  echo "$(grep -c ' ---> Using cache' build.log || true) of 2 steps cached"
}
build >/dev/null
own=$(build)
named=$(build --cache-from r.example.com/app:ci)
again=$(build --cache-from r.example.com/app:ci)
printf '%s\n' "docker build .: $own" "docker build --cache-from r.example.com/app:ci .: $named, again: $again"
grep -i "r.example.com/app:ci\|warning\|not found" build.log | grep -v DEPRECATED || echo "nothing is said of the image"
[ "$own" = "2 of 2 steps cached" ] && [ "$named" = "0 of 2 steps cached" ] && [ "$again" = "$named" ]
