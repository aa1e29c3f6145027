"""How the tests of all parts run: properties take their time, and try the same cases each run.

A build must not fail by chance; ``HYPOTHESIS_SEARCH=1 make test`` looks for new cases, as do
``make oracle`` and ``make interleave``.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady",
    deadline=None,
    derandomize=not os.environ.get("HYPOTHESIS_SEARCH"),
    suppress_health_check=[HealthCheck.too_slow],  # the machine may be busy
)
settings.load_profile("steady")
