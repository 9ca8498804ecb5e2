#!/usr/bin/env python3
"""Makes every package of one target from one binary that is there already.

    packaging/release.py --binary target/x86_64-unknown-linux-musl/release/cachediag \
        --target x86_64-unknown-linux-musl --out dist

Writes a tarball, a wheel, the two npm packages, a .deb (Linux) and SHA256SUMS. Needs Python alone; the same input gives the same
bytes. The binary must run here: it prints the manual pages and completions that go into the packages.
"""

import argparse
import hashlib
import pathlib
import sys

sys.dont_write_bytecode = True

import deb
import npm
import tarball
import wheel
from contents import Release

BUILDERS = [tarball.build, wheel.build, npm.build_platform, npm.build_launcher, deb.build]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--target", required=True, help="triple of Rust that the binary was built for")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--level", type=int, default=9, help="of compression")
    asked = parser.parse_args()

    asked.out.mkdir(parents=True, exist_ok=True)
    release = Release(asked.binary, asked.target, asked.level)
    made = [path for build in BUILDERS if (path := build(release, asked.out))]
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(made)]
    (asked.out / "SHA256SUMS").write_text("".join(sums))
    print("".join(sums), end="")


if __name__ == "__main__":
    main()
