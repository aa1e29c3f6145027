"""The page of usage: one file that loads nothing, with a chart, tables and what needs a look."""
