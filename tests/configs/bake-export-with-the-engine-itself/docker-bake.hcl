target "default" {
  tags = ["ghcr.io/heron/api:latest"]
  cache-from = ["type=registry,ref=ghcr.io/heron/api:cache"]
  cache-to = ["type=registry,ref=ghcr.io/heron/api:cache,mode=max"]
}
