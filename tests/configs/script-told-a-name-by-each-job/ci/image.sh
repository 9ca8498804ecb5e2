#!/usr/bin/env bash
set -eu
name=$1
docker buildx build --push -t "r.heron.example/o/$name:edge" \
  --cache-from type=registry,ref=r.heron.example/o/$name:cache \
  --cache-to type=registry,ref=r.heron.example/o/$name:cache,mode=max "$name"
