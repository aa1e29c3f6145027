#!/usr/bin/env bash
# What linters find in valid code where the environment makes warnings errors (PYTHONWARNINGS=error, as test jobs have it).
#
# Guess: the setting is about the linter's own code; the file is data to it, and its findings are the same.
# Really: the parser asks the filters of the process that parses. Code with a regular expression in plain quotes ("\d") is
#   valid and runs, and `ast.parse` raises SyntaxError for it, of the plain class, with nothing of a warning about it.
#   pyflakes, flake8 and vulture then tell of an invalid escape sequence and of nothing else: the undefined name and the
#   unused import, which they find otherwise, are no longer told. What only the compiler warns of (`1 is 1`) is parsed. LibCST,
#   which has a parser of its own, does not notice.
# For us: files are parsed with all warnings ignored, whatever the environment says; an error that told of a file as
#   invalid would leave it out of a migration, and what depends on it would be decided without it.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyflakes==4.1.0 flake8==7.5.0 vulture==2.16 libcst==1.9.0
cd "$folder"
env -u PYTHONWARNINGS "$folder/venv/bin/python" - <<'PY'
import os
import subprocess
import sys
from importlib.metadata import version

VALID = 'import re\nimport os\n\n\ndef digits(text):\n    return re.findall("\\d", text), missing\n'
PARSE = "import ast; ast.parse(open('valid.py').read())"
TOOLS = {
    "ast.parse": ["-c", PARSE],
    "ast.parse of `1 is 1`": ["-c", "import ast; ast.parse('1 is 1')"],
    "libcst": ["-c", PARSE.replace("ast.parse", "libcst.parse_module").replace("import ast", "import libcst")],
    "pyflakes": ["-m", "pyflakes", "valid.py"],
    "flake8": ["-m", "flake8", "--isolated", "--select", "E9,F", "valid.py"],
    "vulture": ["-m", "vulture", "valid.py"],
}
# What each tool may say of it, in the words that all share.
WORDS = ("invalid escape sequence", "unused import", "undefined name")


def told(command, warnings):
    environment = os.environ | ({"PYTHONWARNINGS": warnings} if warnings else {})
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "Warning:" not in line]
    said = "\n".join(lines).replace("imported but unused", "unused import")
    return [word for word in WORDS if word in said]


with open("valid.py", "w") as file:
    file.write(VALID)
compile(VALID, "valid.py", "exec")
print("python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("pyflakes", "flake8", "vulture", "libcst")))
seen = {name: (told(command, ""), told(command, "error")) for name, command in TOOLS.items()}
for name, (usual, strict) in seen.items():
    print(f"  {name}: {usual} | where warnings are errors: {strict}")
invalid, unused, undefined = ([word] for word in WORDS)
assert seen == {
    "ast.parse": ([], invalid),
    "ast.parse of `1 is 1`": ([], []),
    "libcst": ([], []),
    "pyflakes": (unused + undefined, invalid),
    "flake8": (unused + undefined, invalid),
    "vulture": (unused, invalid),
}, seen
PY
