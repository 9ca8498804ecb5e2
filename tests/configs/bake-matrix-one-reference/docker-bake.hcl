target "app" {
  name = "app-${v}"
  matrix = { v = ["16", "17"] }
  args = { PG = v }
  cache-from = ["type=registry,ref=ghcr.io/orion/c:c"]
  cache-to = ["type=registry,ref=ghcr.io/orion/c:c,mode=max"]
  tags = ["ghcr.io/orion/app:${v}"]
}
