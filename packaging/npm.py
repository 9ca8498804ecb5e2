"""npm: a launcher, and a package a platform of which npm installs the one that fits."""

import json

from contents import ROOT, packed

MACHINES = {"x86_64": "x64", "aarch64": "arm64"}
SYSTEMS = {"linux": "linux", "darwin": "darwin", "windows": "win32"}
# What a release is made for: the launcher names them all.
PLATFORMS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64"]


def build_platform(release, out):
    system, machine = SYSTEMS[release.system], MACHINES[release.machine]
    name = f"cachediag-{system}-{machine}"
    about = common(release) | {"name": name, "os": [system], "cpu": [machine], "preferUnplugged": True}
    files = {
        "package.json": (written(about), 0o644),
        f"bin/{release.exe}": (release.program, 0o755),
        "bin/cachediag-judge": (release.judge, 0o755),
    }
    return pack(release, out, name, files)


def build_launcher(release, out):
    about = common(release) | {
        "name": "cachediag",
        "bin": {"cachediag": "bin/cachediag.js"},
        "engines": {"node": ">=14"},
        "optionalDependencies": {f"cachediag-{platform}": release.version for platform in PLATFORMS},
    }
    files = {
        "package.json": (written(about), 0o644),
        "bin/cachediag.js": ((ROOT / "packaging/npm/cachediag.js").read_bytes(), 0o755),
        "README.md": ((ROOT / "README.md").read_bytes(), 0o644),
    }
    return pack(release, out, "cachediag", files)


def common(release):
    cargo = release.cargo
    return {
        "version": release.version,
        "description": cargo["description"],
        "license": cargo["license"],
        "repository": {"type": "git", "url": f"git+{cargo['repository']}.git"},
        "keywords": cargo["keywords"],
    }


def written(about):
    return (json.dumps(about, indent=2) + "\n").encode()


def pack(release, out, name, files):
    files |= {licence: (text, 0o644) for licence, text in release.licences().items()}
    path = out / f"{name}-{release.version}.tgz"
    path.write_bytes(packed({f"package/{inside}": file for inside, file in files.items()}, release.level))
    return path
