"""What the cluster says when it cannot go on."""


class OneNodeError(Exception):
    """A thing that is missing or went wrong, in one sentence that says what to do."""
