"""Records that are on disk and not yet in every store they are meant for."""

from tracker.spool.outbox import Leased, Spool, SpoolFullError, default_spool

__all__ = ["Leased", "Spool", "SpoolFullError", "default_spool"]
