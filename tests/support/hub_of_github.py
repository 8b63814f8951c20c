"""The configuration of a real hub on this machine, whose people log in as the chart's values say."""

import json
import os

from odatis_vre.hub.kubernetes.authentication import set_authentication
from odatis_vre.hub.kubernetes.passthrough import set_passthrough
from odatis_vre.hub.kubernetes.values import Values

c = get_config()  # noqa: F821 - JupyterHub provides it
port, hub_port, proxy_port = json.loads(os.environ["HUB_PORTS"])
values = Values.model_validate_json(os.environ["HUB_VALUES"])
set_authentication(c, values, os.environ)
set_passthrough(c, values.hub.config)
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.default_url = "/hub/home"
c.JupyterHub.hub_port = hub_port
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = json.loads(os.environ["HUB_PROXY"])
