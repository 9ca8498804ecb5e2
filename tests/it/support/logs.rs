//! The smallest logs of a build with a defect and of one without.

/// A build with the docker driver whose cache export is refused: proven by one line of one log.
pub(crate) const SICK: &str = "\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s

#2 [1/2] FROM docker.io/library/alpine:3.20
#2 DONE 0.0s

#3 [2/2] RUN make
#3 DONE 1.2s

#4 exporting to image
#4 DONE 0.1s
ERROR: Cache export is not supported for the docker driver.
Switch to a different driver, or turn on the containerd image store, and try again.
";

/// The same step, answered from the cache.
pub(crate) const HEALTHY: &str = "\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s

#2 [1/2] FROM docker.io/library/alpine:3.20
#2 DONE 0.0s

#3 [2/2] RUN make
#3 CACHED

#4 exporting to image
#4 DONE 0.1s
";
