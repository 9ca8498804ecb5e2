target "web" {
  context = "."
  tags    = ["ghcr.io/orion/web:latest"]
}

target "worker" {
  context = "."
  target  = "assets"
  tags    = ["ghcr.io/orion/worker:latest"]
}

group "default" {
  targets = ["web", "worker"]
}
