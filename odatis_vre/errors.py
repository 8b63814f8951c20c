"""What can go wrong, in words a researcher can act on.

Every error of the library is an `OdatisError`: its text says what is wrong and with which value,
its `hint` says what to do next.
"""

__all__ = [
    "CatalogError",
    "ClusterError",
    "DataNotFound",
    "HubError",
    "MatchupError",
    "NicheError",
    "OdatisError",
    "RunError",
    "SaveError",
    "SettingsError",
    "StartError",
]


class OdatisError(Exception):
    """An error with a way out.

    Parameters
    ----------
    message : str
        What is wrong, with which value.
    hint : str, optional
        What to do; shown on a line of its own.
    """

    def __init__(self, message: str, hint: str | None = None):
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def __reduce__(self):
        return type(self), (self.message, self.hint)


class SettingsError(OdatisError):
    """A key or a value of `vre.yaml` is wrong."""


class CatalogError(OdatisError):
    """A catalogue file or an entry cannot be read."""


class DataNotFound(CatalogError):  # noqa: N818 - a public name of the design
    """Nothing matches; the hint names the nearest that exists."""


class MatchupError(OdatisError):
    """Observations cannot be matched to a grid."""


class NicheError(OdatisError, ValueError):
    """A niche model cannot be fitted or applied."""


class ClusterError(OdatisError):
    """A Dask cluster did not start, or was lost."""


class SaveError(OdatisError):
    """A dataset cannot be written."""


class RunError(OdatisError):
    """A notebook run failed or cannot start."""


class HubError(OdatisError):
    """The hub refused to start or stop a server of the user, or does not answer."""


class StartError(OdatisError):
    """The embedded VRE cannot start or stop."""
