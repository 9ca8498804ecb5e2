variable "SERVICE" { default = "api" }
target "default" {
  context = "services/${SERVICE}"
  tags = ["ghcr.io/avocet/${SERVICE}:edge"]
  cache-from = ["type=registry,ref=ghcr.io/avocet/${SERVICE}:cache"]
  cache-to = ["type=registry,ref=ghcr.io/avocet/${SERVICE}:cache,mode=max"]
}
