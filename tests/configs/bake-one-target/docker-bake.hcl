target "api" {
  context = "api"
}
target "web" {
  context = "web"
}
