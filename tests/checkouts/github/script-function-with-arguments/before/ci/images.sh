#!/bin/sh
set -e

image() {
  name="orion/tools:$1"
  docker pull "$name" || true
  docker build --cache-from "$name" -t "$name" "tools/$1"
  docker push "$name"
}

image lint
image docs
