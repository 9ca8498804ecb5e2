target "api" {
  context    = "services/api"
  dockerfile = "Containerfile"
  target     = "api"
  tags       = ["ghcr.io/acme/api:latest"]
}
