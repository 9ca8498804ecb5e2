#!/bin/sh
set -e

docker buildx create --name ci --driver docker-container --use || docker buildx use ci
image() {
  docker pull orion/shop:edge || true
  docker buildx build --load --cache-from type=registry,ref=orion/shop:buildcache --cache-from type=registry,ref=orion/shop:edge --cache-to type=registry,ref=orion/shop:buildcache,mode=max,image-manifest=true,oci-mediatypes=true,compression=zstd -t orion/shop:edge .
  docker push orion/shop:edge
}

image
