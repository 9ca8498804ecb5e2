#!/usr/bin/env bash
# Tool: `podman-compose` 1.6.0 from PyPI. Podman itself is not run: a script in its place writes down what it is called
# with.
#
# Behaviour: of a service's `build:`, `no_cache`, `pull`, `network`, `platforms` and `shm_size` are dropped without a
# word; `cache_from`, `cache_to`, `args`, `target` and `labels` are handed over. A service that asks for a build without
# cache, on the newest base image, gets one from the cache on the base that is there, while `docker compose build` of the
# same file honours both. `podman-compose build --no-cache --pull` does work.
#
# One would expect: a field that the file format has is honoured, or refused; and what can be said on the command line
# can be said in the file.
#
# Seen: podman build -f …/Dockerfile -t localhost/web --build-arg V=1 --cache-from registry.example.com/web/cache …
# Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet podman-compose==1.6.0

mkdir "$work/bin" "$work/project"
cat > "$work/bin/podman" <<PODMAN
#!/bin/sh
[ "\$1" = --version ] && echo "podman version 5.4.0" && exit
echo "podman \$*" >> "$work/calls"
PODMAN
chmod +x "$work/bin/podman"
echo 'FROM scratch' > "$work/project/Dockerfile"
cat > "$work/project/compose.yaml" <<'COMPOSE'
services:
  web:
    image: localhost/web
    build:
      context: .
      args: {V: "1"}
      cache_from: [registry.example.com/web/cache]
      no_cache: true
      pull: true
      network: none
      platforms: [linux/amd64, linux/arm64]
      shm_size: 1gb
COMPOSE

call() { # what podman is called with
    : > "$work/calls"
    (cd "$work/project" && PATH="$work/bin:$PATH" "$work/venv/bin/podman-compose" "$@" >/dev/null 2>&1)
    grep '^podman build ' "$work/calls"
}

of_file=$(call build)
of_line=$(call build --no-cache --pull)
printf 'file: %s\nline: %s\n' "$of_file" "$of_line"
fail() { echo "changed: $1" >&2; exit 1; }
[[ $of_file == *"--build-arg V=1"* ]] || fail "args are not handed over"
[[ $of_file == *"--cache-from registry.example.com/web/cache"* ]] || fail "cache_from is not handed over"
for option in --no-cache --pull --network --platform --shm-size; do
    [[ $of_file != *"$option"* ]] || fail "$option is handed over"
done
[[ $of_line == *"--no-cache"* && $of_line == *"--pull"* ]] || fail "the command line is not handed over"
echo "podman-compose 1.6.0 drops no_cache, pull, network, platforms and shm_size of a service's build"
