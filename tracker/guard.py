"""The former name of ``tracker.error_boundary``, for programs that look at its counts."""

from tracker.error_boundary import counts

__all__ = ["counts"]
