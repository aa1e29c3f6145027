"""What stops one repository of a campaign, and no other."""


class RepositoryFailed(Exception):
    """A repository was left; the message says why, ``stage`` where, ``advice`` what to do."""

    def __init__(self, stage: str, message: str, advice: str) -> None:
        super().__init__(message)
        self.stage = stage
        self.advice = advice
