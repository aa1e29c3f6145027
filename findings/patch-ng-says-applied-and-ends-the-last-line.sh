#!/usr/bin/env bash
# What three appliers of patches make of a file whose last line has no end, given the diff that git wrote.
#
# Guess: the file that the diff was made from the other side of; one that cannot do it says so. The line
#   "\ No newline at end of file" is in the format for this.
# Really: patch-ng returns True and leaves a file that ends with a line end which neither side has, and where the diff's
#   only change is to take the end away, it returns True and leaves the file as it was. A second `git diff`, or a
#   checksum, shows a change. The lines that whatthepatch gives back have lost the difference. `git apply` keeps it.
# For us: a patch of `--diff` is promised for `git apply`; whoever applies it by these compares bytes afterwards,
#   and the undo journal, which knows the bytes that were written, refuses such a file as changed by others.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check patch-ng==1.19.1 whatthepatch==1.0.7
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import subprocess
from importlib.metadata import version
from pathlib import Path

import patch_ng
import whatthepatch

FILES = {
    "with an end": (b"a = 1\nb = 1\n", b"a = 1\nb = 2\n"),
    "without": (b"a = 1\nb = 1", b"a = 1\nb = 2"),
    "end taken away": (b"a = 1\nb = 1\n", b"a = 1\nb = 1"),
    "end added": (b"a = 1\nb = 1", b"a = 1\nb = 1\n"),
}
subprocess.run(["git", "init", "--quiet", "."], check=True)
shop, seen = Path("shop.py"), {}
for name, (old, new) in FILES.items():
    shop.write_bytes(old)
    subprocess.run(["git", "add", "shop.py"], check=True)
    shop.write_bytes(new)
    diff = subprocess.run(["git", "diff", "shop.py"], check=True, capture_output=True).stdout
    shop.write_bytes(old)
    subprocess.run(["git", "apply"], check=True, input=diff)
    assert shop.read_bytes() == new
    shop.write_bytes(old)
    said = patch_ng.fromstring(diff).apply()
    seen[name] = said, shop.read_bytes() == new, shop.read_bytes().endswith(b"\n")
    lines = whatthepatch.apply_diff(next(whatthepatch.parse_patch(diff.decode())), old.decode())
    assert lines == new.decode().splitlines(), lines
print("patch-ng", version("patch-ng"), "whatthepatch", version("whatthepatch"))
print("  patch-ng: says that it is done, file as git's, ends with a line end:", seen)
assert seen == {
    "with an end": (True, True, True),
    "without": (True, False, True),
    "end taken away": (True, False, True),
    "end added": (True, True, True),
}, seen
PY
