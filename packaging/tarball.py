"""The archive that `cargo binstall`, Homebrew, mise and people with curl fetch."""

from contents import ROOT, packed


def build(release, out):
    name = f"cachediag-v{release.version}-{release.target}"
    files = {
        release.exe: (release.program, 0o755),
        "cachediag-judge": (release.judge, 0o755),
        "README.md": ((ROOT / "README.md").read_bytes(), 0o644),
        "completions/cachediag.bash": (release.completions("bash"), 0o644),
        "completions/_cachediag": (release.completions("zsh"), 0o644),
        "completions/cachediag.fish": (release.completions("fish"), 0o644),
    }
    files |= {f"man/{page}": (text, 0o644) for page, text in release.manual.items()}
    files |= {licence: (text, 0o644) for licence, text in release.licences().items()}
    path = out / f"{name}.tar.gz"
    path.write_bytes(packed({f"{name}/{inside}": file for inside, file in files.items()}, release.level))
    return path
