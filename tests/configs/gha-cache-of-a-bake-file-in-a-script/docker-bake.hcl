target "web" {
  tags = ["ghcr.io/orion/web"]
  cache-from = ["type=gha"]
  cache-to = ["type=gha,mode=max"]
}
