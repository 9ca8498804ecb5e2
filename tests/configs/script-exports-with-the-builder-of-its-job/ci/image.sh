#!/bin/sh
set -eu
docker buildx build --push -t r.heron.example/o/reed:edge \
  --cache-from type=registry,ref=r.heron.example/o/reed:cache \
  --cache-to type=registry,ref=r.heron.example/o/reed:cache,mode=max .
