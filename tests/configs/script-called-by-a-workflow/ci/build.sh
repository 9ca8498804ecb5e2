#!/usr/bin/env bash
set -eu
docker buildx create --use
docker buildx build --push -t r.example.com/o/web:edge --cache-from type=registry,ref=r.example.com/o/web:cache --cache-to type=registry,ref=r.example.com/o/web:buildcache,mode=max .
