target "default" {
  tags = ["r.lumen.example/p:edge"]
  cache-from = ["type=registry,ref=r.lumen.example/p:c"]
  cache-to = ["type=registry,ref=r.lumen.example/p:c"]
}
