//! What tools print while they fetch the packages that a program depends on.
//!
//! Sources: `golang/go` `cmd/go/internal/modfetch/fetch.go`; `rust-lang/cargo`
//! `src/cargo/sources/registry`, `core/package.rs`; `apache/maven`
//! `ConsoleMavenTransferListener`; `gradle/gradle` `wrapper/Download.java`; `NuGet/NuGet.Client`
//! `Strings.resx`; `swiftlang/swift-package-manager` `Workspace`.

/// It says that a package is fetched, or is about to be.
pub(super) fn are_told(output: &[u8]) -> bool {
    const STARTS: [&[u8]; 14] = [
        // `go: downloading github.com/gin-gonic/gin v1.9.1`
        b"go: downloading ",
        b"Updating crates.io index",
        b"Updating git repository ",
        b"Downloading crates ...",
        b"Downloaded ",
        b"Downloading from ",
        b"[INFO] Downloading from ",
        // `Downloading https://services.gradle.org/distributions/gradle-8.5-bin.zip`
        b"Downloading https://",
        b"Download https://",
        b"Determining projects to restore...",
        b"Restored /",
        // `Fetching https://github.com/apple/swift-log.git from cache`
        b"Fetching https://",
        b"[info] downloading https://",
        b"downloading https://",
    ];
    let said = output.trim_ascii_start();
    STARTS.iter().any(|start| said.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::are_told;

    #[test]
    fn downloads_are_told_from_other_output() {
        for told in [
            "go: downloading golang.org/x/net v0.17.0",
            "    Updating crates.io index",
            "[INFO] Downloading from central: https://repo.maven.apache.org/maven2/a.pom",
            "  Determining projects to restore...",
        ] {
            assert!(are_told(told.as_bytes()), "{told}");
        }
        for other in ["go: finding module", "   Compiling serde v1.0.0", "[INFO] Scanning", ""] {
            assert!(!are_told(other.as_bytes()), "{other}");
        }
    }
}
