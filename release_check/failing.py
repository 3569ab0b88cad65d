"""What a check says that does not pass."""


class CheckFailedError(Exception):
    """Something of the release is not as it must be."""
