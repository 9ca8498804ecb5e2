# Written to the documented form: one image under two names.
group "default" {
  targets = ["shop", "mirror"]
}

target "shop" {
  context    = "."
  tags       = ["ghcr.io/acme/shop:1"]
  cache-from = ["type=registry,ref=ghcr.io/acme/shop:buildcache"]
  cache-to   = ["type=registry,ref=ghcr.io/acme/shop:buildcache,mode=max"]
}

target "mirror" {
  inherits = ["shop"]
  tags     = ["mirror.example.com/acme/shop:1"]
}
