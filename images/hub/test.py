"""Run inside the image: the hub with its spawner, its authenticators and its databases' drivers."""

import sys
from pathlib import Path

import checks

checks.sound()
checks.locked("hub", sys.argv[1])
checks.imports("kubespawner", "oauthenticator.generic", "oauthenticator.github", "jupyterhub_idle_culler")
checks.imports("psycopg2", "pymysql")
for module in ("traits", "spawner", "scheduler_pages", "secrets", "catalog_status"):
    checks.imports(f"odatis_vre.hub.kubernetes.{module}")
assert "Usage" in checks.run("odatis", "--help")
checks.run("jupyterhub", "upgrade-db")
assert Path("jupyterhub.sqlite").exists()
