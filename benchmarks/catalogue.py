"""Open and search a catalogue: this library beside plain Intake, on the same YAML.

    python benchmarks/catalogue.py            # 100, 1 000, 5 000 and 50 000 generated records
    python benchmarks/catalogue.py --sizes 100 1000
    python benchmarks/catalogue.py --json     # the same figures as JSON

Each line is measured in a process of its own. "first" is the first opening ever of a file, "again" a later
one in a new process, which finds the checked form and the index of that very content in the user's cache (a
folder made for the run), "for all" the first one of a user whose cache is empty, of a file beside which a
harvest or a check kept them. "index" is the first search, which reads the index or makes it; the others
are the median of the questions below, the slowest beside it. Plain Intake looks for the text in its
descriptions: it is asked the one word that it can find. Times include reading the files, not the imports.
"cpu" is the processor's time: on a machine that does other things, the figure to compare. Peak memory is
that of the whole process; "bare" (JSON only) is the process after its imports. A line that takes more than
half an hour is given up; what it has measured by then stays. Plain Intake is told to read a file once
(`ttl=None`): after a minute, it would read it again for a search.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

SIZES = (100, 1_000, 5_000, 50_000)
# Seconds for one line of the table.
PATIENCE = 1800
QUESTIONS = (
    {"text": "chlorophylle, golfe de Gascogne, 2010-2020"},
    {"text": "temperatures Méditerranée"},
    {"text": "niveau de la mer depuis 2005"},
    {"text": "SST"},
    {"text": "salinity", "domain": "physics", "bbox": (-12, 43, 2, 60), "time": ("1990", "2000")},
    {"variable": "nitrate", "licence": "CC-BY-4.0"},
)
INTAKE_QUESTION = "nitrate"
# standard name, ODATIS variable, domain, English, French
SUBJECTS = (
    (
        "sea_surface_temperature",
        "/Physique de l'Océan/Température",
        "physics",
        "Sea surface temperature",
        "Température de surface de la mer",
    ),
    ("sea_water_practical_salinity", "/Physique de l'Océan/Salinité", "physics", "Salinity", "Salinité"),
    (
        "eastward_sea_water_velocity",
        "/Physique de l'Océan/Courants",
        "physics",
        "Surface currents",
        "Courants de surface",
    ),
    (
        "sea_surface_height_above_sea_level",
        "/Physique de l'Océan/Niveau de la mer",
        "physics",
        "Sea level",
        "Niveau de la mer",
    ),
    (
        "mass_concentration_of_chlorophyll_a_in_sea_water",
        "/Biogéochimie marine/Pigments",
        "biogeochemistry",
        "Chlorophyll",
        "Chlorophylle",
    ),
    (
        "mole_concentration_of_nitrate_in_sea_water",
        "/Biogéochimie marine/Nutriments (sels nutritifs)",
        "biogeochemistry",
        "Nitrate",
        "Nitrate",
    ),
    (
        "moles_of_oxygen_per_unit_mass_in_sea_water",
        "/Biogéochimie marine/Oxygène dissous",
        "biogeochemistry",
        "Dissolved oxygen",
        "Oxygène dissous",
    ),
    ("sea_floor_depth_below_geoid", "/Géologie/Bathymétrie", "geology", "Bathymetry", "Bathymétrie"),
)
PLACES = (
    ("Bay of Biscay", "golfe de Gascogne", (-10, 43, -1, 48.5)),
    ("Mediterranean", "Méditerranée", (-6, 30, 36.5, 46)),
    ("English Channel", "Manche", (-6, 48.5, 2, 51.2)),
    ("North Atlantic", "Atlantique Nord", (-83, 0, 13, 68)),
    ("La Réunion", "La Réunion", (54.5, -22, 56.5, -20)),
    ("world ocean", "océan mondial", (-180, -90, 180, 90)),
)
CENTRES = ("CDS-SISMER", "CDS-CORIOLIS", "CDS-AVISO", "CDS-CERSAT", "CDS-SHOM", "CDS-STAMAR")
LICENCES = ("CC-BY-4.0", "CC-BY-NC-4.0", "Etalab-2.0", "CC0-1.0")
SYLLABLES = ("ar", "be", "co", "di", "el", "fo", "gu", "hi", "is", "jo", "ka", "lu", "me", "no", "or", "pe")


def write_catalogue(path: Path, size: int) -> None:
    """Write `size` records of the size of real ones, always the same."""
    chance = random.Random(20_241_122)
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(20_000)]
    with path.open("w", encoding="utf-8") as file:
        file.write("metadata: {version: 1, title: {en: Generated, fr: Engendré}}\nsources:\n")
        for number in range(size):
            file.write(_record(number, chance, words))


def _record(number: int, chance: random.Random, words: list[str]) -> str:
    name, label, domain, english, french = chance.choice(SUBJECTS)
    place, lieu, (west, south, east, north) = chance.choice(PLACES)
    start = chance.randint(1950, 2015)
    end = start + chance.randint(1, 30)
    about = " ".join(chance.choices(words, k=45))
    sur = " ".join(chance.choices(words, k=45))
    return f"""\
  {name}_{number}:
    description: "{english}, {place} / {french}, {lieu}"
    driver: netcdf
    args:
      urlpath: "https://example.org/data/{name}_{number}.nc"
      chunks: {{}}
      xarray_kwargs: {{engine: h5netcdf}}
    metadata:
      title: {{en: "{english}, {place}, {start}-{end}", fr: "{french}, {lieu}, {start}-{end}"}}
      description:
        en: "{about}"
        fr: "{sur}"
      domain: {domain}
      data_centre: {chance.choice(CENTRES)}
      odatis_variables: ["{label}"]
      variables:
        value: {{standard_name: {name}, units: "1", title: {{en: "{english}", fr: "{french}"}}}}
      bbox: [{west}, {south}, {east}, {north}]
      time: ["{start}-01-01", "{end}-12-31"]
      licence: {{name: {chance.choice(LICENCES)}}}
      protocol: https
      verified: false
"""


class Clock:
    """Seconds that passed, and seconds of work, since the last look."""

    def __init__(self):
        self.look()

    def look(self) -> tuple[float, float]:
        now = time.perf_counter(), time.process_time()
        passed = tuple(b - a for a, b in zip(getattr(self, "_last", now), now, strict=True))
        self._last = time.perf_counter(), time.process_time()
        return passed


def ours(path: str) -> dict[str, float]:
    clock = Clock()
    import numpy  # noqa: F401

    from odatis_vre.catalog import open_catalog
    from odatis_vre.catalog.search import ranking  # noqa: F401

    imports, bare = clock.look(), peak()
    cat = open_catalog(path)
    opening = clock.look()
    tell(figures(bare, imports=imports, open=opening))
    clock.look()
    cat.search("SST")  # reads the index, or makes it
    indexing = clock.look()
    times = []
    for question in QUESTIONS * 5:
        clock.look()
        hits = cat.search(**question)
        times.append(clock.look())
        assert len(hits)
    return figures(bare, imports=imports, open=opening, index=indexing, **searches(times))


def intake(path: str) -> dict[str, float]:
    clock = Clock()
    import intake

    imports, bare = clock.look(), peak()
    cat = intake.open_catalog(path, ttl=None)
    list(cat)
    opening = clock.look()
    tell(figures(bare, imports=imports, open=opening))
    times = []
    for _ in range(3):
        clock.look()
        found = list(cat.search(INTAKE_QUESTION))
        times.append(clock.look())
        assert found
    return figures(bare, imports=imports, open=opening, **searches(times))


def searches(times: list[tuple[float, float]]) -> dict[str, list[float]]:
    columns = list(zip(*times, strict=True))
    return {"search": list(map(statistics.median, columns)), "slowest": list(map(max, columns))}


def figures(bare: float, **measured: Sequence[float]) -> dict[str, float]:
    row = {"bare": bare, "peak": peak()}
    for name, (wall, work) in measured.items():
        row |= {name: wall, f"{name}_cpu": work}
    return row


def tell(row: dict[str, float]) -> None:
    """To the process that waits: the last line is what counts."""
    print(json.dumps(row), flush=True)


def peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(who: str, path: Path, cache: Path) -> dict[str, float]:
    """The figures of one process; of one that takes longer than `PATIENCE`, those that it had by then."""
    command = [sys.executable, __file__, "--measure", who, str(path)]
    environment = {**os.environ, "ODATIS_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired as error:
        told = (error.stdout or b"{}").splitlines()
        return json.loads(told[-1]) | {"given_up_after": PATIENCE}
    return json.loads(done.stdout.splitlines()[-1])


def keep_for_all(path: Path) -> None:
    """As a harvest leaves it."""
    code = "import sys; from odatis_vre.catalog.tree import keep_for_all; keep_for_all(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, metavar="RECORDS", default=SIZES)
    parser.add_argument("--json", action="store_true", help="write the figures as JSON")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        who, path = asked.measure
        tell({"ours": ours, "intake": intake}[who](path))
        return
    rows = []
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as folder:
            path, cache = Path(folder, "catalog.yaml"), Path(folder, "cache")
            write_catalogue(path, size)
            megabytes = path.stat().st_size / 1e6
            for who, what in (
                ("ours", "first"),
                ("ours", "again"),
                ("ours", "for all"),
                ("intake", "each time"),
            ):
                if what == "for all":
                    keep_for_all(path)
                    cache = Path(folder, "cache of another user")
                row = {"records": size, "file_mb": megabytes, "who": who, "opening": what}
                rows.append(row | measure(who, path, cache))
                if not asked.json:
                    print_row(rows[-1], head=len(rows) == 1)
    if asked.json:
        print(json.dumps(rows, indent=2))


def print_row(row: dict, head: bool) -> None:
    if head:
        print("records   file  who    opening         open           index        search      slowest   peak")
        print("            MB                     ms    cpu      ms    cpu     ms    cpu     ms    cpu    MB")
    kind = f"{row['records']:>7} {row['file_mb']:>6.1f}  {row['who']:<6} {row['opening']:<9}"
    times = ""
    for name, width in (("open", 9), ("index", 8), ("search", 7), ("slowest", 7)):
        wall, work = (f"{row[key] * 1000:.1f}" if key in row else "-" for key in (name, f"{name}_cpu"))
        times += f"{wall:>{width}} {work:>{width - 1}}"
    memory = f"{row['peak']:.0f}" if "peak" in row else "-"
    late = f"  given up after {PATIENCE // 60} minutes" if "given_up_after" in row else ""
    print(f"{kind}{times}{memory:>7}{late}", flush=True)


if __name__ == "__main__":
    main()
