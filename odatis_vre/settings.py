"""What a VRE is: one model tree, read from `vre.yaml` on a laptop and from the chart's `vre:` block.

Units are in the field descriptions. A wrong key or value is a `SettingsError` that names the line,
the key, the value and what is allowed.
"""

import ipaddress
import math
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

__all__ = ["BEYOND_THIS_MACHINE", "Profile", "Settings", "Text", "size_text"]

BEYOND_THIS_MACHINE = "I accept that everyone with the password can run programs on this machine"
PAGE = r"^/"
_SIZES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([KMGT]?)i?B?"


def _bytes(value: object) -> object:
    if isinstance(value, str):
        if not (match := re.fullmatch(_SIZE, value.strip())):
            raise ValueError("size")
        return math.ceil(float(match[1]) * _SIZES[match[2]])
    return value


def size_text(count: int) -> str:
    """A number of bytes as people write it in `vre.yaml`: 512M, 2G, 1.5G; a crooked one in bytes.

    Examples
    --------
    >>> size_text(3 * 2**29), size_text(1000)
    ('1.5G', '1000')
    """
    for unit in "TGMK":
        number = round(count / _SIZES[unit], 3)
        if count >= _SIZES[unit] and number * _SIZES[unit] == count:
            return f"{number:g}{unit}"
    return str(count)


Memory = Annotated[
    int,
    BeforeValidator(_bytes),
    PlainSerializer(size_text, when_used="json"),
    Field(gt=0),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "exclusiveMinimum": 0, "maximum": 2**63},
                {"type": "string", "pattern": f"^{_SIZE}$", "not": {"pattern": r"^[0.]+[^0-9.]*$"}},
            ]
        }
    ),
]
Key = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
UserName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._@+-]*$")]
Url = Annotated[str, Field(pattern=r"^https?://")]


_IMAGE = r"^[^\s@]+(@sha256:[0-9a-f]{64}|:[0-9A-Za-z_][0-9A-Za-z_.-]{0,127})$"
_LATEST = ":latest$"


def _exact_image(value: str) -> str:
    if not re.search(_IMAGE, value) or re.search(_LATEST, value):
        raise ValueError("image")
    return value


ImageName = Annotated[
    str,
    AfterValidator(_exact_image),
    WithJsonSchema({"type": "string", "pattern": _IMAGE, "not": {"pattern": _LATEST}}),
]


class Part(BaseModel):
    """A part of the settings: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Part):
    """A text in both languages."""

    en: str = Field(min_length=1, description="English")
    fr: str = Field(min_length=1, description="French")


class Hub(Part):
    """Where the hub listens and what it is called."""

    address: str = Field("127.0.0.1", description="IP address that the hub listens on")
    port: int = Field(8000, ge=1, le=65535, description="TCP port of the hub")
    title: Text = Field(
        Text(en="ODATIS virtual research environment", fr="Environnement virtuel de recherche ODATIS"),
        description="name of this VRE on its pages",
    )

    @model_validator(mode="after")
    def _address(self):
        ipaddress.ip_address(self.address)
        return self

    @property
    def loopback(self) -> bool:
        return ipaddress.ip_address(self.address).is_loopback


class OpenID(Part):
    """An OpenID Connect provider: Keycloak, EGI Check-in or any other. The secret is never a setting."""

    issuer: Url = Field(description="address of the provider; its well-known document names the others")
    client_id: str = Field(min_length=1, description="name of this VRE at the provider")
    login_service: Text = Field(
        Text(en="my institution's account", fr="le compte de mon institution"),
        description="what the login button says after 'Log in with'",
    )
    scope: list[str] = Field(["openid", "profile", "email"], description="scopes to ask for")
    username_claim: str = Field("preferred_username", description="claim that becomes the user's name")
    groups_claim: str | None = Field(None, description="claim that holds the user's groups")


class GitHub(Part):
    """Log in with GitHub. The secret is never a setting."""

    client_id: str = Field(min_length=1, description="name of this VRE at GitHub")
    organizations: list[str] = Field([], description="GitHub organizations (org or org:team) that may log in")


class Auth(Part):
    """Who may log in."""

    kind: Literal["shared-password", "oidc", "github"] = Field(
        "shared-password", description="how people log in; a shared password is made at first start"
    )
    users: list[UserName] = Field(["researcher"], description="names that may log in")
    groups: list[str] = Field([], description="groups that may log in (oidc)")
    admins: list[UserName] = Field([], description="names that may see and stop others' servers")
    admin_groups: list[str] = Field([], description="groups whose members are administrators (oidc)")
    allow_all: bool = Field(False, description="everyone who has the password or an account may log in")
    oidc: OpenID | None = Field(None, description="the OpenID Connect provider")
    github: GitHub | None = Field(None, description="GitHub")
    beyond_this_machine: Literal[BEYOND_THIS_MACHINE] | None = Field(
        None, description="needed, word for word, to use the shared password on an address others can reach"
    )

    @model_validator(mode="before")
    @classmethod
    def _no_name_by_default(cls, given):
        # At a provider of accounts, anybody may be called researcher.
        if isinstance(given, dict) and given.get("kind", "shared-password") != "shared-password":
            return {"users": [], **given}
        return given

    @model_validator(mode="after")
    def _somebody(self):
        if self.kind != "shared-password" and getattr(self, self.kind) is None:
            raise ValueError(f"provider {self.kind}")
        groups = {"oidc": self.groups, "github": self.github and self.github.organizations}.get(self.kind)
        if not (self.users or groups or self.allow_all):
            raise ValueError("nobody")
        return self


class Profile(Part):
    """A size of notebook server."""

    name: Text = Field(description="name on the form")
    description: Text = Field(description="one sentence: what it is good for")
    memory: Memory = Field(description="memory of the server, in bytes; written 512M or 2G")
    cores: float = Field(gt=0, le=1024, description="processor cores of the server, at most")
    cores_guarantee: float = Field(
        0.05, gt=0, le=1024, description="processor cores that a busy machine still gives (Kubernetes)"
    )
    image: ImageName | None = Field(
        None, description="image with a digest or an exact tag (Kubernetes); none is the VRE's own"
    )
    page: str = Field("/lab", pattern=PAGE, description="page that opens first, below the server's address")


class Culling(Part):
    """When an idle server is stopped. What is saved stays."""

    idle_minutes: float = Field(60, gt=0, description="minutes without activity before a server is stopped")
    every_minutes: float = Field(5, gt=0, description="minutes between two checks")
    max_age_hours: float = Field(0, ge=0, description="hours before any server is stopped; 0 is never")


class Compute(Part):
    """Dask clusters of the users."""

    worker_memory: Memory = Field("1G", validate_default=True, description="memory of a worker, in bytes")
    worker_cores: int = Field(1, ge=1, le=256, description="threads of a worker")
    max_workers: int = Field(4, ge=1, description="workers in one cluster, at most")
    idle_minutes: float = Field(30, gt=0, description="minutes without work before a cluster is stopped")
    start_seconds: float = Field(
        60, gt=0, description="seconds a scheduler or worker may take to start (one machine)"
    )
    scheduler_memory: Memory = Field(
        "1G", validate_default=True, description="memory of a scheduler, in bytes"
    )
    scheduler_cores: float = Field(0.5, gt=0, le=256, description="processor cores of a scheduler, at most")
    user_max_clusters: int = Field(3, ge=1, description="clusters of one user at one time, at most")
    user_max_cores: float = Field(
        16, gt=0, description="cores of all schedulers and workers of one user together, at most"
    )
    user_max_memory: Memory = Field(
        "32G", validate_default=True, description="memory of all of them together, in bytes, at most"
    )
    stop_with_server: bool = Field(
        True, description="a user's clusters stop with the user's last server (Kubernetes)"
    )


class Runs(Part):
    """Servers of a user beside the notebook server: batch runs, and the map of the user's own results."""

    user_max: int = Field(
        3, ge=0, le=100, description="such servers of one user at one time, at most; 0: none"
    )
    max_hours: float = Field(24, gt=0, description="hours that a run on a server of its own may take")


class Dashboard(Part):
    """A dashboard behind the hub's login."""

    title: Text = Field(description="name on the home page")
    enabled: bool = Field(True, description="whether it is served")


class Data(Part):
    """Where the data are."""

    catalog: str | None = Field(
        None, description="path or URL of the site catalogue; none is the shipped one"
    )
    read_warning: Memory | None = Field(
        None, description="bytes that a selection may read before its opening warns; written 512M or 2G"
    )


class Notebooks(Part):
    """Folders that every user sees read-only beside the home."""

    templates: Path | None = Field(None, description="folder of templates; none is the shipped one")
    gallery: Path | None = Field(None, description="folder of the gallery; none is the shipped one")
    workshops: Path | None = Field(None, description="folder of workshops; none is the shipped one")


_PROFILES = {
    "small": {
        "name": {"en": "Small", "fr": "Petit"},
        "description": {
            "en": "Explore the catalogue, follow a workshop.",
            "fr": "Explorer le catalogue, suivre un atelier.",
        },
        "memory": "2G",
        "cores": 1,
    },
    "medium": {
        "name": {"en": "Medium", "fr": "Moyen"},
        "description": {
            "en": "Fit a niche, project it on a Dask cluster.",
            "fr": "Ajuster une niche, la projeter sur un cluster Dask.",
        },
        "memory": "4G",
        "cores": 2,
    },
}
_DASHBOARDS = {"explore": {"title": {"en": "Catalogue explorer", "fr": "Explorateur du catalogue"}}}


class Settings(Part):
    """A whole VRE."""

    hub: Hub = Hub()
    auth: Auth = Auth()
    profiles: dict[Key, Profile] = Field(
        _PROFILES,
        validate_default=True,
        min_length=1,
        description="sizes of server, in the order of the form",
    )
    culling: Culling = Culling()
    compute: Compute = Compute()
    runs: Runs = Runs()
    dashboards: dict[Literal["explore"], Dashboard] = Field(
        _DASHBOARDS, validate_default=True, description="dashboards served behind the hub's login"
    )
    data: Data = Data()
    notebooks: Notebooks = Notebooks()

    @model_validator(mode="after")
    def _password_stays_home(self):
        if not self.hub.loopback and self.auth.beyond_this_machine is None:
            raise ValueError("beyond_this_machine")
        return self
