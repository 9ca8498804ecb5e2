#!/bin/sh
set -e
docker build -t r.example.com/team/app:1 .
docker builder prune -af
