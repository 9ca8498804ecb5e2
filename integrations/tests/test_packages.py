"""Packages installed by the program that people install them with, in a bare place."""

import os
import re
import sys
import tomllib

import yaml
from conftest import PROGRAM, ROOT, run

WANTED = ["--format", "json", "sample-logs/every-second-run"]


def said(*program, env=None):
    return run(*program, *WANTED, cwd=ROOT, env=env or {})


def test_wheel(tmp_path, packages):
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    pip = tmp_path / "venv/bin/pip"
    run(pip, "install", "--quiet", "--no-index", "--find-links", packages, "cachediag")
    assert said(tmp_path / "venv/bin/cachediag") == said(PROGRAM)
    # The binary itself, with no Python in between.
    assert (tmp_path / "venv/bin/cachediag").read_bytes()[:4] == b"\x7fELF"
    run(pip, "uninstall", "--quiet", "--yes", "cachediag")
    assert not (tmp_path / "venv/bin/cachediag").exists()


def test_npm(tmp_path, packages):
    (tmp_path / "package.json").write_text("{}")
    archives = sorted(packages.glob("*.tgz"), key=lambda path: len(path.name), reverse=True)
    run("npm", "install", "--offline", "--no-audit", "--no-fund", *archives, cwd=tmp_path)
    assert said(tmp_path / "node_modules/.bin/cachediag") == said(PROGRAM)


def test_deb(tmp_path, packages):
    (package,) = packages.glob("*.deb")
    run("dpkg-deb", "--extract", package, tmp_path)
    assert said(tmp_path / "usr/bin/cachediag") == said(PROGRAM)
    listed = run("dpkg-deb", "--contents", package)
    assert "usr/share/man/man1/cachediag.1" in listed and "bash-completion" in listed


def test_tarball(tmp_path, packages):
    (archive,) = packages.glob("*.tar.gz")
    run("tar", "-xzf", archive, "--strip-components", "1", cwd=tmp_path)
    assert said(tmp_path / "cachediag", env={"HOME": os.devnull}) == said(PROGRAM)
    run("sha256sum", "--check", "--quiet", "SHA256SUMS", cwd=packages)


TARGETS = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
]


def test_templates_of_other_package_managers(tmp_path):
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]
    sums = {target: f"{number:064x}" for number, target in enumerate(TARGETS, start=1)}
    lines = [f"{digest}  cachediag-v{version}-{target}.tar.gz\n" for target, digest in sums.items()]
    (tmp_path / "SHA256SUMS").write_text("".join(lines))
    fill = (sys.executable, ROOT / "packaging/templates.py", "--out", tmp_path, "--sums", tmp_path / "SHA256SUMS")
    run(*fill)

    mise = tomllib.loads((tmp_path / "mise.toml").read_text())["tools"]["http:cachediag"]
    assert mise["version"] == version
    assert {platform["checksum"] for platform in mise["platforms"].values()} == {f"sha256:{d}" for d in sums.values()}
    (aqua,) = yaml.safe_load((tmp_path / "aqua.yaml").read_text())["packages"]
    names = {"Version": f"v{version}", "Arch": "x86_64", "OS": aqua["replacements"]["linux"], "Format": aqua["format"]}
    asset = re.sub(r"{{\.(\w+)}}", lambda mark: names[mark[1]], aqua["asset"])
    assert asset == f"cachediag-v{version}-x86_64-unknown-linux-musl.tar.gz"
    formula = (tmp_path / "homebrew.rb").read_text()
    assert sums["x86_64-unknown-linux-musl"] in formula and "@VERSION" not in formula and "@SHA256" not in formula

    (tmp_path / "SHA256SUMS").write_text(lines[0])
    assert "is not in the list of hashes" in run(*fill, status=1)
