#!/bin/sh
docker buildx build --cache-from type=local,src=/tmp/layers/desk --cache-to type=local,dest=/tmp/layers-new/desk,mode=max -t plover/desk --push desk
docker buildx build --cache-from type=local,src=/tmp/layers/shelf --cache-to type=local,dest=/tmp/layers-new/shelf,mode=max -t plover/shelf --push shelf
