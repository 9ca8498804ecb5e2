variable "CI" { default = "" }
group "default" {
  targets = ["desk", "shelf"]
}
target "desk" {
  context    = "desk"
  cache-from = CI != "" ? ["type=registry,ref=ghcr.io/plover/cache:desk"] : []
  cache-to   = CI != "" ? ["type=registry,ref=ghcr.io/plover/cache:desk,mode=max"] : []
}
target "shelf" {
  context    = "shelf"
  cache-from = CI != "" ? ["type=registry,ref=ghcr.io/plover/cache:shelf"] : []
  cache-to   = CI != "" ? ["type=registry,ref=ghcr.io/plover/cache:shelf,mode=max"] : []
}
