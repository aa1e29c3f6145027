"""What keeps a run as a whole from being made."""


class ClusterError(Exception):
    """The cluster cannot be worked with; the message says why, and what to do."""
