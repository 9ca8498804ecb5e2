group "default" { targets = ["shop", "mail"] }
target "shop" {
  context = "shop"
  tags = ["orion/shop:edge"]
  cache-from = ["type=registry,ref=orion/cache:all"]
  cache-to = ["type=registry,ref=orion/cache:all,mode=max"]
}
target "mail" {
  context = "mail"
  tags = ["orion/mail:edge"]
  cache-to = ["type=registry,ref=orion/cache:all,mode=max"]
}
