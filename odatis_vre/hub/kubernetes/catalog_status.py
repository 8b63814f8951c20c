"""What the nightly check of the catalogue found, put where pods of users read it: a ConfigMap.

`python -m odatis_vre.hub.kubernetes.catalog_status FILE` runs beside the check, with the right to change this
one ConfigMap; what opened the data of others has no right at all.
"""

import asyncio
import base64
import os
import sys
from pathlib import Path

from odatis_vre.errors import OdatisError
from odatis_vre.hub.kubernetes.release import Release
from odatis_vre.i18n import tr

__all__ = ["publish"]

NAME = "catalog-status"
# Bytes that Kubernetes takes in one.
MOST = 2**20
# A network policy takes effect some seconds after the pod starts.
_TRIES, _PAUSE = 6, 5


async def publish(api, release: Release, file: Path, pause: float = _PAUSE) -> None:
    """Put a file into the ConfigMap of the release, under its name.

    Parameters
    ----------
    api : kubernetes_asyncio.client.CoreV1Api
    release : Release
    file : pathlib.Path
    pause : float
        Seconds before it is tried again, where Kubernetes does not answer.

    Raises
    ------
    OdatisError
        It is larger than a ConfigMap may be: what was there stays.
    """
    from aiohttp import ClientError

    content = file.read_bytes()
    if len(content) > MOST:
        raise OdatisError(
            tr("hub.kubernetes.large_status", size=len(content), most=MOST),
            tr("hub.kubernetes.large_status_hint"),
        )
    change = {"binaryData": {file.name: base64.b64encode(content).decode()}}
    for number in range(_TRIES):
        try:
            await api.patch_namespaced_config_map(NAME, release.namespace, change, _request_timeout=10)
            return
        except (ClientError, OSError):
            if number == _TRIES - 1:
                raise
            await asyncio.sleep(pause)


async def _main() -> None:
    from kubernetes_asyncio.client import ApiClient, CoreV1Api
    from kubernetes_asyncio.config import load_incluster_config

    load_incluster_config()
    file = Path(sys.argv[1])
    async with ApiClient() as client:
        try:
            await publish(CoreV1Api(client), Release.of(os.environ), file)
        except OdatisError as error:
            sys.exit(str(error))
    sys.stdout.write(f"Written to the ConfigMap {NAME}: {file.name}, {file.stat().st_size} bytes.\n")


if __name__ == "__main__":
    asyncio.run(_main())
