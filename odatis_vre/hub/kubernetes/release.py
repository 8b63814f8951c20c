"""The release that a pod belongs to: its values and the facts that Helm knows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from odatis_vre.errors import SettingsError
from odatis_vre.hub.kubernetes.values import Values
from odatis_vre.settings_file import mistakes

__all__ = ["Release", "read_values"]

VALUES = Path("/etc/odatis-vre/values.json")


@dataclass(frozen=True)
class Release:
    """What Helm calls this VRE.

    Parameters
    ----------
    name : str
        Name of the release.
    namespace : str
        Namespace of everything in it.
    version : str
        Version of the chart's images.
    """

    name: str = "vre"
    namespace: str = "default"
    version: str = version("odatis-vre")

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Release":
        """The release that the chart writes into a pod's environment.

        Parameters
        ----------
        environment : mapping of str to str
            With `ODATIS_VRE_RELEASE`, `ODATIS_VRE_NAMESPACE`, `ODATIS_VRE_VERSION`.
        """
        return cls(
            name=environment.get("ODATIS_VRE_RELEASE", cls.name),
            namespace=environment.get("ODATIS_VRE_NAMESPACE", cls.namespace),
            version=environment.get("ODATIS_VRE_VERSION", cls.version),
        )


def read_values(path: Path = VALUES) -> Values:
    """The values of the release, from the file that the chart mounts.

    Helm keeps no order of keys, so the profiles are put in the order of their size.

    Parameters
    ----------
    path : Path, optional

    Raises
    ------
    SettingsError
        A key or a value is wrong: a line a mistake.
    """
    try:
        values = Values.model_validate(json.loads(path.read_text("utf-8")))
    except ValidationError as error:
        raise SettingsError(mistakes(error, path, model=Values, at=("vre",))) from None
    ordered = sorted(values.vre.profiles.items(), key=lambda item: (item[1].memory, item[1].cores, item[0]))
    return values.model_copy(update={"vre": values.vre.model_copy(update={"profiles": dict(ordered)})})
