"""Workers from Dask Gateway, under the name of the user whose hub token this server holds."""

import os
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from odatis_vre.compute.noted import note
from odatis_vre.compute.stages import Stages, Unfinished, bounded
from odatis_vre.errors import ClusterError
from odatis_vre.i18n import own_half, tr

_STOP_SECONDS = 30


def gateway_address() -> str | None:
    """The address of the VRE's Dask Gateway; None outside the VRE.

    Returns
    -------
    str or None
        From `DASK_GATEWAY__ADDRESS` or Dask's configuration (`gateway.address`), when
        `JUPYTERHUB_API_TOKEN` is there too.
    """
    if not os.environ.get("JUPYTERHUB_API_TOKEN"):
        return None
    address = os.environ.get("DASK_GATEWAY__ADDRESS")
    if not address:
        import dask

        address = dask.config.get("gateway.address", None)
    return os.path.expandvars(address) if address else None


@contextmanager
def open_gateway(address: str, workers: int, options: dict, stages: Stages) -> Iterator:
    """Start a cluster on Dask Gateway and yield its client; stop the cluster at the end.

    Parameters
    ----------
    address : str
    workers : int
    options : dict
        Cluster options, as the Gateway declares them.
    stages : Stages

    Raises
    ------
    ClusterError
        The Gateway refused, failed or did not answer.
    """
    from dask_gateway import Gateway

    stages.enter(tr("compute.what_gateway"), tr("compute.asking_gateway"))
    gateway = name = remote = client = None
    try:
        with _in_words(address):
            gateway = Gateway(address=address, proxy_address=_proxy_address(), auth=auth_kind())
            name = stages.call(gateway.submit, **options)
            note(name)
            _wait_for_scheduler(gateway, name, stages)
            remote = stages.call(gateway.connect, name)
            client = stages.call(remote.get_client)
            _scale(gateway, name, workers, stages)
            if client.dashboard_link:
                stages.say(tr("compute.dashboard", link=client.dashboard_link))
        yield client
    finally:
        if client is not None:
            bounded(_STOP_SECONDS, client.close)
        if remote is not None:
            bounded(_STOP_SECONDS, remote.close, shutdown=False)
        if name is not None:
            _, failure = bounded(_STOP_SECONDS, gateway.stop_cluster, name)
            if failure is not None:
                stages.say(tr("compute.not_stopped", name=name))
        if gateway is not None:
            bounded(_STOP_SECONDS, gateway.close)
            # Their __del__ would close once more, on a loop that is gone, and print a traceback.
            for closed in (gateway, getattr(remote, "gateway", gateway)):
                closed.__dict__.pop("_loop_runner", None)


def auth_kind() -> str:
    """How the Gateway is told who asks: Dask's own default is "basic"; in the VRE the hub's token says it."""
    return os.environ.get("DASK_GATEWAY__AUTH__TYPE", "jupyterhub")


def _proxy_address() -> str | None:
    # None: the client takes Dask's configuration, then the Gateway's own address.
    return os.environ.get("DASK_GATEWAY__PROXY_ADDRESS") or None


def _wait_for_scheduler(gateway, name: str, stages: Stages) -> None:
    stages.enter(tr("compute.what_scheduler"), tr("compute.cluster_accepted"))
    while True:
        report = stages.call(gateway.get_cluster, name)
        if report.status.name == "RUNNING":
            stages.say(tr("compute.scheduler_up"))
            return
        if report.status.name in ("FAILED", "STOPPING", "STOPPED"):
            raise ClusterError(tr("compute.start_failed"), tr("compute.start_failed_hint"))
        stages.check()
        time.sleep(0.5)


def _scale(gateway, name: str, workers: int, stages: Stages) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stages.call(gateway.scale_cluster, name, workers)
    for warning in caught:
        if "exceed resource limit" in str(warning.message):
            most = re.search(r"limit of (\d+)", str(warning.message))
            raise ClusterError(
                tr("compute.too_many", workers=workers, most=most[1] if most else "?"),
                tr("compute.too_many_hint", most=most[1] if most else "1"),
            )


@contextmanager
def _in_words(address: str) -> Iterator[None]:
    """Turn what the Gateway's client raises into a sentence, without the token."""
    try:
        yield
    except ClusterError:
        raise
    except Exception as error:
        raise _sentence(error, address) from None


def _sentence(error: Exception, address: str) -> ClusterError:
    from aiohttp import ClientError, ClientResponseError
    from dask_gateway import GatewayClusterError, GatewayServerError

    if isinstance(error, ClientResponseError):
        if error.status in (401, 403):
            return ClusterError(tr("compute.denied", status=error.status), tr("compute.denied_hint"))
        return ClusterError(
            tr("compute.bad_answer", address=address, reason=f"HTTP {error.status}"),
            tr("compute.unreachable_hint"),
        )
    if isinstance(error, GatewayServerError):
        return ClusterError(
            tr("compute.bad_answer", address=address, reason="HTTP 500"), tr("compute.unreachable_hint")
        )
    if isinstance(error, ClientError | OSError | Unfinished | EOFError):
        return ClusterError(tr("compute.unreachable", address=address), tr("compute.unreachable_hint"))
    if isinstance(error, ValueError | GatewayClusterError):
        reason = own_half(_without_token(error))
        return ClusterError(tr("compute.refused", reason=reason), tr("compute.refused_hint"))
    return ClusterError(
        tr("compute.bad_answer", address=address, reason=type(error).__name__), tr("compute.unreachable_hint")
    )


def _without_token(error: Exception) -> str:
    text = " ".join(str(error).split())[:1000]
    token = os.environ.get("JUPYTERHUB_API_TOKEN")
    return text.replace(token, "***") if token else text
