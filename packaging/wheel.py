"""The wheel: the binary itself lies in bin/, no Python stands between (`pip install cachediag`, `uvx cachediag`)."""

import base64
import hashlib
import time
import zipfile

from contents import EPOCH, ROOT

# A static binary runs with any C library; one that needs glibc is tagged for this machine only, which PyPI does not take.
TAGS = {
    "x86_64-unknown-linux-musl": "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
    "aarch64-unknown-linux-musl": "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
    "x86_64-unknown-linux-gnu": "linux_x86_64",
    "aarch64-unknown-linux-gnu": "linux_aarch64",
    "x86_64-apple-darwin": "macosx_10_12_x86_64",
    "aarch64-apple-darwin": "macosx_11_0_arm64",
    "x86_64-pc-windows-msvc": "win_amd64",
}


def build(release, out):
    tags = TAGS[release.target]
    info, scripts = f"cachediag-{release.version}.dist-info", f"cachediag-{release.version}.data/scripts"
    files = {
        f"{scripts}/{release.exe}": (release.program, 0o755),
        f"{scripts}/cachediag-judge": (release.judge, 0o755),
        f"{info}/METADATA": (metadata(release).encode(), 0o644),
        f"{info}/WHEEL": (wheel(tags).encode(), 0o644),
    }
    files |= {f"{info}/licenses/{name}": (text, 0o644) for name, text in release.licences().items()}
    record = "".join(f"{name},sha256={digest(data)},{len(data)}\n" for name, (data, _) in files.items())
    files[f"{info}/RECORD"] = (f"{record}{info}/RECORD,,\n".encode(), 0o644)

    path = out / f"cachediag-{release.version}-py3-none-{tags}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=release.level) as archive:
        for name, (data, mode) in files.items():
            entry = zipfile.ZipInfo(name, time.gmtime(EPOCH)[:6])
            entry.external_attr, entry.create_system = (0o100000 | mode) << 16, 3
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, release.level)
    return path


def metadata(release):
    cargo = release.cargo
    return (
        f"Metadata-Version: 2.4\nName: cachediag\nVersion: {release.version}\nSummary: {cargo['description']}\n"
        f"License-Expression: {cargo['license']}\nLicense-File: LICENSE-MIT\nLicense-File: LICENSE-APACHE\n"
        f"Keywords: {','.join(cargo['keywords'])}\nProject-URL: Source, {cargo['repository']}\n"
        "Requires-Python: >=3.7\nDescription-Content-Type: text/markdown\n\n" + (ROOT / "README.md").read_text()
    )


def wheel(tags):
    each = "".join(f"Tag: py3-none-{tag}\n" for tag in tags.split("."))
    return f"Wheel-Version: 1.0\nGenerator: cachediag packaging\nRoot-Is-Purelib: false\n{each}"


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
