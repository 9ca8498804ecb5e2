group "default" {
  targets = ["base", "site"]
}
target "base" {
  context = "base"
  tags = ["quay.io/heron/base:latest"]
}
target "site" {
  name = "site-${lang}"
  matrix = {
    lang = ["de", "fr"]
  }
  context = "sites/${lang}"
  contexts = {
    base = "target:base"
  }
  tags = ["quay.io/heron/site:${lang}"]
}
