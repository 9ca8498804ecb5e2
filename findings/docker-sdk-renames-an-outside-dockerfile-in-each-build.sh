#!/bin/sh
# Tool: `docker` 7.1.0 from PyPI, the Docker SDK for Python: what `client.images.build(path=…, dockerfile=…)` sends.
#
# Behaviour: a Dockerfile outside the context is put into the archive under a fresh random name, and that name is
# written into the .dockerignore that is sent with it. So the archive of unchanged files differs in each call, and
# `COPY . .` is never found in a cache, however often the same commit is built on the same machine. Without a
# .dockerignore of its own the context is steady for `COPY`: the one that the SDK makes up lists itself.
#
# One would expect: the context is the files of the folder; where the Dockerfile lies makes no difference to COPY.
#
# Seen:
#   own .dockerignore:  .dockerignore differs in two calls, and does not list itself
#   no .dockerignore:   it lists itself, so that COPY does not see that it differs
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
import sys
from unittest import mock

import docker

work = sys.argv[1]


def sent(folder):
    """What the SDK would send: members of the archive and their bytes."""
    import io
    import tarfile

    client = docker.APIClient(base_url="http://127.0.0.1:1", version="1.41")
    with mock.patch.object(client, "_post") as post:
        post.side_effect = lambda *_, **options: (_ for _ in ()).throw(StopIteration(options["data"].read()))
        try:
            client.build(path=f"{work}/{folder}", dockerfile=f"{work}/Dockerfile")
        except (StopIteration, RuntimeError) as stopped:
            body = stopped.value if isinstance(stopped, StopIteration) else stopped.__cause__.value
    archive = tarfile.open(fileobj=io.BytesIO(body))
    return {member.name: archive.extractfile(member).read().decode() for member in archive if member.isfile()}


for folder in ("with", "without"):
    one, two = sent(folder), sent(folder)
    ignored = one[".dockerignore"].splitlines()
    print(folder, sorted(one), ignored)
    assert one["app.py"] == two["app.py"]
    assert len(one) == 3 and set(one) != set(two), "the Dockerfile has the same name twice"
    assert one[".dockerignore"] != two[".dockerignore"], "the file that is sent is the same"
    assert (".dockerignore" in ignored) == (folder == "without"), "whether it lists itself"
PY
