"""What goes into packages: the binary, what it prints about itself, the shared CI script, licences."""

import dataclasses
import functools
import io
import pathlib
import subprocess
import tarfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The first moment that a zip can hold: packages tell no time of their own.
EPOCH = 315532800

COMMANDS = [
    "", "run", "check", "fix", "compare", "trend", "history", "rules", "explain", "mcp", "completions", "records", "judge",
]


@dataclasses.dataclass
class Release:
    binary: pathlib.Path
    target: str
    level: int

    @functools.cached_property
    def cargo(self):
        return tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]

    @property
    def version(self):
        return self.cargo["version"]

    @property
    def machine(self):
        return self.target.split("-")[0]

    @property
    def system(self):
        """linux, darwin or windows."""
        return next(name for name in ["linux", "darwin", "windows"] if name in self.target)

    @property
    def is_static(self):
        return "musl" in self.target

    @property
    def exe(self):
        return "cachediag.exe" if self.system == "windows" else "cachediag"

    @functools.cached_property
    def program(self):
        return self.binary.read_bytes()

    @functools.cached_property
    def judge(self):
        return (ROOT / "integrations/judge.sh").read_bytes()

    @functools.cached_property
    def manual(self):
        """Pages by name: cachediag.1, cachediag-fix.1, …"""
        names = {command: "-".join(["cachediag", command]).rstrip("-") + ".1" for command in COMMANDS}
        return {name: self.printed("man", *filter(None, [command])) for command, name in names.items()}

    def completions(self, shell):
        return self.printed("completions", shell)

    def printed(self, *arguments):
        return subprocess.run([self.binary.resolve(), *arguments], check=True, capture_output=True).stdout

    def licences(self):
        return {name: (ROOT / name).read_bytes() for name in ["LICENSE-MIT", "LICENSE-APACHE"]}


def packed(files, level):
    """A .tar.gz of {name: (bytes, mode)}, with no owner and no time; folders as they are needed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=level, format=tarfile.GNU_FORMAT) as archive:
        for folder in sorted({str(parent) for name in files for parent in pathlib.PurePosixPath(name).parents} - {"."}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, EPOCH
            archive.addfile(entry)
        for name, (data, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), mode, EPOCH
            archive.addfile(entry, io.BytesIO(data))
    packed = bytearray(out.getvalue())
    packed[4:8] = bytes(4)  # the time of packing, in the head of gzip
    return bytes(packed)
