"""Speed of the niche methods, beside peers that do the same in the same run.

Each measurement is a process of its own with one thread; CPU seconds, the best of a few; wall-clock seconds
for the cube, which is read and written. "check" is a number of the result, the same for all sides that do the
same: where it is not, the row says OTHER VALUES. MaxEnt may differ by 1 %, as glmnet stops short of the
optimum. The peers:

- "R, definition": the published definition written directly in R (`niche_peers.R`), MaxEnt fitted by the
  package glmnet (Debian: r-cran-glmnet).
- "R, maxnet": the package maxnet itself (CRAN).
- "R, specieschrom": the package specieschrom (CRAN), which also draws each chromatogram that it computes.
- "R, nppen": the package nppen, its exact form (in R: `remotes::install_github("jiho/nppen")`).
- "numpy, definition": the formulas in plain numpy.
- elapid: from PyPI (`pip install elapid==1.0.4`). Its MaxEnt has other features and penalties, so that its
  check is shown and not compared.
- "reading alone": the predictors read once, block by block; a projection may take twice as long. The limit on
  the memory of the projecting process is real (RLIMIT_DATA): beyond it, the row fails.

A peer that is not installed is named and left out.

    python benchmarks/niche.py
    python benchmarks/niche.py --quick --json niche.json
    python benchmarks/niche.py --only "nppen ecdf" overlap
"""

import argparse
import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
QUICK = 0.1


@dataclass(frozen=True)
class Row:
    """A job, and what is wanted of it.

    Attributes
    ----------
    job : str
    unit : str
        Of the figures: "s", or work per second.
    peers : dict
        Side -> times that ours is to be faster; None where only the figure is wanted.
    per_second : float, optional
        Work per second that is wanted of ours.
    scale : float
        Work in one unit: 1e6 for millions.
    agree : dict
        Side -> relative difference of its check from ours that is allowed; a side that does something else
        has none.
    """

    job: str
    unit: str
    peers: dict = field(default_factory=dict)
    per_second: float | None = None
    scale: float = 1.0
    agree: dict = field(default_factory=dict)


R, MAXNET, SPECIESCHROM, NPPEN = "R, definition", "R, maxnet", "R, specieschrom", "R, nppen"
NUMPY, ELAPID, READ = "numpy, definition", "elapid", "reading alone"
# The package that a side in R needs, and where it is.
PACKAGES = {
    R: ("glmnet", "Debian: r-cran-glmnet"),
    MAXNET: ("maxnet", "CRAN"),
    SPECIESCHROM: ("specieschrom", "CRAN"),
    NPPEN: ("nppen", "GitHub: jiho/nppen"),
}
SAME = 1e-9
ROWS = [
    Row("chromatogram 1e5", "s", {R: 10, SPECIESCHROM: 10}, agree={R: SAME, SPECIESCHROM: SAME}),
    Row("chromatogram 1e6", "s", {R: 10, SPECIESCHROM: 10}, agree={R: SAME, SPECIESCHROM: SAME}),
    Row("overlap", "s", {R: 100, SPECIESCHROM: 100}, agree={R: SAME, SPECIESCHROM: SAME}),
    Row(
        "nppen exact",
        "targets/s",
        {R: None, NPPEN: None, NUMPY: 1},
        per_second=20_000,
        agree={R: SAME, NPPEN: SAME, NUMPY: SAME},
    ),
    Row("nppen ecdf", "M cells/s", {NUMPY: 1}, per_second=20e6, scale=1e6, agree={NUMPY: SAME}),
    Row(
        "maxent predict",
        "M cells/s",
        {R: 1, MAXNET: 50, ELAPID: 100},
        scale=1e6,
        agree={R: 0.01, MAXNET: 0.01},
    ),
    Row("maxent fit", "s", {R: 1, MAXNET: 1, ELAPID: 1}, agree={R: 0.01, MAXNET: 0.01}),
    Row("project cube", "M cells/s", {READ: 0.5}, scale=1e6, agree={READ: 0}),
]
WHAT = {
    "chromatogram 1e5": "chromatogram, 1e5 samples, 10 variables, 50 categories",
    "chromatogram 1e6": "chromatogram, 1e6 samples, 10 variables, 50 categories",
    "overlap": "overlap of 8 species over the 1023 subsets of 10 variables",
    "nppen exact": "NPPEN exact, 1000 references, 4 variables",
    "nppen ecdf": "NPPEN ECDF, 2000 references, 4 variables",
    "maxent predict": "MaxEnt predict, LQPH, 13 variables (ours on float32, as grids are)",
    "project cube": "project: Zarr to Zarr, NPPEN ECDF, 4 variables; memory is a tenth of the cube",
    "maxent fit": "MaxEnt fit, LQPHT, 13 variables, 116 presences, 1000 background",
}


def missing(side: str) -> str | None:
    """What is to be installed for a side, or None."""
    if side in PACKAGES:
        if shutil.which("Rscript") is None:
            return "Rscript is not installed (Debian: r-base-core, r-cran-glmnet)"
        package, source = PACKAGES[side]
        asked = ["Rscript", "-e", f"stopifnot(requireNamespace('{package}'))"]
        if subprocess.run(asked, capture_output=True).returncode:
            return f"the R package {package} is not installed ({source})"
    if side == ELAPID and importlib.util.find_spec("elapid") is None:
        return "elapid is not installed (pip install elapid==1.0.4)"
    return None


def run(command: list[str]) -> tuple[str, float]:
    """Output of a process, and its peak memory in MB."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment | threads)
        output = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)}\n{errors.read().decode()[-2000:]}")
    return output, usage.ru_maxrss / 1024


def measure(side: str, job: str, folder: Path, size: float) -> dict:
    """Seconds, work, check and peak memory of one side of a job."""
    if side in PACKAGES:
        command = ["Rscript", str(HERE / "niche_peers.R"), job, str(folder), side]
    else:
        name = {"ours": "ours", NUMPY: "numpy", ELAPID: "elapid", READ: "read"}[side]
        command = [sys.executable, str(HERE / "niche_work.py"), name, job, str(folder), str(size)]
    output, peak = run(command)
    return json.loads(output.splitlines()[-1]) | {"peak_mb": round(peak)}


def results(row: Row, sides: list[str], size: float) -> list[dict]:
    """One record per side of a job, ours first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run([sys.executable, str(HERE / "niche_work.py"), "write", row.job, name, str(size)])
        found = {side: measure(side, row.job, folder, size) for side in ["ours", *sides]}
    mine = found["ours"]["seconds"] / found["ours"]["work"]
    records = []
    for side, told in found.items():
        each = told["seconds"] / told["work"]
        ratio, wanted = each / mine, row.peers.get(side)
        short = ratio < (wanted or 1)
        if side == "ours" and row.per_second:
            short = 1 / each < row.per_second
        allowed = row.agree.get(side, math.inf)
        other = abs(told["check"] - found["ours"]["check"]) > allowed * abs(told["check"])
        verdict = "other values" if other else "" if not short else "loses" if ratio < 1 else "below the aim"
        records.append(
            {
                "job": row.job,
                "what": WHAT[row.job] + (" (quick: less of it)" if size < 1 else ""),
                "side": side,
                "figure": each if row.unit == "s" else 1 / each / row.scale,
                "unit": row.unit,
                "ours_is_faster": None if side == "ours" else ratio,
                "aim": row.per_second and row.per_second / row.scale if side == "ours" else wanted,
                "verdict": verdict,
                **told,
            }
        )
    return records


def show(records: list[dict]) -> None:
    """Print the rows of one job."""
    print(f"\n{records[0]['what']}")
    for r in records:
        ratio = "" if r["ours_is_faster"] is None else f"x {r['ours_is_faster']:.3g}"
        aim = "" if r["aim"] is None else f"aim {'' if r['side'] == 'ours' else 'x '}{r['aim']:g}"
        figure = f"{r['figure']:.4g} {r['unit']}"
        mark = f"<- {r['verdict'].upper()}" if r["verdict"] else ""
        line = f"  {r['side']:18} {figure:>20}  {ratio:>10}  {aim:>10}  {r['peak_mb']:>6} MB"
        print(f"{line}  check {r['check']:.6g}  {mark}".rstrip(), flush=True)


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description="Speed of the niche methods beside their peers.")
    parser.add_argument("--only", nargs="+", metavar="JOB", choices=[r.job for r in ROWS])
    parser.add_argument("--quick", action="store_true", help="a tenth of the long jobs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="one record per job and side")
    options = parser.parse_args()
    rows = [row for row in ROWS if not options.only or row.job in options.only]
    lacking = {side: missing(side) for row in rows for side in row.peers}
    for text in filter(None, lacking.values()):
        print(f"{text}: its rows are left out.", file=sys.stderr)
    size = QUICK if options.quick else 1.0
    records = []
    for row in rows:
        records += results(row, [s for s in row.peers if lacking[s] is None], size)
        show([r for r in records if r["job"] == row.job])
    print(f"\n{len(records)} measurements, {sum(bool(r['verdict']) for r in records)} below their aim")
    if options.json:
        options.json.write_text(json.dumps(records, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
