variable "REVISION" { default = "" }
target "alpine" {
  context = "alpine"
  args = {REVISION = REVISION}
  tags = ["r.heron.example/tools:alpine"]
}
target "debian" {
  context = "debian"
  args = {REVISION = REVISION}
  tags = ["r.heron.example/tools:debian"]
}
