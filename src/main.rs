//! The `cachediag` binary: everything is in [`cachediag::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    cachediag::cli::run()
}
