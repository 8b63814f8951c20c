"""The volumes of pods, as Kubernetes writes them: data, catalogue, notebooks, and what stays off the home."""

import hashlib

from odatis_vre.hub.kubernetes.data_values import Mount, ObjectStore, Volume
from odatis_vre.hub.kubernetes.values import Values

__all__ = ["HOME", "claim_name", "data_volumes", "notebook_volumes", "pod_local_volumes"]

# The home of the image's user; images/notebook/Dockerfile says the same.
HOME = "/home/odatis"
CATALOG = "/srv/catalog"
STATUS = "/srv/catalog-status"
STORES = {name: f"/srv/{name}" for name in ("templates", "gallery", "workshops")}
LOCAL = "/run/vre"


def data_volumes(values: Values) -> tuple[list[dict], list[dict], list[dict]]:
    """The data and the catalogue, the same for servers, Dask schedulers and workers, dashboards.

    Parameters
    ----------
    values : Values

    Returns
    -------
    volumes, mounts, env : list of dict
        For `pod.spec.volumes`, `container.volumeMounts` and `container.env`. Data are read-only.
    """
    volumes, mounts = [], []
    for name, mount in values.data.mounts.items():
        claim = Volume(pvc=claim_name(name, mount), sub_path=mount.sub_path)
        _add_claim(volumes, mounts, f"data-{name}", claim, mount.path)
    env = []
    if values.catalog.files:
        volumes.append({"name": "catalog", "configMap": {"name": "catalog"}})
        mounts.append({"name": "catalog", "mountPath": CATALOG, "readOnly": True})
    elif values.catalog.volume:
        _add_claim(volumes, mounts, "catalog", values.catalog.volume, CATALOG)
    if values.catalog.files or values.catalog.volume:
        env.append({"name": "ODATIS_CATALOG", "value": f"{CATALOG}/odatis.yaml"})
    elif values.vre.data.catalog:
        env.append({"name": "ODATIS_CATALOG", "value": values.vre.data.catalog})
    if values.vre.data.read_warning:
        env.append({"name": "ODATIS_READ_WARNING", "value": str(values.vre.data.read_warning)})
    if values.catalog.check.enabled:
        # Optional: pods of a running Dask cluster are still made after an upgrade that turns the check off.
        volumes.append({"name": "catalog-status", "configMap": {"name": "catalog-status", "optional": True}})
        mounts.append({"name": "catalog-status", "mountPath": STATUS, "readOnly": True})
        env.append({"name": "ODATIS_CATALOG_STATUS", "value": f"{STATUS}/status.json.gz"})
    return volumes, mounts, env + _object_stores(values)


def claim_name(name: str, mount: Mount) -> str:
    """The claim behind a mount: the operator's, or the one that the chart makes for NFS and folders of nodes.

    A volume of the cluster never changes its source, so its name holds it: a changed source is a new volume.

    Parameters
    ----------
    name : str
        Key of the mount.
    mount : Mount
    """
    if mount.pvc:
        return mount.pvc
    source = f"nfs:{mount.nfs.server}:{mount.nfs.path}" if mount.nfs else f"hostPath:{mount.host_path}"
    return f"data-{name}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"


def notebook_volumes(values: Values) -> tuple[list[dict], list[dict], list[dict]]:
    """Templates, gallery and workshops out of claims, read-only, for notebook servers.

    Parameters
    ----------
    values : Values

    Returns
    -------
    volumes, mounts, env : list of dict
    """
    volumes, mounts, env = [], [], []
    for name, folder in STORES.items():
        if claim := getattr(values.notebooks, name):
            _add_claim(volumes, mounts, name, claim, folder)
            env.append({"name": f"ODATIS_{name.upper()}", "value": folder})
    return volumes, mounts, env


def pod_local_volumes() -> tuple[list[dict], list[dict], list[dict]]:
    """What programs write at every start, on a volume that lives as long as the pod.

    A full home would otherwise block the start, and a home on NFS would lock SQLite files.

    Returns
    -------
    volumes, mounts, env : list of dict
    """
    folders = {
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "XDG_CACHE_HOME": "cache",
        "MPLCONFIGDIR": "matplotlib",
        "DASK_TEMPORARY_DIRECTORY": "dask",
    }
    volumes = [
        {"name": "local", "emptyDir": {"sizeLimit": "10Gi"}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "10Gi"}},
    ]
    mounts = [{"name": "local", "mountPath": LOCAL}, {"name": "tmp", "mountPath": "/tmp"}]
    return volumes, mounts, [{"name": k, "value": f"{LOCAL}/{folder}"} for k, folder in folders.items()]


def _add_claim(volumes: list[dict], mounts: list[dict], name: str, claim: Volume, path: str) -> None:
    volumes.append({"name": name, "persistentVolumeClaim": {"claimName": claim.pvc, "readOnly": True}})
    sub_path = {"subPath": claim.sub_path} if claim.sub_path else {}
    mounts.append({"name": name, "mountPath": path, "readOnly": True, **sub_path})


def _object_stores(values: Values) -> list[dict]:
    """The default one in AWS's own variables; each other in variables of its name, which the opener reads."""
    env = []
    for name, store in sorted(values.data.object_stores.items()):
        default = name == "default"
        before = "AWS_" if default else f"ODATIS_STORE_{name.upper().replace('-', '_')}_"
        endpoints = [f"{before}ENDPOINT_URL", *(["FSSPEC_S3_ENDPOINT_URL"] if default else [])]
        for variable in endpoints:
            known = {"value": store.endpoint} if store.endpoint else _of_secret(store, "AWS_ENDPOINT_URL")
            env.append({"name": variable, **known})
        if store.region:
            env.append({"name": f"{before}DEFAULT_REGION", "value": store.region})
        if store.secret:
            keys = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
            env += [{"name": f"{before}{key}", **_of_secret(store, f"AWS_{key}")} for key in keys]
        elif default:
            env.append({"name": "FSSPEC_S3_ANON", "value": "true"})
    return env


def _of_secret(store: ObjectStore, key: str) -> dict:
    return {"valueFrom": {"secretKeyRef": {"name": store.secret, "key": key}}}
