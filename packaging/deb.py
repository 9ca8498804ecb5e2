"""The .deb: an `ar` archive of two tarballs, <https://manpages.debian.org/deb.5>."""

import gzip

from contents import EPOCH, ROOT, packed

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
# What a binary of Debian 12 asks for; a static one needs nothing.
NEEDS = "Depends: libc6 (>= 2.34), libgcc-s1\n"


def build(release, out):
    if release.system != "linux":
        return None
    machine = MACHINES[release.machine]
    files = contents(release)
    size = sum(len(data) for data, _ in files.values()) // 1024
    control = (
        f"Package: cachediag\nVersion: {release.version}\nArchitecture: {machine}\n"
        "Maintainer: cachediag <maintainers@cachediag.invalid>\nSection: devel\nPriority: optional\n"
        f"Installed-Size: {size}\n{'' if release.is_static else NEEDS}Homepage: {release.cargo['repository']}\n"
        "Description: explains why Docker build caches fail in CI\n"
        " Reads logs of builds that already ran, names the root cause of cache misses,\n"
        " quotes the log lines that show it, and gives a fix to paste.\n"
    )
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": packed({"control": (control.encode(), 0o644)}, release.level),
        "data.tar.gz": packed(files, release.level),
    }
    path = out / f"cachediag_{release.version}_{machine}.deb"
    path.write_bytes(b"!<arch>\n" + b"".join(member(name, data) for name, data in parts.items()))
    return path


def contents(release):
    share = "usr/share"
    licences = release.licences()
    copyright = b"".join(licences[name] + b"\n" for name in sorted(licences))
    files = {
        "usr/bin/cachediag": (release.program, 0o755),
        "usr/bin/cachediag-judge": (release.judge, 0o755),
        f"{share}/bash-completion/completions/cachediag": (release.completions("bash"), 0o644),
        f"{share}/zsh/vendor-completions/_cachediag": (release.completions("zsh"), 0o644),
        f"{share}/fish/vendor_completions.d/cachediag.fish": (release.completions("fish"), 0o644),
        f"{share}/doc/cachediag/copyright": (copyright, 0o644),
        f"{share}/doc/cachediag/changelog.gz": (zipped((ROOT / "CHANGELOG.md").read_bytes()), 0o644),
    }
    files |= {f"{share}/man/man1/{page}.gz": (zipped(text), 0o644) for page, text in release.manual.items()}
    return files


def zipped(text):
    return gzip.compress(text, 9, mtime=0)


def member(name, data):
    head = f"{name:<16}{EPOCH:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
    return head + data + b"\n" * (len(data) % 2)
