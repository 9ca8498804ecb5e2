target "_stored" {
  cache-from = ["type=registry,ref=r.example.com/o/lamp:kept"]
}
target "lamp" {
  inherits   = ["_stored"]
  tags       = ["r.example.com/o/lamp:edge"]
  cache-from = ["type=registry,ref=r.example.com/o/lamp:kept-by-main"]
  cache-to   = ["type=registry,ref=r.example.com/o/lamp:kept,mode=max"]
}
target "main" {
  inherits = ["_stored"]
  tags     = ["r.example.com/o/lamp:main"]
  cache-to = ["type=registry,ref=r.example.com/o/lamp:kept-by-main,mode=max"]
}
