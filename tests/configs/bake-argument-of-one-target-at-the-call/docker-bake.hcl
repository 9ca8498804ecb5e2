target "api" {
  context = "api"
  tags = ["ghcr.io/heron/api"]
}
target "web" {
  context = "web"
  tags = ["ghcr.io/heron/web"]
}
