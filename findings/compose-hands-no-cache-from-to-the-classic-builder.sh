#!/bin/bash
# Tools: Docker Compose 2.26.1 (docker-compose 2.26.1-4 of Debian 13) and 2.40.3 (2.40.3-3 of Debian sid), with the
# classic builder (DOCKER_BUILDKIT=0) of Docker Engine 20.10.24 (docker.io 20.10.24+dfsg1-1+deb12u1+b6) and containerd
# 1.6.20 of Debian 12; needs root. The engines 26.1.5 and 28.5.2 behave alike.
#
# Behaviour: `docker compose build` hands `cache_from` of a service to BuildKit alone. Where DOCKER_BUILDKIT=0 asks for
# the classic builder, it leaves the field out without a word: the image that was pulled for it is no cache, and on a
# new machine every step runs. Such a build ends with the step `LABEL com.docker.compose.image.builder=classic`.
#
# One would expect what docker-compose 1.29 did, and what `docker build --cache-from IMAGE` does: the steps that the
# image holds come from it.
#
# Seen, of an image that was loaded, as after a pull, and two steps:
#   docker build --cache-from app:ci .          2 of 2 steps cached
#   docker compose build, cache_from: [app:ci]  0 of 2 steps cached, exit status 0, no warning
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
for version in 2.26.1-4 2.40.3-3; do
  curl -sSfO "http://deb.debian.org/debian/pool/main/d/docker-compose/docker-compose_${version}_amd64.deb"
  dpkg -x docker-compose_${version}_amd64.deb "compose-$version"
done
export PATH="$work/root/usr/bin:$work/root/usr/sbin:$PATH" DOCKER_HOST="unix://$work/docker.sock" DOCKER_BUILDKIT=0
export COMPOSE_BAKE=false
dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" --host "$DOCKER_HOST" \
  --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs >daemon.log 2>&1 &
daemon=$!
for _ in $(seq 150); do docker version >/dev/null 2>&1 && break || sleep 0.2; done

mkdir -p base/bin project
cp root/bin/busybox base/bin/sh
tar -C base -c . | docker import - base:1 >/dev/null
printf 'FROM base:1\nRUN echo install >/installed\nRUN echo compile >/compiled\n' >project/Dockerfile
cat >project/compose.yaml <<'COMPOSE'
services:
  app:
    image: app:new
    build: {context: ., network: none, cache_from: [app:ci]}
COMPOSE
docker build --network none -t app:ci project >/dev/null
docker save -o images.tar base:1 app:ci
again() { # how many steps came from the cache, on a machine that has the image and no steps of its own
  docker image rm --force $(docker image ls --all --quiet) >/dev/null 2>&1 || true
  docker load -q -i images.tar >/dev/null
  "$@" >build.log 2>&1
  echo "$(grep -c ' ---> Using cache' build.log || true) of 2 steps cached"
}
plain=$(again docker build --network none --cache-from app:ci -t app:new project)
echo "docker build --cache-from app:ci: $plain"
[ "$plain" = "2 of 2 steps cached" ]
for version in 2.26.1-4 2.40.3-3; do
  compose="compose-$version/usr/libexec/docker/cli-plugins/docker-compose"
  seen=$(again "$compose" --project-directory project -f project/compose.yaml build)
  echo "docker compose $version build: $seen"
  grep -q 'LABEL com.docker.compose.image.builder=classic' build.log
  [ "$seen" = "0 of 2 steps cached" ]
done
