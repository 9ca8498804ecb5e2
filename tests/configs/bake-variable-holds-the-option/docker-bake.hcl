variable "CACHE" {
  default = "type=registry,ref=registry.kestrel.example/c:main,mode=max"
}
target "api" {
  context    = "api"
  cache-from = [CACHE]
  cache-to   = [CACHE]
}
target "web" {
  context    = "web"
  cache-from = [CACHE]
  cache-to   = [CACHE]
}
