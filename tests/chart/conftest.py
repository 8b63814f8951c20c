"""Helm, and what it renders of the chart."""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from odatis_vre.hub.kubernetes.values import Values

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "odatis-vre"
VARIANTS = sorted((Path(__file__).parent / "variants").glob("*.yaml"))
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "odatis-vre" / "programs"
# The newest that the schemas of the test know, and not older than Chart.yaml asks for.
KUBERNETES = "1.36.0"
# Their schemas come with the programs that define them: neither Kubernetes nor this repository has them. The
# tests' cluster, which has both programs, takes the objects: tests/cluster/vre/site.
NOT_OF_KUBERNETES = {"CiliumNetworkPolicy", "HTTPRoute"}


def _built_in_ci() -> str | None:
    command = [sys.executable, "-m", "onenode", "programs", "helm"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "cluster")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1500)
    return done.stdout.split()[-1] if done.returncode == 0 and done.stdout.split() else None


@cache
def _helm() -> str | None:
    if found := os.environ.get("HELM") or shutil.which("helm"):
        return found
    if os.environ.get("CI"):
        return _built_in_ci()
    built = sorted(CACHE.glob("helm-*/helm"), key=lambda path: path.stat().st_mtime)
    return str(built[-1]) if built else None


class Helm:
    """The real Helm, on the chart."""

    def __init__(self, program: str):
        self.program = program

    def run(self, *words: object) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, *map(str, words)], capture_output=True, text=True, timeout=120)

    def template(self, *words: object) -> subprocess.CompletedProcess:
        at = ("--namespace", "ocean", "--kube-version", KUBERNETES)
        return self.run("template", "sea", CHART, *at, *words)

    @cache  # noqa: B019 - it lives as long as the tests
    def text(self, *files: Path) -> str:
        done = self.template(*(word for file in files for word in ("--values", file)))
        assert done.returncode == 0, done.stderr
        return done.stdout

    @cache  # noqa: B019
    def objects(self, *files: Path) -> list[dict]:
        return [found for found in yaml.load_all(self.text(*files), yaml.CSafeLoader) if found]

    def refusal(self, folder: Path, values: dict, *words: str) -> str:
        (file := folder / "values.yaml").write_text(yaml.safe_dump(values), "utf-8")
        done = self.template("--values", file, *words)
        assert done.returncode != 0, "Helm accepted it"
        return done.stderr


@cache
def _takes(text: str) -> None:
    kubernetes_validate.validate(json.loads(text), "1.36", strict=True)


@pytest.fixture(scope="session")
def kubernetes_takes():
    """Check objects with Kubernetes' schema; most are the same in every variant, and are looked at once."""

    def check(objects: list[dict]) -> None:
        for found in objects:
            if found["kind"] not in NOT_OF_KUBERNETES:
                _takes(json.dumps(found))

    return check


@pytest.fixture(scope="session")
def helm(missing) -> Helm:
    """Helm: the one that `HELM` or PATH names, else the one that the tests on a cluster built."""
    if (program := _helm()) is None:
        how = "set HELM to its path, or run: PYTHONPATH=tests/cluster python -m onenode programs helm"
        missing("helm", how)
    return Helm(program)


@pytest.fixture(params=[None, *VARIANTS], ids=lambda path: path.stem if path else "defaults")
def files(request) -> tuple[Path, ...]:
    """The values files of each documented variant; none for the defaults."""
    return (request.param,) if request.param else ()


@pytest.fixture
def objects(helm, files) -> list[dict]:
    """The objects of a variant."""
    return helm.objects(*files)


@pytest.fixture
def values(objects) -> Values:
    """The values of a variant, as pods read them."""
    (text,) = (found["data"]["values.json"] for found in objects if "values.json" in found.get("data", {}))
    return Values.model_validate(json.loads(text))


@pytest.fixture
def pods(objects) -> dict[str, dict]:
    """The pod templates of a variant, by kind and name."""
    kinds = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
    return {
        f"{found['kind']} {found['metadata']['name']}": found["spec"].get("jobTemplate", found)["spec"][
            "template"
        ]
        for found in objects
        if found["kind"] in kinds
    }
