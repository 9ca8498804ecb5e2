target "app" {
  context    = "."
  tags       = ["registry.example.com/app"]
  cache-from = ["type=registry,ref=registry.example.com/app:cache"]
  cache-to   = ["type=registry,ref=registry.example.com/app:cache,mode=max"]
}
