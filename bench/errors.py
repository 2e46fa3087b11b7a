"""What can go wrong in the bench."""


class BenchError(Exception):
    """Something could not be measured; the message says why."""
