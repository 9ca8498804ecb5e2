#!/bin/sh
set -eu
docker compose -f compose.yaml build
docker compose push
