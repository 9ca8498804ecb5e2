#!/bin/bash
# Tools: Docker Engine 28.5.2 (docker.io 28.5.2+dfsg4-5) with BuildKit 0.25 and the overlay2 store, buildx 0.29.1,
# containerd 2.1.9, runc 1.3.6 and docker-registry 2.8.3 of Debian sid; needs root. 26.1.5 of Debian 13 does the same.
#
# Behaviour: an image with an inline cache (BUILDKIT_INLINE_CACHE=1) that is on the machine before a build, because of
# `docker pull`, `docker compose pull` or `docker load`, is a cache for that build and spoils the next one: the image
# that is built holds no record of what came from the cache. Without the pull the same build reads the same image from
# the registry, and the new image holds all records. A run in which nothing changed spoils most: one record is left.
#
# One would expect the reverse. Pulling the image of `--cache-from` first is the usual advice (the older builder needs
# it), and the known bug of this kind is said to be mended since Docker Engine 27.
#
# Seen, of the first RUN, which no change reaches, on a builder that is emptied before each run; the second run builds
# the same commit, the third another one:
#   docker pull first    ran,cached,ran
#   no docker pull       ran,cached,cached
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
root=$work/root
stop() {
  for process in "${daemon:-}" "${registry:-}"; do
    kill "$process" 2>/dev/null && wait "$process" 2>/dev/null || true
  done
  umount --recursive --lazy "$root" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap stop EXIT
cd "$work"
chmod 755 .
debian=http://deb.debian.org/debian
curl -sSf $debian/dists/sid/main/binary-amd64/Packages.xz | xz -d >packages
mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{proc,dev,sys,tmp,run,var,etc}
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
for package in docker.io docker-cli docker-buildx containerd runc docker-registry busybox-static libc6 libsystemd0 \
  libseccomp2 libcap2 libgcc-s1 libzstd1 liblzma5; do
  file=$(awk -v name="$package" '/^Package:/ { here = $2 == name } here && /^Filename:/ { print $2; exit }' packages)
  curl -sSf -o package.deb "$debian/$file"
  dpkg-deb --fsys-tarfile package.deb | tar -C "$root" -x --keep-directory-symlink
done
ln -sf busybox "$root/usr/bin/sh"
mount --bind "$root" "$root"
mount --make-private "$root"
for folder in proc dev sys; do
  mount --rbind "/$folder" "$root/$folder"
  mount --make-rslave "$root/$folder"
done
in_root() {
  chroot "$root" /bin/busybox env -i PATH=/usr/sbin:/usr/bin HOME=/tmp DOCKER_HOST=unix:///run/docker.sock \
    DOCKER_BUILDKIT=1 "$@"
}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$root/etc/registry.yml" <<YML
version: 0.1
storage: {filesystem: {rootdirectory: /var/registry}}
http: {addr: 127.0.0.1:$port}
YML
in_root docker-registry serve /etc/registry.yml >registry.log 2>&1 &
registry=$!
in_root dockerd --feature containerd-snapshotter=false --host unix:///run/docker.sock --data-root /var/docker \
  --exec-root /run/docker-exec --pidfile /run/docker-own.pid --iptables=false --ip6tables=false --bridge=none \
  --storage-driver=overlay2 >daemon.log 2>&1 &
daemon=$!
for _ in $(seq 150); do in_root docker version >/dev/null 2>&1 && break || sleep 0.2; done

mkdir -p base/bin "$root/context"
cp "$root/usr/bin/busybox" base/bin/sh
tar -C base -c . | in_root docker import - base:1 >/dev/null
cat >"$root/context/Dockerfile" <<'END'
FROM base:1
RUN echo install >/installed
COPY source /
RUN echo compile >/compiled
END
image=127.0.0.1:$port/app:1
run() { # what became of the first RUN of a build with this source; words before it are run first
  echo "$1" >"$root/context/source"
  shift
  in_root docker image rm -f "$image" >/dev/null 2>&1 || true
  in_root docker builder prune --all --force >/dev/null
  "$@" >/dev/null 2>&1 || true
  in_root docker build --network none --progress plain --cache-from "$image" --build-arg BUILDKIT_INLINE_CACHE=1 \
    -t "$image" /context >build.log 2>&1
  in_root docker push -q "$image" >/dev/null
  number=$(grep -m1 -oE "^#[0-9]+ \[.*RUN echo install" build.log | cut -d' ' -f1)
  grep -q "^$number CACHED" build.log && echo cached || echo ran
}
series() { for source in one one two; do run "$source" "$@"; done | paste -sd, -; }
pulled=$(series in_root docker pull "$image")
rm -rf "$root/var/registry/docker/registry/v2/repositories/app"
asked=$(series true)
printf '%s\n' "docker pull first: $pulled" "no docker pull: $asked"
[ "$pulled $asked" = "ran,cached,ran ran,cached,cached" ]
