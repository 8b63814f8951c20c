"""The values of what people read: data, object stores, the catalogue and its check, notebooks."""

import posixpath
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from odatis_vre.hub.kubernetes.value_parts import Name, Part, Pod, Resources, resources
from odatis_vre.i18n import tr

__all__ = ["Catalog", "Cidr", "Data", "Egress", "Mount", "Notebooks", "ObjectStore", "Volume"]

# With "data-" and a hash it is the name of a claim.
MountName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
FileName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]*$")]
# Folders of the image, and of the volumes that pods have of their own; templates/_validate.tpl has them too.
# Whole: nothing may be mounted inside them either.
WHOLE = (
    *(
        "/bin",
        "/dev",
        "/etc/dask-credentials",
        "/lib",
        "/lib64",
        "/opt/odatis",
        "/proc",
        "/sbin",
        "/sys",
        "/usr",
    ),
    *("/var/run/secrets", "/srv/catalog", "/srv/catalog-status", "/srv/found", "/srv/gallery"),
    *("/srv/notebooks", "/srv/templates", "/srv/workshops"),
)
TAKEN = (*WHOLE, "/home/odatis", "/run/vre", "/tmp")
Cidr = Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+/[0-9]+$")]


class Egress(Part):
    """A destination that user pods may reach beside the public Internet."""

    cidr: Cidr
    ports: list[int] = Field([], description="TCP ports; none is all")


class Nfs(Part):
    """A folder of an NFS server."""

    server: str = Field(min_length=1)
    path: str = Field(pattern=r"^/")


class Mount(Part):
    """A folder of data, mounted read-only into every server and worker.

    Pod Security "restricted" has pods name claims only: for NFS and folders of nodes the chart makes the
    volume and the claim.
    """

    path: str = Field(pattern=r"^/[^:]*$", description="where it is mounted; no folder of the VRE's own")
    pvc: Name | None = Field(None, description="claim in this namespace")
    nfs: Nfs | None = None
    host_path: str | None = Field(None, pattern=r"^/", description="folder of each node")
    sub_path: str | None = Field(None, description="folder in it")

    @model_validator(mode="after")
    def _one_source(self):
        if sum(x is not None for x in (self.pvc, self.nfs, self.host_path)) != 1:
            raise ValueError("give one of pvc, nfs, hostPath")
        return self


class ObjectStore(Part):
    """An object store that speaks S3. Its keys are in a Secret that the operator made."""

    endpoint: str | None = Field(
        None, pattern=r"^https?://", description="address; none is AWS_ENDPOINT_URL in the Secret"
    )
    region: str | None = Field(None, min_length=1, description="region, where the store asks for one")
    secret: Name | None = Field(
        None, description="Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; none is anonymous"
    )

    @model_validator(mode="after")
    def _somewhere(self):
        if self.endpoint is None and self.secret is None:
            raise ValueError("give an endpoint, or a secret that holds one")
        return self


class Data(Part):
    """The data beside the compute."""

    mounts: dict[MountName, Mount] = Field({})
    object_stores: dict[MountName, ObjectStore] = Field(
        {}, description="by name; the one called default is read where a catalogue entry names none"
    )
    endpoints: list[Egress] = Field([], description="data servers on private addresses that pods may reach")

    @field_validator("mounts")
    @classmethod
    def _places(cls, mounts):
        seen: dict[str, str] = {}
        for name, mount in sorted(mounts.items()):
            path = "/" + posixpath.normpath(mount.path).lstrip("/")
            inside = any(path.startswith(f"{own}/") for own in WHOLE)
            if inside or any(f"{own}/".startswith(path.rstrip("/") + "/") for own in TAKEN):
                raise ValueError(tr("hub.kubernetes.mount_taken", name=name, path=path))
            if path in seen:
                raise ValueError(tr("hub.kubernetes.mount_twice", first=seen[path], second=name, path=path))
            seen[path] = name
        return mounts


class Volume(Part):
    """A folder out of a claim."""

    pvc: Name
    sub_path: str | None = None


class CatalogCheck(Pod):
    """Every night the catalogue's entries are opened, and cards and dashboards tell what was found."""

    resources: Resources = resources("50m", "512Mi", "2Gi")
    enabled: bool = True
    schedule: str = Field(
        "17 3 * * *", pattern=r"^(@[a-z]+|\S+( \S+){4})$", description="when, as cron writes it"
    )
    remote: bool = Field(False, description="also open what is on servers elsewhere, one value a variable")
    hours: float = Field(
        4, gt=0, le=23, description="no entry is begun after them; the next night begins where this one ended"
    )


class Catalog(Part):
    """The site catalogue; none of them is the one in the image."""

    files: dict[FileName, str] = Field({}, description="file name to text; odatis.yaml is the root")
    volume: Volume | None = Field(None, description="folder with odatis.yaml at its root")
    check: CatalogCheck = CatalogCheck()

    @model_validator(mode="after")
    def _one_source(self):
        if self.files and self.volume:
            raise ValueError("give files or a volume")
        if self.files and "odatis.yaml" not in self.files:
            raise ValueError("files need odatis.yaml")
        return self


class Notebooks(Part):
    """Folders shown read-only beside the home; none is what the image holds."""

    templates: Volume | None = None
    gallery: Volume | None = None
    workshops: Volume | None = None
