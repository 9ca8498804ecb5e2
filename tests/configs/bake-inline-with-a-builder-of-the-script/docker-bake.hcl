group "default" { targets = ["api"] }
target "api" {
  context = "."
  tags = ["ghcr.io/heron/api:latest"]
  cache-from = ["type=registry,ref=ghcr.io/heron/api:latest"]
  cache-to = ["type=inline"]
}
