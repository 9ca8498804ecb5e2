target "_store" {
  cache-from = ["type=registry,ref=r.example.com/o/lamp:c"]
  cache-to   = ["type=registry,ref=r.example.com/o/lamp:c,mode=max"]
}
target "bench" {
  inherits   = ["_store"]
  dockerfile = "bench.Dockerfile"
}
target "lamp" {
  inherits = ["_store"]
  tags     = ["r.example.com/o/lamp:edge"]
}
