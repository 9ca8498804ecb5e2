#!/bin/bash
set -euo pipefail
docker login -u ci -p "$TOKEN" r.example
docker build --build-arg BUILDKIT_INLINE_CACHE=1 --cache-from r.example/shop:edge -t r.example/shop:edge .
docker push r.example/shop:edge
