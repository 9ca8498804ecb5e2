#!/usr/bin/env bash
set -euo pipefail
args=(
  --build-arg "REV=$(git rev-parse HEAD)"
  --cache-from type=registry,ref=ghcr.io/heron/api:c
  --cache-to type=registry,ref=ghcr.io/heron/api:c,mode=max
)
docker buildx create --use
docker buildx build "${args[@]}" -t ghcr.io/heron/api:latest --push .
