//! The `cachediag` binary: everything is in [`cachediag::cli`].

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Reading a log makes many small values on several threads, where glibc's allocator takes a sixth of the time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cachediag::cli::run()
}
