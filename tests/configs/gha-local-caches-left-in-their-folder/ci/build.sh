#!/bin/sh
mkdir -p /tmp/layers-new
docker buildx build --cache-from type=local,src=/tmp/layers/desk --cache-to type=local,dest=/tmp/layers-new/desk,mode=max -t plover/desk --push desk
