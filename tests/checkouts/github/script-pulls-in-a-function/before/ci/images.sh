#!/bin/sh
set -e

image() {
  docker pull orion/shop:edge || true
  docker build --cache-from orion/shop:edge -t orion/shop:edge .
  docker push orion/shop:edge
}

image
