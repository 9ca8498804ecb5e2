#!/bin/bash
# Tools: buildah 1.28.2 (1.28.2+ds1-3+deb12u1+b3) and docker-registry 2.8.2 (2.8.2+ds1-1) of Debian 12.
#
# Behaviour: with `--cache-to` and `--cache-from` each instruction is pushed to the repository, ARG too, and ARG is
# never looked up there. It is made anew, with the time of now, and the keys below hold that time: so on a fresh
# machine nothing at or below the first ARG ever comes from the remote cache, with equal values of the argument.
#
# One would expect: what was pushed under a key is found under it; an ARG costs nothing while its value is the same.
#
# Seen, by two machines with the same files and the same `--build-arg V=1`:
#   COPY, ARG, COPY: the second machine pulls 1 step; ARG is pushed twice under one key, the COPY below under two keys
#   COPY, COPY:      the second machine pulls both
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'kill "${registry:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
chmod 755 .
apt-get download -qq buildah=1.28.2+ds1-3+deb12u1+b3 docker-registry=2.8.2+ds1-1 \
  libgpgme11 libassuan0 libsubid4 libdevmapper1.02.1 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >registry.yml <<YML
version: 0.1
storage: {filesystem: {rootdirectory: $work/data}}
http: {addr: 127.0.0.1:$port}
YML
root/usr/bin/docker-registry serve registry.yml >registry.log 2>&1 &
registry=$!
for _ in $(seq 50); do curl -sf "http://127.0.0.1:$port/v2/" >/dev/null && break || sleep 0.2; done
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >policy.json
mkdir context && echo one >context/a && echo two >context/b
printf 'FROM scratch\nCOPY a /\nARG V\nCOPY b /\n' >with
printf 'FROM scratch\nCOPY a /\nCOPY b /\n' >without

machine() { # NUMBER DOCKERFILE: a store of its own
  root/usr/bin/buildah --root "$work/store$1$2" --runroot "$work/run$1$2" --storage-driver vfs build \
    --isolation chroot --signature-policy policy.json --tls-verify=false --layers --build-arg V=1 -f "$2" \
    --cache-from "127.0.0.1:$port/$2" --cache-to "127.0.0.1:$port/$2" context 2>&1
}
pushed() { grep -o 'Pushing cache .*' "$1" | grep -o '[0-9a-f]\{64\}'; }

for file in with without; do
  for number in 1 2; do machine $number $file >$file.$number.log; sleep 1; done
  echo "$file: $(grep -c 'Cache pulled from remote' $file.2.log) steps pulled by the second machine"
done
[ "$(grep -c 'Cache pulled from remote' with.2.log)" = 1 ]
[ "$(grep -c 'Cache pulled from remote' without.2.log)" = 2 ]
mapfile -t first < <(pushed with.1.log)
mapfile -t second < <(pushed with.2.log)
printf '%s\n' "ARG   ${first[1]:0:12} ${second[0]:0:12}" "COPY  ${first[2]:0:12} ${second[1]:0:12}"
[ "${first[1]}" = "${second[0]}" ] && [ "${first[2]}" != "${second[1]}" ]
