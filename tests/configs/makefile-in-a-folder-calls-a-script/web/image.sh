#!/bin/sh
docker build -t r.heron.example/o/web:$1 .
