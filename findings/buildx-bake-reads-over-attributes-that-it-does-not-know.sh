#!/bin/sh
# Tool: docker-buildx 0.13.1+ds1-3 of Debian 13; no daemon.
#
# Behaviour: `docker buildx bake` reads over attributes of a target that it does not know, in HCL and in JSON, without a
# word and without an error. `cache_from` and `cache_to`, as Compose spells them, are such: the build imports and exports
# nothing. And of what a target inherits, lists of `cache-from` are joined while `cache-to` is replaced: a target with a
# `cache-from` of its own imports that of its parent as well.
#
# One would expect: an error as for an unknown attribute of a compose file or of Terraform, which reads HCL too; and
# both lists to be treated alike.
#
# Seen the same with 0.29.1 of Debian sid.
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chmod 755 .
mkdir -p parts lists/partial
sed -e 's/^Suites:.*/Suites: trixie/' -e '/^$/q' /etc/apt/sources.list.d/debian.sources >parts/trixie.sources
apt() {
  apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/parts" \
    -o Dir::State::lists="$work/lists" "$@" 2>/dev/null
}
apt update
apt download docker-buildx=0.13.1+ds1-3
dpkg-deb -x docker-buildx_*.deb .
buildx=$work/usr/libexec/docker/cli-plugins/docker-buildx
$buildx version
cat >docker-bake.hcl <<'HCL'
target "parent" {
  cache-from = ["type=registry,ref=r.example/parent:cache"]
  cache-to   = ["type=registry,ref=r.example/parent:cache"]
}
target "child" {
  inherits   = ["parent"]
  cache-from = ["type=registry,ref=r.example/child:cache"]
  cache-to   = ["type=registry,ref=r.example/child:cache"]
}
target "default" {
  cache_from = ["type=registry,ref=r.example/a:cache"]
  cache_to   = ["type=registry,ref=r.example/a:cache"]
}
HCL
$buildx bake --print default >default.json 2>/dev/null
$buildx bake --print child >child.json 2>/dev/null
printf '%s\n' "cache of the default target: $(grep -c example default.json || true)" \
    "references of the child: $(grep -c example child.json || true)"
! grep -q example default.json
[ "$(grep -c 'parent:cache' child.json)" = 1 ] && [ "$(grep -c 'child:cache' child.json)" = 2 ]
