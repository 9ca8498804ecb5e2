target "mail" {
  cache-from = ["type=registry,ref=orion/cache:mail"]
  cache-to = ["type=registry,ref=orion/cache:mail,mode=max"]
}
