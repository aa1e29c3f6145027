#!/usr/bin/env bash
# What four readers of JSON lines make of ids that are strings, in a log whose writer quoted them.
#
# Guess: JSON tells strings from numbers, so a reader has nothing to guess: "0042" in quotes stays these four characters.
# Really: pandas makes numbers of a column of strings that all look so: zeros in front are gone, "1e5" is 100000.0, and
#   where one value in the column is missing, two ids of 18 digits become the same float: a sum by user adds two users up.
#   Where the column's name ends with _at it makes times of them. DuckDB makes a day of an id like "2026-11-30" and a UUID
#   of another, in small letters, so that it no longer joins with the text elsewhere; Arrow makes a time of the day.
#   Polars leaves all as they are. Each of the three has an option to be told the types, none of them warns.
# For us: reports read the log with the standard library's json; who wants frames takes the Parquet export, whose columns
#   have their types.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0
cd "$folder"
"$folder/venv/bin/python" -W error - <<'PY'
import json

import duckdb
import pandas
import polars
import pyarrow
from pyarrow import json as arrow

COLUMNS = {
    "zeros": ["0042", "0043", "0044"],
    "exponent": ["1e5", "2e5", "3e5"],
    "user_id": ["100000000000000001", "100000000000000002", None],
    "given_at": ["1700000001", "1700000002", "1700000003"],
    "day": ["2026-11-28", "2026-11-29", "2026-11-30"],
    "uuid": [f"550E8400-E29B-41D4-A716-44665544000{n}" for n in range(3)],
}
with open("log.jsonl", "w") as file:
    for row in zip(*COLUMNS.values()):
        print(json.dumps(dict(zip(COLUMNS, row))), file=file)

table = duckdb.connect().execute("select * from 'log.jsonl'")
names, rows = [one[0] for one in table.description], table.fetchall()
frame = pandas.read_json("log.jsonl", lines=True)
read = {
    f"pandas {pandas.__version__}": {name: list(frame[name]) for name in COLUMNS},
    f"duckdb {duckdb.__version__}": {name: list(column) for name, column in zip(names, zip(*rows))},
    f"pyarrow {pyarrow.__version__}": arrow.read_json("log.jsonl").to_pydict(),
    f"polars {polars.__version__}": polars.read_ndjson("log.jsonl").to_dict(as_series=False),
}
changed = {}
for reader, columns in read.items():
    changed[reader.split()[0]] = [name for name in COLUMNS if columns[name] != COLUMNS[name]]
    print(f"{reader}:", {name: str(columns[name][0]) for name in COLUMNS if columns[name] != COLUMNS[name]} or "as written")
users = frame.groupby("user_id").size().to_dict()
print("calls by user in pandas, of two users with one each:", users)
assert changed == {
    "pandas": ["zeros", "exponent", "user_id", "given_at"], "duckdb": ["day", "uuid"], "pyarrow": ["day"], "polars": [],
}, changed
assert list(users.values()) == [2], users
assert read[f"pandas {pandas.__version__}"]["zeros"][0] == 42
assert str(read[f"duckdb {duckdb.__version__}"]["uuid"][0]) == COLUMNS["uuid"][0].lower()
PY
