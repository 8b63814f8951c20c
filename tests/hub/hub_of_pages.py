"""The configuration of a real hub on this machine, whose servers start slowly, fail or stop slowly."""

import asyncio
import json
import os
import sys

from jupyterhub.spawner import SimpleLocalProcessSpawner

from odatis_vre.hub import pages
from odatis_vre.settings import Profile

c = get_config()  # noqa: F821 - JupyterHub provides it
port, hub_port, proxy_port, service_port = json.loads(os.environ["HUB_PORTS"])

PROFILES = {
    key: Profile(
        name={"en": english, "fr": french},
        description={"en": f"{english} server.", "fr": f"Serveur {french}."},
        memory=gib * 2**30,
        cores=cores,
    )
    for key, english, french, gib, cores in (
        ("quick", "Quick", "rapide", 2, 1),
        ("slow", "Slow", "lent", 4, 2),
        ("broken", "Broken", "en panne", 8, 0.5),
        ("late", "Late", "en retard", 1, 0.5),
    )
}


class TrialSpawner(SimpleLocalProcessSpawner):
    """Starts a plain web server in place of a notebook server."""

    profile = ""

    def run_pre_spawn_hook(self):
        if self.user_options.get("profile") == "late":
            self.start_timeout = 2

    async def start(self):
        self.profile = self.user_options.get("profile", "quick")
        if self.profile == "broken":
            raise RuntimeError("no room")
        if self.profile in ("slow", "late"):
            await asyncio.sleep(60)
        return await super().start()

    async def stop(self, now=False):
        if self.user_options.get("stop") == "slow":
            await asyncio.sleep(6)
        await super().stop(now=now)

    def get_args(self):
        return [str(self.port)]

    async def progress(self):
        for message in ("Successfully assigned jupyter to node", "Pulling image", "a word of nobody"):
            yield {"progress": 40, "message": message}
            await asyncio.sleep(0.2)


def form(spawner):
    return pages.profile_form(PROFILES, None, pages.request_language(spawner.handler))


def answer(data):
    return {key: values[0] for key, values in data.items() if key in ("profile", "stop")}


c.JupyterHub.update(
    pages.page_traits(
        login_hint={"en": "It is in the terminal.", "fr": "Il est dans le terminal."},
        service_titles={"explore": {"en": "Catalogue explorer", "fr": "Explorateur du catalogue"}},
        expected_seconds=20,
        default_url="/hub/home",
    )
)
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_port = hub_port
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = json.loads(os.environ["HUB_PROXY"])
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["HUB_PASSWORD"]
c.SharedPasswordAuthenticator.admin_password = os.environ["HUB_ADMIN_PASSWORD"]
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"keeper"}
c.JupyterHub.spawner_class = TrialSpawner
c.Spawner.cmd = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1"]
c.Spawner.options_form = form
c.Spawner.options_from_form = answer
c.Spawner.start_timeout = 90
c.JupyterHub.allow_named_servers = True
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0, "slow_stop_timeout": 0}
c.JupyterHub.services = [
    {
        "name": "explore",
        "url": f"http://127.0.0.1:{service_port}",
        # The hub waits half a minute for one that does not answer.
        "command": [sys.executable, "-m", "http.server", str(service_port), "--bind", "127.0.0.1"],
        "api_token": "not-a-secret-of-anyone",
        "oauth_redirect_uri": f"http://127.0.0.1:{port}/services/explore/oauth_callback",
    }
]
c.JupyterHub.load_roles = [
    {"name": "user", "scopes": ["self", "access:services", "shares!user", "read:users:name"]},
]
