#!/bin/bash
# Tools: Docker Engine 20.10.24 (docker.io 20.10.24+dfsg1-1+deb12u1+b6), containerd 1.6.20 and docker-registry 2.8.2 of
# Debian 12, with BuildKit; needs root.
#
# Behaviour: without a `docker pull` in front, this engine loses an inline cache after each run that used it, and the
# next run that changes something runs every step (moby/buildkit pull request 4796). `docker pull` of the image before
# the build cures that: what was taken from an image on the machine is stored again.
#
# One would expect a bug in what is written to be there whoever fetched the image, and newer engines to keep what an old
# one keeps. 26.1.5 and 28.5.2 do the reverse: there it is the pull that loses the cache.
#
# Seen, of the first RUN, which no change reaches, on a builder that is emptied before each run; each run builds another
# commit:
#   docker pull first    ran,cached,cached,cached
#   no docker pull       ran,cached,ran,cached
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
stop() {
  for process in "${daemon:-}" "${registry:-}"; do
    kill "$process" 2>/dev/null && wait "$process" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap stop EXIT
cd "$work"
chmod 755 .
apt-get download -qq docker.io=20.10.24+dfsg1-1+deb12u1+b6 containerd=1.6.20~ds1-1+deb12u3 \
  runc=1.1.5+ds1-1+deb12u1 busybox-static=1:1.35.0-4+deb12u1+b1 docker-registry=2.8.2+ds1-1 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export PATH="$work/root/usr/bin:$work/root/usr/sbin:$PATH" DOCKER_HOST="unix://$work/docker.sock" DOCKER_BUILDKIT=1
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >registry.yml <<YML
version: 0.1
storage: {filesystem: {rootdirectory: $work/images}}
http: {addr: 127.0.0.1:$port}
YML
docker-registry serve registry.yml >registry.log 2>&1 &
registry=$!
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
COPY source /
RUN echo compile >/compiled
END
run() { # what became of the first RUN of a build with this source; words before it are run first
  echo "$1" >context/source
  shift
  docker image rm -f "$image" >/dev/null 2>&1 || true
  docker builder prune --all --force >/dev/null
  "$@" >/dev/null 2>&1 || true
  docker build --network none --progress plain --cache-from "$image" --build-arg BUILDKIT_INLINE_CACHE=1 \
    -t "$image" context >build.log 2>&1
  docker push -q "$image" >/dev/null
  number=$(grep -m1 -oE "^#[0-9]+ \[.*RUN echo install" build.log | cut -d' ' -f1)
  grep -q "^$number CACHED" build.log && echo cached || echo ran
}
series() { for source in one two three four; do run "$source" "$@"; done | paste -sd, -; }
image=127.0.0.1:$port/pulled:1
pulled=$(series docker pull "$image")
image=127.0.0.1:$port/asked:1
asked=$(series true)
printf '%s\n' "docker pull first: $pulled" "no docker pull: $asked"
[ "$pulled $asked" = "ran,cached,cached,cached ran,cached,ran,cached" ]
