"""The records that the stages of the codemods hand to one another.

Everything here is frozen and picklable: a stage is a function from records to
records, whether it runs in this process or in a worker.  No syntax tree of any
kind is stored in a record.
"""
