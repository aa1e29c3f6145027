"""From settled calls to stores, off the program's path: a writer, a spool, and a sender.

::

    block ends -> accept -> [queue] -> writer: price, build -> SQLite, or the spool
                                                               spool -> sender -> remote store
"""
