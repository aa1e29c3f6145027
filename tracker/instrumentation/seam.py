"""The former name of ``client_patch``, for programs that take the patch off again."""

from tracker.instrumentation.client_patch import unpatch

__all__ = ["unpatch"]
