target "_base" {
  cache-from = ["app:cache", "app:other"]
}
target "app" {
  inherits = ["_base"]
}
