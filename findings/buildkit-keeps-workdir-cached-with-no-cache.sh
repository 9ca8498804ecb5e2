#!/bin/bash
# Tools: Docker Engine 20.10.24 (docker.io 20.10.24+dfsg1-1+deb12u1+b6) and containerd 1.6.20 of Debian 12, with
# BuildKit; needs root. Docker Engine 28.5.2 with buildx 0.29.1 does the same.
#
# Behaviour: `docker build --no-cache` takes WORKDIR from the cache: the step is printed as CACHED, while COPY and RUN
# below it run.
#
# One would expect, from "Do not use cache when building the image", that every step runs. Of a builder that is kept, a
# log in which WORKDIR ran is therefore no picture of --no-cache, and one in which all but WORKDIR ran is.
#
# Seen, of WORKDIR, COPY and RUN, built three times from the same files:
#   docker build              WORKDIR cached, COPY cached, RUN cached
#   docker build --no-cache   WORKDIR cached, COPY ran,    RUN ran
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
WORKDIR /app
COPY version ./
RUN echo compile >/compiled
END
date +%N >context/version
build() { # what became of each step
  docker build "$@" --network none --progress plain -t app context >build.log 2>&1
  for step in WORKDIR COPY RUN; do
    number=$(grep -m1 -oE "^#[0-9]+ \[.* $step" build.log | cut -d' ' -f1)
    grep -q "^$number CACHED" build.log && echo "$step cached" || echo "$step ran"
  done | paste -sd, -
}
build >/dev/null
again=$(build)
told=$(build --no-cache)
printf '%s\n' "docker build: $again" "docker build --no-cache: $told"
[ "$again" = "WORKDIR cached,COPY cached,RUN cached" ] && [ "$told" = "WORKDIR cached,COPY ran,RUN ran" ]
