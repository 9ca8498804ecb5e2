group "all" {
  targets = ["node", "prover"]
}
target "common" {
  context = "."
}
target "node" {
  inherits = ["common"]
  target = "runtime"
  args = {BIN = "heron-node", PORT = "7000"}
}
target "prover" {
  inherits = ["common"]
  target = "runtime"
  args = {BIN = "heron-prover", PORT = "7001"}
}
