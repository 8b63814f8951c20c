"""The configuration of a real hub on this machine: its service `dask-gateway` is the login of pages."""

import json
import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - JupyterHub provides it
port, hub_port, proxy_port, pages_port, gateway_port = json.loads(os.environ["HUB_PORTS"])

c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.default_url = "/hub/home"
c.JupyterHub.hub_port = hub_port
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = json.loads(os.environ["HUB_PROXY"])
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["HUB_PASSWORD"]
c.Authenticator.allowed_users = {"ana", "bo", "stranger"}
c.JupyterHub.services = [
    {
        "name": "pages",
        "command": [sys.executable, str(Path(__file__).with_name("scheduler_pages_of_ana.py"))],
        "environment": {"PAGES_PORT": str(pages_port), "GATEWAY_PORT": str(gateway_port)},
    },
    {
        "name": "dask-gateway",
        "url": f"http://127.0.0.1:{pages_port}",
        "api_token": "not-a-secret-of-anyone",
        "oauth_redirect_uri": "/services/dask-gateway/oauth_callback",
        "oauth_no_confirm": True,
    },
]
gateway = "access:services!service=dask-gateway"
c.JupyterHub.load_roles = [
    {"name": "user", "scopes": ["self"]},
    {"name": "dask", "scopes": [gateway], "users": ["ana", "bo"]},
]
