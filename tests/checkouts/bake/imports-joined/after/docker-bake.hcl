target "_base" {
  cache-from = ["app:shared"]
}
target "app" {
  inherits = ["_base"]
  tags = ["app:1"]
  cache-from = ["app:own"]
  cache-to = ["type=registry,ref=app:own,mode=max"]
}
