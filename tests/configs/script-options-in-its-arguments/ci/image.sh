#!/bin/sh
set -eu
docker context create c
docker buildx create --use --driver docker-container c
set -- --cache-from "type=registry,ref=$CI_REGISTRY_IMAGE:cache"
set -- "$@" --cache-to "type=registry,ref=$CI_REGISTRY_IMAGE:cache"
set -- "$@" --push -t "$CI_REGISTRY_IMAGE:latest"
docker buildx build "$@" .
