#!/usr/bin/env python3
"""Fills the templates of other package managers (`*.in`) with the version and the hashes of a release.

    packaging/templates.py --sums dist/SHA256SUMS --out dist

Marks: @VERSION@, and of each target @URL:TARGET@ and @SHA256:TARGET@ of its archive.
"""

import argparse
import pathlib
import re
import sys

sys.dont_write_bytecode = True

import tomllib

FOLDER = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sums", type=pathlib.Path, required=True, help="SHA256SUMS of all targets")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    asked = parser.parse_args()

    package = tomllib.loads((FOLDER.parent / "Cargo.toml").read_text())["package"]
    lines = (line.split(maxsplit=1) for line in asked.sums.read_text().splitlines())
    sums = {name: digest for digest, name in lines}
    for template in sorted(FOLDER.glob("*.in")):
        text = filled(template.read_text(), package, sums)
        (asked.out / template.name.removesuffix(".in")).write_text(text)


def filled(text, package, sums):
    version = package["version"]

    def value(mark):
        kind, _, target = mark[1].partition(":")
        if kind == "VERSION":
            return version
        archive = f"cachediag-v{version}-{target}.tar.gz"
        if archive not in sums:
            sys.exit(f"{archive} is not in the list of hashes")
        return sums[archive] if kind == "SHA256" else f"{package['repository']}/releases/download/v{version}/{archive}"

    return re.sub(r"@(VERSION|(?:URL|SHA256):[\w-]+)@", value, text)


if __name__ == "__main__":
    main()
