#!/bin/sh
set -eu
CACHE="$ECR/orion/web:$BUILDKITE_BRANCH.cache"
docker buildx create --use
docker buildx build --cache-from "type=registry,ref=$CACHE" --cache-to "type=registry,ref=$CACHE,mode=max" -t "$ECR/orion/web" --push .
