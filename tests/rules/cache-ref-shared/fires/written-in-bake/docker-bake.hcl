# Both images of the shop.
variable "REGISTRY" {
  default = "registry.example.com"
}

group "default" {
  targets = ["api", "web"]
}

target "api" {
  context    = "api"
  tags       = ["registry.example.com/shop/api:1"]
  cache-from = ["type=registry,ref=registry.example.com/shop/cache:main"]
  cache-to   = ["type=registry,ref=registry.example.com/shop/cache:main,mode=max"]
}

target "web" {
  context    = "web"
  tags       = ["registry.example.com/shop/web:1"]
  cache-from = ["type=registry,ref=registry.example.com/shop/cache:main"]
  cache-to   = ["type=registry,ref=registry.example.com/shop/cache:main,mode=max"]
}
