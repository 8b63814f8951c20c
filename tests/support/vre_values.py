"""Values of the VRE that the tests install on a cluster, and who its people are."""

from onenode.outside import PRIVATE as DATA_SERVER

from odatis_vre.settings import Settings

TRAINEES = [f"trainee{number:02}" for number in range(1, 51)]
USERS = ["researcher", "chercheuse", "reader", "lectrice", "fullhome", "ana", *TRAINEES]
# The shipped sizes, and one of which fifty have room on the node.
TINY = {
    "name": {"en": "Tiny", "fr": "Minuscule"},
    "description": {"en": "For a crowd.", "fr": "Pour une foule."},
    "memory": "256M",
    "cores": 1,
    "cores_guarantee": 0.01,
}


def values(reference: str) -> dict:
    """What a test cluster of two cores needs beside the defaults."""
    prefix, tag = reference.rsplit("/", 1)[0], reference.rsplit(":", 1)[1]

    def image(name: str) -> dict:
        return {"image": {"name": f"{prefix}/{name}", "tag": tag}}

    return {
        "vre": {
            "auth": {"users": USERS, "admins": ["operator"]},
            "profiles": {"tiny": TINY, **Settings().model_dump(mode="json", exclude_none=True)["profiles"]},
            "compute": {
                "worker_memory": "768M",
                "scheduler_memory": "512M",
                "scheduler_cores": 0.5,
                "user_max_clusters": 2,
                "user_max_cores": 4,
                "user_max_memory": "8G",
                "start_seconds": 120,
            },
        },
        "hub": image("hub"),
        "proxy": image("proxy"),
        # Fifty start at once on two cores, which may be slow ones.
        "singleuser": {**image("notebook"), "storage": {"capacity": "1Gi"}, "startTimeout": 900},
        "gateway": {
            **image("gateway"),
            "scheduler": {"requests": {"cpu": "50m"}},
            "worker": {"requests": {"cpu": "50m"}},
        },
        "data": {"endpoints": [{"cidr": f"{DATA_SERVER}/32", "ports": [80]}]},
    }
