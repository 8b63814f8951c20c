"""The secrets of a release: made once, inside the cluster, and never changed.

`python -m odatis_vre.hub.kubernetes.secrets` runs before an installation and before an upgrade. A secret
that Helm made would differ in every render, and be lost with the release.
"""

import asyncio
import base64
import os
import secrets
import sys
from collections.abc import Mapping

from odatis_vre.hub.kubernetes.release import Release

__all__ = ["KEYS", "ensure_secret", "missing_keys"]

NAME = "vre"
# Each key, and how its value is made.
KEYS = {
    "cookie-secret": lambda: secrets.token_hex(32),
    "proxy-token": lambda: secrets.token_hex(32),
    "password": lambda: "-".join(secrets.token_hex(3) for _ in range(3)),
    "admin-password": lambda: secrets.token_urlsafe(32),
    "gateway-token": lambda: secrets.token_hex(32),
    "explore-token": lambda: secrets.token_hex(32),
}


def missing_keys(data: Mapping[str, str] | None) -> dict[str, str]:
    """New values, as a Secret's `data` writes them, for the keys that it lacks.

    Parameters
    ----------
    data : mapping of str to str, or None
        What the Secret holds.
    """
    return {
        key: base64.b64encode(make().encode()).decode()
        for key, make in KEYS.items()
        if not (data or {}).get(key)
    }


async def ensure_secret(api, release: Release) -> list[str]:
    """Make the Secret if there is none, add the keys that it lacks, and change nothing else.

    Parameters
    ----------
    api : kubernetes_asyncio.client.CoreV1Api
    release : Release

    Returns
    -------
    list of str
        The keys that were made.
    """
    from kubernetes_asyncio.client import ApiException

    try:
        found = await api.read_namespaced_secret(NAME, release.namespace)
    except ApiException as error:
        if error.status != 404:
            raise
        return await _create(api, release)
    new = missing_keys(found.data)
    if new:
        await api.patch_namespaced_secret(NAME, release.namespace, {"data": new})
    return sorted(new)


async def _create(api, release: Release) -> list[str]:
    new = missing_keys(None)
    # Without the label of Helm: the release must not take it away.
    labels = {"app.kubernetes.io/name": "odatis-vre", "app.kubernetes.io/instance": release.name}
    secret = {"metadata": {"name": NAME, "labels": labels}, "type": "Opaque", "data": new}
    await api.create_namespaced_secret(release.namespace, secret)
    return sorted(new)


async def _main() -> None:
    from kubernetes_asyncio.client import ApiClient, CoreV1Api
    from kubernetes_asyncio.config import load_incluster_config

    load_incluster_config()
    async with ApiClient() as client:
        made = await ensure_secret(CoreV1Api(client), Release.of(os.environ))
    sys.stdout.write(f"Made in the Secret {NAME}: {', '.join(made) or 'nothing, all keys are there'}.\n")


if __name__ == "__main__":
    asyncio.run(_main())
