#!/bin/sh
set -eu
docker buildx build --push -t r.heron.example/o/stork:edge --cache-from type=gha --cache-to type=gha,mode=max .
