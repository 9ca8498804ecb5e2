#!/bin/bash
# Tool: buildah 1.28.2 of Debian 12 (1.28.2+ds1-3+deb12u1+b3), `buildah build --layers`.
#
# Behaviour: `--env` and `--annotation` change the image, and no step of it. Where every step comes from the cache
# buildah gives the cached image the new name and drops them without a word; the exit status is 0. The same command
# with `--no-cache` honours them.
#
# One would expect: an option of the image is in the image, or makes the last step run.
#
# Seen:  --layers                          id A, no X
#        --layers --env X=2 (all cached)   id A again, no X
#        --no-cache --env X=2              another id, X=2
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chmod 755 .
apt-get download -qq buildah=1.28.2+ds1-3+deb12u1+b3 libgpgme11 libassuan0 libsubid4 libdevmapper1.02.1 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu"
echo '{"default":[{"type":"insecureAcceptAnything"}]}' >policy.json
mkdir context && echo one >context/a && echo two >context/b
printf 'FROM scratch\nCOPY a /\nCOPY b /\n' >Dockerfile

buildah() { root/usr/bin/buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs "$@"; }
build() { buildah build --isolation chroot --signature-policy policy.json -f Dockerfile -t app "$@" context 2>&1 | tail -n 1; }
environment() { buildah inspect --type image --format '{{.OCIv1.Config.Env}}' app; }

plain=$(build --layers)
dropped=$(build --layers --env X=2 --annotation made=by-me)
without=$(environment)
rebuilt=$(build --no-cache --env X=2)
with=$(environment)
printf '%s\n' "plain    $plain" "--env    $dropped $without" "no-cache $rebuilt $with"
[ "$plain" = "$dropped" ] && [ "$plain" != "$rebuilt" ]
[[ $without != *X=2* && $with == *X=2* ]]
