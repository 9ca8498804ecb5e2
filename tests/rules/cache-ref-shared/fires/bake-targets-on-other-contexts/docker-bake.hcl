# Written to the documented form: one Dockerfile, two bases.
group "default" {
  targets = ["slim", "full"]
}

target "slim" {
  contexts   = { base = "docker-image://debian:12-slim" }
  cache-from = ["type=registry,ref=ghcr.io/acme/shop:buildcache"]
  cache-to   = ["type=registry,ref=ghcr.io/acme/shop:buildcache,mode=max"]
}

target "full" {
  contexts   = { base = "docker-image://debian:12" }
  cache-from = ["type=registry,ref=ghcr.io/acme/shop:buildcache"]
  cache-to   = ["type=registry,ref=ghcr.io/acme/shop:buildcache,mode=max"]
}
