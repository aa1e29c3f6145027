"""A small receipt service that tracks its AI usage the old way.

It is the input of ``make demo``: the demo runs it as it stands, migrates a copy with
``python -m codemods.migrate`` and runs the copy.  It is kept in the legacy form on purpose.
"""
