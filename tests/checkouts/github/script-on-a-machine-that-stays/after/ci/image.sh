#!/bin/bash
set -euo pipefail
docker login -u ci -p "$TOKEN" r.example
docker buildx create --name ci --driver docker-container --use || docker buildx use ci
docker buildx build --load --cache-from type=registry,ref=r.example/shop:buildcache --cache-from type=registry,ref=r.example/shop:edge --cache-to type=registry,ref=r.example/shop:buildcache,mode=max,image-manifest=true,oci-mediatypes=true,compression=zstd -t r.example/shop:edge .
docker push r.example/shop:edge
