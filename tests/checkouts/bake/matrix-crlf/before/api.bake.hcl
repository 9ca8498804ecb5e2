target "base" {
  cache-to = ["type=registry,ref=app:cache"]
}
target "app" {
  inherits = ["base"]
  name = "app-${v}"
  matrix = { v = ["1", "2"] }
  cache-from = ["app:cache", "app:${v}"]
  args = {
    BUILDKIT_INLINE_CACHE = 1
    V = v
  }
}