target "base" {
  cache-to = ["type=registry,ref=app:cache"]
}
target "app" {
  inherits = ["base"]
  name = "app-${v}"
  matrix = { v = ["1", "2"] }
  cache-from = ["app:cache-${v}"]
  args = {
    V = v
  }
  cache-to = ["type=registry,ref=app:cache-${v},mode=max"]
}