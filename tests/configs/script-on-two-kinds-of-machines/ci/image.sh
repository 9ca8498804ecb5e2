#!/bin/sh
set -eu
docker build -t r.heron.example/o/pond:edge .
docker push r.heron.example/o/pond:edge
