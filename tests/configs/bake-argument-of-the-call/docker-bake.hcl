variable "SHA" { default = "dev" }
target "web" {
  context = "."
  args = { REV = "${SHA}", EDITION = "full" }
  tags = ["ghcr.io/orion/web:edge"]
  cache-from = ["type=registry,ref=ghcr.io/orion/web:cache"]
  cache-to = ["type=registry,ref=ghcr.io/orion/web:cache,mode=max"]
}
