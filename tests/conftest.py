"""How the tests of all parts run: properties take their time, and try the same cases each run.

A build must not fail by chance; ``HYPOTHESIS_SEARCH=1 make test`` looks for new cases, as do
``make oracle`` and ``make interleave``.
"""

import os

from hypothesis import settings

settings.register_profile(
    "steady", deadline=None, derandomize=not os.environ.get("HYPOTHESIS_SEARCH")
)
settings.load_profile("steady")
