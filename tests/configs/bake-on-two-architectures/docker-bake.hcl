target "default" {
  cache-from = ["type=registry,ref=r.example.com/o/lamp:c"]
  cache-to   = ["type=registry,ref=r.example.com/o/lamp:c,mode=max"]
}
