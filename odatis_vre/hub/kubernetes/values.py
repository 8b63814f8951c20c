"""The values of the Helm chart: one model, from which its schema is made.

Names are those of Zero to JupyterHub where a value means the same. What is written in Kubernetes' own
words (tolerations, affinity, resources) is checked by the cluster.
"""

import json
import sys
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from odatis_vre.hub.kubernetes.data_values import Catalog, Cidr, Data, Egress, Notebooks
from odatis_vre.hub.kubernetes.passthrough import refused_trait
from odatis_vre.hub.kubernetes.value_parts import (
    Claim,
    Image,
    Name,
    Part,
    Placement,
    Pod,
    Quantity,
    Resources,
    SecretKey,
    resources,
)
from odatis_vre.settings import Settings

__all__ = ["Values", "schema"]


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

    resources: Resources = resources("100m", "384Mi", "2Gi")
    image: Image = Image(name="odatis-vre/hub")
    db: Database = Database()
    client_secret: SecretKey | None = Field(
        None, description="Secret with the client secret of auth.oidc or auth.github"
    )
    password: SecretKey | None = Field(None, description="Secret with the shared password; none makes one")
    config: dict[str, dict[str, Any]] = Field(
        {}, description="traits by class, set last: {JupyterHub: {concurrent_spawn_limit: 100}}; no secret"
    )

    @field_validator("config")
    @classmethod
    def _no_secret(cls, config):
        if said := refused_trait(config):
            raise ValueError(said)
        return config


class Service(Part):
    """How the proxy is reached from outside, without an ingress."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    port: int = Field(80, ge=1, le=65535)
    node_port: int | None = Field(None, ge=1, le=65535)
    annotations: dict[str, str] = Field({})


class Proxy(Pod):
    """The HTTP proxy in front of everything."""

    resources: Resources = resources("50m", "128Mi", "1Gi")
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
    annotations: dict[str, str] = Field({})
    hosts: list[str] = Field([])
    tls: list[IngressTls] = Field([])
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
    annotations: dict[str, str] = Field({})
    hostnames: list[str] = Field([])


class Home(Part):
    """A home volume per user; it outlives the release."""

    capacity: Quantity = "10Gi"
    storage_class: str | None = Field(None, description="storage class; none is the cluster's default")
    access_modes: list[str] = Field(["ReadWriteOnce"])


class SingleUser(Placement):
    """Notebook servers. Memory and cores are those of `vre.profiles`."""

    image: Image = Image(name="odatis-vre/notebook")
    storage: Home = Home()
    start_timeout: int = Field(300, ge=1, description="seconds a server may take to start")
    extra_env: dict[str, str] = Field({}, description="environment variables, word for word; never a secret")


class DaskPods(Placement):
    """Pods of Dask schedulers or workers."""

    requests: dict[Literal["cpu", "memory"], Quantity | float] = Field(
        {}, description="what a pod is promised, where that is less than its size in vre.compute"
    )


class Gateway(Part):
    """Dask Gateway: the two servers, and where schedulers and workers run."""

    image: Image = Image(name="odatis-vre/gateway")
    api: Pod = Pod(resources=resources("50m", "128Mi", "512Mi"))
    controller: Pod = Pod(resources=resources("50m", "128Mi", "512Mi"))
    pages: Pod = Field(
        Pod(resources=resources("20m", "96Mi", "256Mi")), description="the login of schedulers' pages"
    )
    scheduler: DaskPods = Field(DaskPods(), description="pods of Dask schedulers; sizes are vre.compute's")
    worker: DaskPods = Field(DaskPods(), description="pods of Dask workers: put them next to the storage")


class Traefik(Pod):
    """The proxy of Dask Gateway."""

    resources: Resources = resources("50m", "64Mi", "512Mi")
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
        "Azure's 168.63.129.16, IPv6 addresses that stand for IPv4 ones; a list of yours replaces this one, "
        "but what hands out a machine's rights (169.254.0.0/16 and its like) is refused whatever it says",
    )
    also_private: list[Cidr] = Field(
        [],
        description="more of them: the nodes' and the Kubernetes API's addresses where they are public",
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
    dashboards: Pod = Pod(resources=resources("50m", "512Mi", "2Gi"))
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
