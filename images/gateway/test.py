"""Run inside the image: the Gateway's server, its Kubernetes backend and its controller."""

import sys

import checks

checks.sound()
checks.locked("gateway", sys.argv[1])
for module in ("gateway", "backend", "controller"):
    checks.imports(f"odatis_vre.hub.kubernetes.{module}")
assert "2026" in checks.run("python", "-m", "dask_gateway_server", "--version")
assert "kube-controller" in checks.run("dask-gateway-server", "--help")
