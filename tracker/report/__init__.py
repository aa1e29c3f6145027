"""Reading stored metrics back: sums by one dimension, as a table, JSON or CSV."""

from tracker.report.query import DIMENSIONS, Row, usage_by, usage_in
from tracker.report.render import FORMATS, render

__all__ = ["DIMENSIONS", "FORMATS", "Row", "render", "usage_by", "usage_in"]
