variable "CACHE" { default = "" }
group "default" {
  targets = ["app"]
}
target "app" {
  name   = "app-${part}"
  matrix = {
    part = ["desk", "shelf", "lamp"]
  }
  target     = part
  cache-from = ["${CACHE}"]
  cache-to   = ["${CACHE},mode=max"]
}
