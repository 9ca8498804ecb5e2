#!/bin/sh
# Tool: `docker` 7.1.0 from PyPI, the Docker SDK for Python: what `client.images.build(path=…, dockerfile=…)` sends.
#
# Behaviour: a Dockerfile outside the context is put into the archive under a fresh random name, and that name is
# written into the .dockerignore that is sent with it. Where the context has a .dockerignore that does not list
# itself, the archive of unchanged files has other bytes in each call, and `COPY . .` is never found in a cache,
# however often one commit is built on one machine. Without a .dockerignore the one that the SDK makes up lists
# itself, so that COPY does not see it.
#
# One would expect: the context is the files of the folder; where the Dockerfile lies makes no difference to COPY.
#
# Seen, of two calls each:
#   own .dockerignore:  its text differs, and it is part of the context
#   no .dockerignore:   its text differs, and it is left out of the context
#
# Exits 1 where this is not so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install docker==7.1.0

mkdir "$work/with" "$work/without"
echo 'print("hello")' | tee "$work/with/app.py" >"$work/without/app.py"
echo 'node_modules' >"$work/with/.dockerignore"
printf 'FROM scratch\nCOPY . /src\n' >"$work/Dockerfile"

"$work/venv/bin/python" - "$work" <<'PY'
import io
import sys
import tarfile

import docker

work = sys.argv[1]


class Sent(Exception):
    """The request that would go to the daemon."""


class Client(docker.APIClient):
    def _post(self, url, **request):
        raise Sent(request["data"].read())


def sent(folder):
    try:
        Client(base_url="http://127.0.0.1:1", version="1.41").build(
            path=f"{work}/{folder}", dockerfile=f"{work}/Dockerfile"
        )
    except Sent as request:
        archive = tarfile.open(fileobj=io.BytesIO(request.args[0]))
        return {member.name: archive.extractfile(member).read().decode() for member in archive}


for folder in ("with", "without"):
    one, two = sent(folder), sent(folder)
    ignored = one[".dockerignore"].splitlines()
    print(folder, sorted(one), ignored)
    assert one["app.py"] == two["app.py"]
    assert one[".dockerignore"] != two[".dockerignore"], "the file that is sent is the same"
    assert (".dockerignore" in ignored) == (folder == "without"), "whether it lists itself"
PY
