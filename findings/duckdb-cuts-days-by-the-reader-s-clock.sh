#!/usr/bin/env bash
# On which day two readers of a Parquet file book an amount whose instant is stored in UTC.
#
# Guess: on the UTC day: the column's type says UTC, and a file that was handed on gives the same sums everywhere.
# Really: DuckDB reads such a column as TIMESTAMP WITH TIME ZONE, which is an instant without a zone, and gives it that of the
#   session, that is of the machine: `date_trunc`, `month`, a cast to a date and a comparison with '2026-11-01' all cut
#   there. The same query over the same file books 0.40 of October in November in Tokyo, and 0.10 the other way in New York.
#   Polars keeps the column's UTC, whatever the machine's zone is.
# For us: a bill by day or month is cut in UTC by `ai-usage report`; queries of an export begin with SET TimeZone = 'UTC'.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 polars==2.1.0
cd "$folder"
cat >sums.py <<'PY'
import sys
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import polars

SUM = "SELECT sum(cost) FROM 'usage.parquet' WHERE "
WAYS = ("month(moment) = 11", "moment::date >= '2026-11-01'", "moment >= '2026-11-01'")
costs = {datetime(2026, 10, 31, 23, 30, tzinfo=UTC): "0.40", datetime(2026, 11, 1, 0, 30, tzinfo=UTC): "0.10",
         datetime(2026, 11, 1, 12, tzinfo=UTC): "0.20"}
moment = polars.Series("moment", list(costs), dtype=polars.Datetime("us", "UTC"))
cost = polars.Series("cost", [Decimal(text) for text in costs.values()], dtype=polars.Decimal(22, 12))
polars.DataFrame([moment, cost]).write_parquet("usage.parquet")
base = duckdb.connect()
seen = [base.execute(SUM + way).fetchone()[0] for way in WAYS]
base.execute("SET TimeZone = 'UTC'")
said = base.execute(SUM + WAYS[0]).fetchone()[0]
frame = polars.read_parquet("usage.parquet")
other = frame.filter(polars.col("moment").dt.month() == 11)["cost"].sum()
print("November in", sys.argv[1], "| DuckDB", duckdb.__version__, *map(float, seen), "with a zone", float(said),
      "| Polars", polars.__version__, float(other))
assert seen == [Decimal(sys.argv[2])] * 3 and said == other == Decimal("0.3")
PY
TZ=UTC "$folder/venv/bin/python" sums.py UTC 0.3
TZ=Asia/Tokyo "$folder/venv/bin/python" sums.py Tokyo 0.7
TZ=America/New_York "$folder/venv/bin/python" sums.py "New York" 0.2
