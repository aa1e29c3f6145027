#!/usr/bin/env bash
# What one would guess: `Client.run(function)`, which calls a function on every worker of a Dask cluster, waits for
# a worker where there is none yet, or says that nobody answered. A cluster that grows with its work, or whose
# nannies are starting killed workers again, has none for a second or two.
#
# What happens: it returns an empty dict at once. "Every worker has the same version" is then true of nobody, and
# so is "some worker has another one", by the way one happens to write the question; work that is submitted next
# goes to workers that were never asked.
#
# What it means for us: `--executor dask=ADDRESS` compares the code of its workers before it gives them anything.
# It waits for a first worker, and each task compares again where it runs: workers join at any time.
#
# Needs network access to PyPI (distributed 2026.8.0). Exits with 1 if the behaviour is another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'dask==2026.8.0' 'distributed==2026.8.0'
cat >"$folder/ask.py" <<'PROGRAM'
import sys
from importlib.metadata import version

from distributed import Client, LocalCluster


def answer():
    return "asked"


if __name__ == "__main__":
    with LocalCluster(n_workers=0, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            nobody = client.run(answer)
            all_agree = all(one == "something else" for one in nobody.values())
            cluster.scale(1)
            client.wait_for_workers(1)
            somebody = list(client.run(answer).values())
    print("CPython", sys.version.split()[0], "distributed", version("distributed"))
    print("without a worker:", nobody, "- all of them said something else:", all_agree)
    print("with one:", somebody)
    sys.exit(0 if nobody == {} and all_agree and somebody == ["asked"] else 1)
PROGRAM
"$folder/venv/bin/python" "$folder/ask.py"
