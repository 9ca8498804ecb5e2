group "default" {
  targets = ["api", "web"]
}

target "api" {
  context    = "api"
  tags       = ["registry.example.com/heron/api:latest"]
  # bake says nothing of these two.
  cache_from = ["type=registry,ref=registry.example.com/heron/api:cache"]
  cache_to   = ["type=registry,ref=registry.example.com/heron/api:cache,mode=max"]
}

target "web" {
  context    = "web"
  tags       = ["registry.example.com/heron/web:latest"]
  cache-from = ["type=registry,ref=registry.example.com/heron/web:cache"]
  cache-to   = ["type=registry,ref=registry.example.com/heron/web:cache,mode=max"]
}
