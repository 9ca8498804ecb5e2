target "_base" {
  cache-from = ["app:cache"]
}
target "app" {
  inherits = ["_base"]
  cache-from = ["app:cache-2"]
}
