#!/usr/bin/env bash
set -eu
docker buildx build --push -t "r.heron.example/o/$SERVICE:edge" \
  --cache-from type=registry,ref=r.heron.example/o/$SERVICE:cache \
  --cache-to type=registry,ref=r.heron.example/o/$SERVICE:cache,mode=max "$SERVICE"
