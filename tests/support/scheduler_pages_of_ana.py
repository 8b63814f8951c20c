"""The login of schedulers' pages, and Dask Gateway's own API with one cluster, which is ana's."""

import asyncio
import os

from aiohttp import web
from dask_gateway_server.auth import JupyterHubAuthenticator
from dask_gateway_server.models import Cluster, ClusterStatus
from dask_gateway_server.routes import default_routes

from odatis_vre.hub.kubernetes.backend import VreBackend
from odatis_vre.hub.kubernetes.scheduler_pages import make_application

CLUSTER = "ocean.0123456789abcdef"


async def main() -> None:
    backend = VreBackend(gateway_instance="sea")
    backend.clusters = {
        CLUSTER: Cluster(CLUSTER, "ana", "token", {}, {}, ClusterStatus.RUNNING, tls_cert=b"-", tls_key=b"-")
    }
    app = web.Application()
    app.add_routes(default_routes)
    app["backend"] = backend
    # The hub calls this process another service; on Kubernetes both have the token of dask-gateway.
    app["authenticator"] = JupyterHubAuthenticator(jupyterhub_service_name="dask-gateway")
    await app["authenticator"].setup(app)
    runner = web.AppRunner(app)
    await runner.setup()
    port = int(os.environ["GATEWAY_PORT"])
    await web.TCPSite(runner, "127.0.0.1", port).start()
    os.environ["JUPYTERHUB_API_TOKEN"] = "not-a-secret-of-anyone"
    make_application(f"http://127.0.0.1:{port}").listen(int(os.environ["PAGES_PORT"]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
