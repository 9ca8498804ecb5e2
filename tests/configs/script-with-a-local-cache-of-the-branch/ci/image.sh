#!/bin/sh
set -eu
docker buildx create --use --driver docker-container
docker buildx build --push -t r.heron.example/o/crane:edge \
  --cache-from type=local,src=.layers --cache-to type=local,dest=.layers,mode=max .
