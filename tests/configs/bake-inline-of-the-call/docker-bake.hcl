target "api" {
  context    = "services/api"
  dockerfile = "Containerfile"
  tags       = ["ghcr.io/acme/api:latest"]
}
