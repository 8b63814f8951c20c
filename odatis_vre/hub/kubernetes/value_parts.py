"""What the values of many parts are made of: names, images, sizes, places, secrets by reference."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

__all__ = [
    *("Claim", "Image", "Name", "Part", "Placement", "Pod"),
    *("Quantity", "Resources", "SecretKey", "resources"),
]

Quantity = Annotated[str, Field(pattern=r"^[0-9.]+([EPTGMk]i?|m)?$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


def _exact_tag(tag: str) -> str:
    if tag == "latest":
        raise ValueError("write an exact tag, not latest")
    return tag


Tag = Annotated[
    str,
    AfterValidator(_exact_tag),
    WithJsonSchema({"type": "string", "pattern": r"^[\w.-]*$", "not": {"const": "latest"}}),
]


class Part(BaseModel):
    """A part of the values: unknown keys are errors, names are camelCase."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )


class Image(Part):
    """An image, by digest or by an exact tag."""

    name: str = Field(min_length=1, description="repository of the image")
    tag: Tag = Field("", description="exact tag; empty is the version of the chart")
    digest: Digest | None = Field(None, description="sha256:...; wins over the tag")
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"


class Resources(Part):
    """What a pod is promised and what it may use at most, in Kubernetes' words."""

    requests: dict[str, Quantity | float] = {}
    limits: dict[str, Quantity | float] = {}


class Placement(Part):
    """Where pods run, in Kubernetes' words."""

    node_selector: dict[str, str] = {}
    tolerations: list[dict[str, Any]] = []
    affinity: dict[str, Any] = {}


class Pod(Placement):
    """A pod of the VRE's own."""

    resources: Resources = Resources()


def resources(cpu: str, memory: str, at_most: str) -> Resources:
    """What a pod is promised, and the memory that it may use at most.

    Parameters
    ----------
    cpu, memory, at_most : str
        As Kubernetes writes them: 50m, 128Mi.
    """
    return Resources(requests={"cpu": cpu, "memory": memory}, limits={"memory": at_most})


class SecretKey(Part):
    """A value kept in a Secret that the operator made."""

    name: Name = Field(description="name of the Secret")
    key: str = Field(min_length=1, description="key in it")


class Claim(Part):
    """A volume claim."""

    storage: Quantity = Field("1Gi", description="size")
    storage_class_name: str | None = Field(None, description="storage class; none is the cluster's default")
    access_modes: list[str] = ["ReadWriteOnce"]
