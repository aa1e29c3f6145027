#!/usr/bin/env bash
# What readers of a Parquet file can do with a column of amounts, by how wide its decimals may be.
#
# Guess: the widest type, decimal128(38, 12), is the safe choice for money: it holds whatever comes, and takes no right
#   away from who reads it.
# Really: Arrow gives each result a type that holds any such result, and has none that is wider than 38. A column of 38
#   digits can be summed, and can neither be added to another, subtracted from one, nor multiplied by a rate, as
#   small as the values may be; the same in pandas by Arrow's types. With 22 digits these work, and only a
#   product with 64-bit whole numbers, which count as 19 digits, needs a cast. DuckDB and Polars multiply all of them
#   (the latter cuts off what is behind the 12th place), and their averages are binary floats.
# For us: an export has 22 digits, a thousand times the largest amount of the SQLite store; `sum` widens by itself.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pyarrow==26.0.1 duckdb==2.0.1 polars==2.1.0 pandas==3.1.1
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from decimal import Decimal

import duckdb
import pandas
import polars
import pyarrow
from pyarrow import compute, parquet

RATE, COSTS = Decimal("0.92"), [Decimal("0.1"), Decimal("0.2"), Decimal("0.200000000001")]


def done(work):
    try:
        work()
    except pyarrow.ArrowInvalid as error:
        return str(error).rpartition(" ")[2]
    return True


def by_arrow(digits):
    cost = pyarrow.array(COSTS, pyarrow.decimal128(digits, 12))
    parquet.write_table(pyarrow.table({"cost": cost, "calls": [1, 2, 3]}), "usage.parquet")
    table = parquet.read_table("usage.parquet")
    frame = pandas.read_parquet("usage.parquet", dtype_backend="pyarrow")
    return {
        "sum": done(lambda: compute.sum(table["cost"])),
        "cost + cost": done(lambda: compute.add(table["cost"], table["cost"])),
        "cost - cost in pandas": done(lambda: frame.cost - frame.cost),
        "cost * rate": done(lambda: compute.multiply(table["cost"], RATE)),
        "cost * calls": done(lambda: compute.multiply(table["cost"], table["calls"])),
        "cost * calls of 32 bits": done(lambda: compute.multiply(table["cost"], table["calls"].cast("int32"))),
    }


versions = (module.__name__ + " " + module.__version__ for module in (pyarrow, duckdb, polars, pandas))
print(*versions, "| True, or the digits that a result would need:")
seen = {digits: by_arrow(digits) for digits in (22, 38)}
for digits, told in seen.items():
    print(f"  {digits} digits:", told)
mean = compute.mean(parquet.read_table("usage.parquet")["cost"]).as_py()
(by_duckdb,) = duckdb.sql(f"select sum(cost * {RATE}), avg(cost) from 'usage.parquet'").fetchall()
cost = polars.col("cost")
by_polars = polars.read_parquet("usage.parquet").select((cost * RATE).sum().alias("sum"), cost.mean()).row(0)
print("  of 38 digits, the sum by a rate and the average: DuckDB", *by_duckdb, "Polars", *by_polars, "Arrow", mean)
assert list(seen[22].values()) == [True, True, True, True, "42", True], seen
assert list(seen[38].values()) == [True, "39", "39", "41", "58", "49"], seen
assert mean == Decimal("0.166666666667") and type(by_duckdb[1]) is type(by_polars[1]) is float
PY
