variable "CI" { default = "" }
group "default" {
  targets = ["desk", "shelf"]
}
target "desk" {
  context    = "desk"
  tags       = ["plover/desk:1"]
  cache-from = CI != "" ? ["type=registry,ref=ghcr.io/plover/cache:all"] : []
  # Only the CI may push there.
  cache-to   = CI != "" ? ["type=registry,ref=ghcr.io/plover/cache:all,mode=max"] : []
}
target "shelf" {
  context    = "shelf"
  tags       = ["plover/shelf:1"]
  cache-from = CI == "" ? [] : ["type=registry,ref=ghcr.io/plover/cache:all"]
  cache-to   = CI == "" ? [] : (["type=registry,ref=ghcr.io/plover/cache:all,mode=max"])
}
