"""Two applications as people wrote them, run before and after their migration.

``tests/fixtures/projects`` has them; :mod:`.observing` runs their flows against the
loopback server, :mod:`.migrating` migrates a copy, :mod:`.comparing` says what differs.
``make applications`` prints all of it.
"""
