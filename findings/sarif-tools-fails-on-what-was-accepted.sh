#!/usr/bin/env bash
# Which results of a SARIF file sarif-tools lets a build fail on, and hands on to Code Climate (which GitLab reads).
#
# Guess: those that need somebody. SARIF says of each result whether it was accepted (`suppressions`), is gone since the
#   baseline (`baselineState`), or is no failure (`kind` pass, not applicable or informational); sarif-tools knows the
#   format's finer points too, such as the level that a result has from its rule.
# Really: none of the three is read. What was accepted in the source, with a reason, and what is not there any more, fail
#   `sarif --check` at their level as any other result; a check that was passed is an issue in the Code Climate file, of
#   severity info. A filter that leaves suppressions out can be written; by itself nothing is left out.
# For us: SARIF of ours has silenced findings, marked as accepted, since code hosts show them so; a build is to be failed
#   by the exit status of the command, and GitLab gets the format of its own, which has none of them.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sarif-tools==3.0.5
cd "$folder"
PATH=$folder/venv/bin:$PATH "$folder/venv/bin/python" - <<'PY'
import json
import subprocess
from importlib.metadata import version

ACCEPTED = [{"kind": "inSource", "status": "accepted", "justification": "a fixture"}]
RESULTS = {
    "error by its rule": {},
    "only a note": {"level": "note"},
    "accepted": {"suppressions": ACCEPTED},
    "gone": {"baselineState": "absent"},
    "passed": {"kind": "pass", "level": "none"},
    "informational": {"kind": "informational", "level": "none"},
}


def judged(result):
    """Return whether a file with *result* alone fails a build at errors, and the severities in the Code Climate file."""
    place = {"artifactLocation": {"uri": "shop.py"}, "region": {"startLine": 1}}
    whole = {"ruleId": "R1", "ruleIndex": 0, "message": {"text": "found"}, "locations": [{"physicalLocation": place}]}
    rules = [{"id": "R1", "defaultConfiguration": {"level": "error"}}]
    run = {"tool": {"driver": {"name": "linter", "rules": rules}}, "results": [whole | result]}
    with open("one.sarif", "w") as file:
        json.dump({"version": "2.1.0", "runs": [run]}, file)
    checked = subprocess.run(["sarif", "--check", "error", "summary", "one.sarif"], capture_output=True, text=True)
    assert "Traceback" not in checked.stderr, checked.stderr
    subprocess.run(["sarif", "codeclimate", "-o", "one.json", "one.sarif"], capture_output=True, check=True)
    with open("one.json") as file:
        return checked.returncode != 0, [issue["severity"] for issue in json.load(file)]


seen = {name: judged(result) for name, result in RESULTS.items()}
print("sarif-tools", version("sarif-tools"), "| whether a build fails at errors, issues of Code Climate")
for name, value in seen.items():
    print(f"  {name}: {value}")
assert seen == {
    "error by its rule": (True, ["major"]),
    "only a note": (False, ["info"]),
    "accepted": (True, ["major"]),
    "gone": (True, ["major"]),
    "passed": (False, ["info"]),
    "informational": (False, ["info"]),
}, seen
PY
