# Written to the documented form.
target "default" {
  cache-from = ["type=gha"]
  cache-to   = ["type=gha,mode=max"]
}
