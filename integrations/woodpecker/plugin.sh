#!/bin/sh
# Woodpecker and Drone hand settings over as PLUGIN_…, lists with commas between.
set -eu
lines() { printf '%s' "$1" | tr ',' '\n'; }
PLUGIN_LOGS=$(lines "${PLUGIN_LOGS:-build.log}")
PLUGIN_CONFIG=$(lines "${PLUGIN_CONFIG:-}")
exec cachediag-judge --from PLUGIN_
