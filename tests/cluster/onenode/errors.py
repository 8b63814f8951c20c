"""What the cluster says when it cannot go on."""


class OneNodeError(Exception):
    """A thing that is missing or went wrong, in one sentence that says what to do.

    Parameters
    ----------
    english, french : str
        The sentence in both languages: both are shown, since this speaks before any setting is read.
    """

    def __init__(self, english: str, french: str):
        super().__init__(f"{english} / {french}")


class MissingError(OneNodeError):
    """A program or file that `python -m onenode tools` installs."""

    def __init__(self, name: str):
        tools = "`python -m onenode tools`"
        super().__init__(
            f"{name} is missing: {tools} installs what the cluster needs.",
            f"{name} manque : {tools} installe ce qu'il faut au cluster.",
        )
