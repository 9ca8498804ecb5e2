target "_base" {
  cache-to = ["app:cache"]
}
target "app" {
  inherits = ["_base"]
}
