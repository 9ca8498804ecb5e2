#!/bin/sh
docker buildx create --name ci --use
