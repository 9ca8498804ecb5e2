variable "CACHE_TAG" { default = "main" }
target "api" {
  context = "."
  tags = ["ghcr.io/avocet/api:edge"]
  cache-from = ["type=registry,ref=ghcr.io/avocet/api:cache-main"]
  cache-to = ["type=registry,ref=ghcr.io/avocet/api:cache-${CACHE_TAG},mode=max"]
}
