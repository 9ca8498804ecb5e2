variable "CREATED" {
  default = formatdate("YYYY-MM-DD'T'hh:mm:ss", timestamp())
}

group "default" {
  targets = ["api"]
}

target "base" {
  dockerfile = "base/Dockerfile"
  args = {
    CREATED = "${CREATED}"
    JDK     = "21"
  }
}

target "api" {
  inherits   = ["base"]
  dockerfile = "api/Dockerfile"
  contexts = {
    base = "target:base"
  }
  args = {
    SERVICE = "api"
  }
}
