target "_base" {
  cache-from = ["app:shared"]
}
target "app" {
  inherits = ["_base"]
  tags = ["app:1"]
}
