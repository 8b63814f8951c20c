"""The spawner of a cluster: KubeSpawner, with the profiles of the settings instead of its own."""

from kubespawner import KubeSpawner

__all__ = ["ServerPods"]


class ServerPods(KubeSpawner):
    """Notebook servers as pods; `hub.config` sets its traits under the name KubeSpawner."""

    async def load_user_options(self) -> None:
        """Do nothing: `apply_user_options` knows the profiles, and KubeSpawner's own list is empty."""
