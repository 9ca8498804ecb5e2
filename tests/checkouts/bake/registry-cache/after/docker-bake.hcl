variable "TAG" {
  default = "latest"
}

function "tag" {
  params = [name]
  result = ["registry.example.com/${name}:${TAG}"]
}

group "default" {
  targets = ["web", "api", "job"]
}

# What all have.
target "_common" {
  args       = { NODE_ENV = "production" }
  cache-from = ["registry.example.com/base:cache"]
}

target "web" {
  inherits   = ["_common"]
  context    = "web" // the site
  tags       = tag("web")
  cache-to   = ["type=registry,ref=registry.example.com/web:cache-${TAG},mode=max"] # to be replaced
  platforms  = [
    "linux/amd64",
    "linux/arm64",
  ]
  cache-from = ["type=registry,ref=registry.example.com/web:cache-${TAG}"]
}

target "api" {
  context   = "api"
  cache-from = [
    { type = "registry", ref = "registry.example.com/api:cache" },
    { type = "registry", ref = "registry.example.com/api:main" },
  ]
  cache-to = [{ type = "registry", ref = "registry.example.com/api:cache", mode = "max" }]
}

target "job" {
  # for a test
  context  = "job"
}
