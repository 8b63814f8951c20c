"""The values of the Helm chart: one model, from which its schema is made.

Names are those of Zero to JupyterHub where a value means the same. What is written in Kubernetes' own
words (tolerations, affinity, resources) is checked by the cluster.
"""

import json
import sys
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

from odatis_vre.settings import Settings

__all__ = ["Values", "schema"]

Quantity = Annotated[str, Field(pattern=r"^[0-9.]+([EPTGMk]i?|m)?$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
# With "data-" and a hash it is the name of a claim.
MountName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
FileName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]*$")]
Cidr = Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+/[0-9]+$")]
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


def _resources(cpu: str, memory: str, at_most: str) -> Resources:
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


class Database(Part):
    """Where the hub keeps its users and servers."""

    type: Literal["sqlite-pvc", "url"] = "sqlite-pvc"
    pvc: Claim = Claim()
    url: SecretKey | None = Field(None, description="Secret with an SQLAlchemy URL, for type url")

    @model_validator(mode="after")
    def _url(self):
        if self.type == "url" and self.url is None:
            raise ValueError("hub.db.url names the Secret that holds the URL")
        return self


class Hub(Pod):
    """The hub."""

    resources: Resources = _resources("100m", "384Mi", "2Gi")
    image: Image = Image(name="odatis-vre/hub")
    db: Database = Database()
    client_secret: SecretKey | None = Field(
        None, description="Secret with the client secret of auth.oidc or auth.github"
    )
    password: SecretKey | None = Field(None, description="Secret with the shared password; none makes one")
    config: dict[str, dict[str, Any]] = Field(
        {}, description="traits by class, set last: {JupyterHub: {concurrent_spawn_limit: 100}}"
    )


class Service(Part):
    """How the proxy is reached from outside, without an ingress."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    port: int = Field(80, ge=1, le=65535)
    node_port: int | None = Field(None, ge=1, le=65535)
    annotations: dict[str, str] = {}


class Proxy(Pod):
    """The HTTP proxy in front of everything."""

    resources: Resources = _resources("50m", "128Mi", "1Gi")
    image: Image = Image(name="odatis-vre/proxy")
    service: Service = Service()


class IngressTls(Part):
    """A certificate of the ingress."""

    hosts: list[str]
    secret_name: Name


class Ingress(Part):
    """An Ingress to the proxy."""

    enabled: bool = False
    ingress_class_name: str | None = None
    annotations: dict[str, str] = {}
    hosts: list[str] = []
    tls: list[IngressTls] = []
    pods: dict[str, str] = Field({}, description="labels of the controller's pods: only they reach the proxy")
    namespace: dict[str, str] = Field({}, description="labels of the namespace of these pods")


class GatewayReference(Part):
    """A Gateway of the Gateway API."""

    name: Name
    namespace: Name | None = Field(None, description="none is the release's")
    section_name: str | None = Field(None, description="the listener; none is all of them")


class HttpRoute(Part):
    """An HTTPRoute (Gateway API) to the proxy; TLS ends at the named Gateway."""

    enabled: bool = False
    gateway: GatewayReference | None = Field(None, description="the Gateway that it is attached to")
    annotations: dict[str, str] = {}
    hostnames: list[str] = []


class Home(Part):
    """A home volume per user; it outlives the release."""

    capacity: Quantity = "10Gi"
    storage_class: str | None = Field(None, description="storage class; none is the cluster's default")
    access_modes: list[str] = ["ReadWriteOnce"]


class Egress(Part):
    """A destination that user pods may reach beside the public Internet."""

    cidr: Cidr
    ports: list[int] = Field([], description="TCP ports; none is all")


class SingleUser(Placement):
    """Notebook servers. Memory and cores are those of `vre.profiles`."""

    image: Image = Image(name="odatis-vre/notebook")
    storage: Home = Home()
    start_timeout: int = Field(300, ge=1, description="seconds a server may take to start")
    extra_env: dict[str, str] = Field({}, description="environment variables; never a secret")


class Nfs(Part):
    """A folder of an NFS server."""

    server: str = Field(min_length=1)
    path: str = Field(pattern=r"^/")


class Mount(Part):
    """A folder of data, mounted read-only into every server and worker.

    Pod Security "restricted" has pods name claims only: for NFS and folders of nodes the chart makes the
    volume and the claim.
    """

    path: str = Field(pattern=r"^/", description="where it is mounted")
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

    mounts: dict[MountName, Mount] = {}
    object_stores: dict[MountName, ObjectStore] = Field(
        {}, description="by name; the one called default is read where a catalogue entry names none"
    )
    endpoints: list[Egress] = Field([], description="data servers on private addresses that pods may reach")


class Volume(Part):
    """A folder out of a claim."""

    pvc: Name
    sub_path: str | None = None


class CatalogCheck(Pod):
    """Every night the catalogue's entries are opened, and cards and dashboards tell what was found."""

    resources: Resources = _resources("50m", "512Mi", "2Gi")
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
    workshops: Volume | None = None


class DaskPods(Placement):
    """Pods of Dask schedulers or workers."""

    requests: dict[Literal["cpu", "memory"], Quantity | float] = Field(
        {}, description="what a pod is promised, where that is less than its size in vre.compute"
    )


class Gateway(Part):
    """Dask Gateway: the two servers, and where schedulers and workers run."""

    image: Image = Image(name="odatis-vre/gateway")
    api: Pod = Pod(resources=_resources("50m", "128Mi", "512Mi"))
    controller: Pod = Pod(resources=_resources("50m", "128Mi", "512Mi"))
    pages: Pod = Field(
        Pod(resources=_resources("20m", "96Mi", "256Mi")), description="the login of schedulers' pages"
    )
    scheduler: DaskPods = Field(DaskPods(), description="pods of Dask schedulers; sizes are vre.compute's")
    worker: DaskPods = Field(DaskPods(), description="pods of Dask workers: put them next to the storage")


class Traefik(Pod):
    """The proxy of Dask Gateway."""

    resources: Resources = _resources("50m", "64Mi", "512Mi")
    image: Image = Image(name="docker.io/traefik", tag="v3.6.12")


class NetworkPolicy(Part):
    """What pods may reach. Everything else is refused."""

    enabled: bool = True
    internet: bool = Field(
        True, description="notebook servers, workers and dashboards reach the public Internet"
    )
    private: list[Cidr] = Field(
        [
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
            *("168.63.129.16/32", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4"),
            *("fc00::/7", "fe80::/10", "fec0::/10", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"),
        ],
        description="addresses that are not the public Internet: pods, services, nodes, cloud metadata, "
        "Azure's 168.63.129.16, IPv6 addresses that stand for IPv4 ones; add the nodes' if they are public",
    )
    dns: dict[str, str] = Field(
        {"k8s-app": "kube-dns"}, description="labels of the DNS pods in the namespace kube-system"
    )
    dns_cidrs: list[Cidr] = Field([], description="DNS servers that are no pods (node-local caches)")
    kubernetes_api: list[Egress] = Field(
        [],
        description="where the hub and the gateway reach the Kubernetes API; none is any address, "
        "ports 443 and 6443",
    )
    cilium: bool | None = Field(
        None,
        description="also say with Cilium's own policy that they reach the Kubernetes API, which an address "
        "cannot say there; none asks the cluster (write true where the chart is rendered without one)",
    )
    extra_egress: dict[
        Literal["hub", "singleuser", "worker", "dashboards", "check"], list[dict[str, Any]]
    ] = Field(
        {},
        description="more egress rules, in Kubernetes' words: the hub's database or login server, a data "
        "server that is a pod",
    )


class Values(Part):
    """The values of a release."""

    global_: dict[str, Any] = Field({}, alias="global", description="set by Helm; not read")
    vre: Settings = Field(Settings(), description="what this VRE is: the model of vre.yaml")
    image_pull_secrets: list[Name] = Field([], description="Secrets that open a private registry")
    hub: Hub = Hub()
    proxy: Proxy = Proxy()
    ingress: Ingress = Ingress()
    http_route: HttpRoute = HttpRoute()
    singleuser: SingleUser = SingleUser()
    data: Data = Data()
    catalog: Catalog = Catalog()
    notebooks: Notebooks = Notebooks()
    dashboards: Pod = Pod(resources=_resources("50m", "512Mi", "2Gi"))
    gateway: Gateway = Gateway()
    traefik: Traefik = Traefik()
    network_policy: NetworkPolicy = NetworkPolicy()

    @model_validator(mode="before")
    @classmethod
    def _in_a_pod(cls, given):
        # Where the hub of one machine listens says nothing of a pod, which only the proxy reaches.
        vre = given.get("vre") if isinstance(given, dict) else None
        if isinstance(vre, dict) and isinstance(vre.get("hub"), dict):
            hub = {name: value for name, value in vre["hub"].items() if name not in ("address", "port")}
            return {**given, "vre": {**vre, "hub": hub}}
        return given


def schema() -> str:
    """The JSON schema of the values, as `values.schema.json` holds it."""
    found = Values.model_json_schema()
    _close(found)
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _close(node: Any) -> None:
    """A key that does not look as it must is an error too; pydantic's schema lets it pass."""
    if isinstance(node, dict):
        if "patternProperties" in node:
            node["additionalProperties"] = False
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            _close(value)


if __name__ == "__main__":
    # The schema names the classes, and theirs is not __main__.
    from odatis_vre.hub.kubernetes import values

    sys.stdout.write(values.schema())
