"""Run inside the image: the notebook server's parts, the catalogue, a run of the template."""

import os
import sys
from pathlib import Path

import checks
from jupyterlab_server.translation_utils import get_language_packs

import odatis_vre as ov
from odatis_vre.shipped import shipped

checks.sound()
checks.locked("notebook", sys.argv[1])
size = checks.unpacked()
assert size < 2e9, f"{size} bytes unpacked, 2 GB at most"
checks.imports("xarray", "dask_gateway", "panel", "sklearn", "odatis_vre.dashboards.serve")

assert "Usage" in checks.run("odatis", "--help")
checks.run("python", "-m", "dask", "scheduler", "--help")
checks.run("python", "-m", "dask", "worker", "--help")
checks.run("papermill", "--version")
checks.run("jupyterhub-singleuser", "--version")

catalog = ov.open_catalog()
climatology = catalog["sample/ocean_climatology"].to_xarray(bbox=(-12, 43, 2, 60)).load()
assert climatology.notnull().any().to_array().all()
assert len(catalog["sample/mackerel_eggs_1992"].to_pandas()) > 100

assert "2 as said" in checks.run("python", "-m", "odatis_vre.catalog.check.nightly", "found.json.gz")

languages, _ = get_language_packs()
assert "fr_FR" in languages, languages

with Path("server.log").open("w+") as log:
    server = ("jupyter-lab", "--no-browser", "--port=8888", "--ServerApp.log_level=INFO")
    # The hub says to a server where it is to answer.
    well = ("env", "JUPYTERHUB_SERVICE_URL=http://127.0.0.1:8888", *checks.health("notebook"))
    checks.answers("http://127.0.0.1:8888/api", *server, well=well, log=log)
    log.seek(0)
    said = log.read()
assert "odatis_vre.lab | extension was successfully loaded" in said, said
assert "panel.io" not in said, said

template = shipped("notebooks", "templates", "optimal_niche.ipynb")
assert Path(os.environ["ODATIS_TEMPLATES"], template.name).samefile(template)
assert len(list(Path(os.environ["ODATIS_GALLERY"]).glob("0*.ipynb"))) == 4
assert Path(os.environ["ODATIS_WORKSHOPS"]).is_dir()
checks.run("odatis", "run", str(template), "--output", "runs")
assert list(Path("runs").glob("*/report.html")), list(Path("runs").rglob("*"))
