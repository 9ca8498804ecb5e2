#!/bin/sh
set -eu
CACHE="$ECR/orion/web:cache"
if [ "$BUILDKITE_BRANCH" != main ]; then CACHE="$ECR/orion/web:cache-$(echo "$BUILDKITE_BRANCH" | tr / -)"; fi
docker buildx create --use
docker buildx build --cache-from "type=registry,ref=$ECR/orion/web:cache" --cache-from "type=registry,ref=$CACHE" --cache-to "type=registry,ref=$CACHE,mode=max" -t "$ECR/orion/web" --push .
