"""Run inside the image: the proxy starts and says that it is well."""

import json
from pathlib import Path

import checks

PROXY = "configurable-http-proxy"


def versions(lock: Path) -> dict[str, str]:
    """The version of each package of a lock."""
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return {name: found["version"] for name, found in packages.items() if name}


checks.sound()
wanted = versions(Path(__file__).with_name("package-lock.json"))
there = versions(Path("/opt/odatis/node_modules/.package-lock.json"))
assert there.items() <= wanted.items(), there.items() - wanted.items()
assert wanted[f"node_modules/{PROXY}"] in checks.run(PROXY, "--version")
with Path("log").open("w") as log:
    server = (PROXY, "--port=8000")
    said = checks.answers("http://127.0.0.1:8000/_chp_healthz", *server, well=checks.health("proxy"), log=log)
assert b"OK" in said, said
