//! The `cachediag` binary: everything is in [`cachediag::cli`].

use std::process::ExitCode;

/// Reading a log makes many small values on several threads. glibc's allocator takes a sixth of the
/// time for them, and keeps more memory than there is data.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cachediag::cli::run()
}
