variable "CACHE_TAG" { default = "dev" }
target "app" {
  tags = ["ghcr.io/avocet/app:edge"]
  cache-from = ["type=registry,ref=ghcr.io/avocet/app:cache-main"]
  cache-to = ["type=registry,ref=ghcr.io/avocet/app:cache-${CACHE_TAG},mode=max"]
}
