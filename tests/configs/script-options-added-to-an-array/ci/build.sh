#!/usr/bin/env bash
set -euo pipefail
REPO=${REPO:-registry.fulmar.example/ledger}
args=(
  --platform linux/amd64   # one is enough
  --tag "$REPO:${TAG:-edge}" \
  --push
)
if [[ -z "${NO_CACHE_IMPORT:-}" ]]; then
  args+=(--cache-from "type=registry,ref=registry.fulmar.example/ledger:buildcache")
fi
args+=(
  --cache-to "type=registry,ref=registry.fulmar.example/ledger:build-cache,mode=max"
)
docker buildx create --use --driver docker-container
docker buildx build "${args[@]}" .
