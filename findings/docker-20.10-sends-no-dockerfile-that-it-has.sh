#!/bin/bash
# Tools: Docker Engine 20.10.24 (docker.io 20.10.24+dfsg1-1+deb12u1+b6) and containerd 1.6.20 of Debian 12; needs root.
#
# Behaviour: with BuildKit, `transferring dockerfile:` is the size of the file only where the daemon does not have it.
# A file with the name, mode and time of the last build is not sent again: the line then counts its name and times
# alone, 31B or 32B. The same bytes with another time, as each fresh checkout gives them, are sent whole.
#
# One would expect (and later engines do so): the same Dockerfile prints the same size in each build, so that another
# size means that it was edited.
#
# Seen, with a Dockerfile of 82 bytes: first build 119B, the same file 31B, touched 119B, edited 129B
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'kill "${daemon:-}" 2>/dev/null && wait "$daemon" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
chmod 755 .
apt-get download -qq docker.io=20.10.24+dfsg1-1+deb12u1+b6 containerd=1.6.20~ds1-1+deb12u3 \
  runc=1.1.5+ds1-1+deb12u1 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export PATH="$work/root/usr/bin:$work/root/usr/sbin:$PATH" DOCKER_HOST="unix://$work/docker.sock"
dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" --host "$DOCKER_HOST" \
  --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs >daemon.log 2>&1 &
daemon=$!
for _ in $(seq 150); do docker version >/dev/null 2>&1 && break || sleep 0.2; done

mkdir context && echo one >context/a
printf '# a comment of some length, so that the file is long enough\nFROM scratch\nCOPY a /\n' >context/Dockerfile
sent() { # what the build says of its Dockerfile
  DOCKER_BUILDKIT=1 docker build --progress plain -t app context 2>&1 |
    grep -o 'transferring dockerfile: [0-9]*B' | tail -1 | grep -o '[0-9]*B'
}
wc -c context/Dockerfile
first=$(sent)
same=$(sent)
touch -d '2026-05-04 09:00' context/Dockerfile
touched=$(sent)
echo '# edited.' >>context/Dockerfile
edited=$(sent)
printf '%s\n' "first build $first" "the same file $same" "touched $touched" "edited $edited"
[ "${same%B}" -lt 40 ] && [ "$touched" = "$first" ] && [ "${edited%B}" -gt "${first%B}" ] && [ "${first%B}" -gt 82 ]
