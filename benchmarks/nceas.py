"""Every niche model on the NCEAS benchmark: presence-only training, independent presence-absence test.

Needs a folder with the data of Elith et al. 2020 (doi:10.17161/bi.v15i2.13384) as CSV, plain or gzipped:
`NZtrain_po.csv.gz`, `NZtrain_bg.csv.gz`, `NZtest_env.csv.gz`, `NZtest_pa.csv.gz` and the same for other
regions; a region with several groups of species has test files per group (`AWTtest_env_bird.csv`).
`measured_*.csv` beside them hold scores of other software per species (columns region, species, auc_roc,
cor): they appear in the same table. The data are not part of this project.

    python benchmarks/nceas.py FOLDER --json scores.json
    python benchmarks/nceas.py FOLDER --regions SWI --species swi01 swi05 --models MaxEnt RandomForest
"""

import argparse
import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from odatis_vre import niche
from odatis_vre.errors import NicheError
from odatis_vre.niche.metrics import auc, auc_prg, cor

# The variables that Valavi et al. 2022 kept (no pair strongly correlated), and those that are categories.
VARIABLES = {
    "AWT": "bc04 bc05 bc06 bc12 bc15 slope topo tri",
    "CAN": "alt asp2 ontprec ontslp onttemp ontveg watdist",
    "NSW": "cti disturb mi rainann raindq rugged soildepth soilfert solrad tempann topo vegsys",
    "NZ": "age deficit hillshade mas mat r2pet slope sseas toxicats tseas vpd",
    "SA": "sabio12 sabio15 sabio17 sabio18 sabio2 sabio4 sabio5 sabio6",
    "SWI": "bcc calc ccc ddeg nutri pday precyy sfroyy slope sradyy swb topo",
}
FACTORS = {"CAN": ["ontveg"], "NSW": ["vegsys"], "NZ": ["age", "toxicats"], "SWI": ["calc"]}
NOT_VARIABLES = {"siteid", "spid", "x", "y", "occ", "group"}
SCORES = {"auc": auc, "auc_prg": auc_prg, "cor": cor}
MEMBERS = ("GLM-lasso", "GAM", "MaxEnt", "BRT", "RandomForest")
SEED = 32
# Ours, and the software that `measured_<name>.csv` comes from.
SAME_METHOD = {"rf_downsampled": "RandomForest", "maxnet": "MaxEnt"}
CLOSE = 0.01


class Ours:
    """A model of the niche toolbox.

    Parameters
    ----------
    make : callable
        Gives the model.
    continuous_only : bool
        It takes no categories, and no variable that is the same at all presences.
    """

    def __init__(self, make, continuous_only: bool = False):
        self.make, self.continuous_only = make, continuous_only

    def fit(self, X: pd.DataFrame, y: np.ndarray):
        """Fit on the columns that the model takes."""
        self.columns = list(X)
        if self.continuous_only:
            seen = X[y == 1].select_dtypes("number")
            self.columns = list(seen.columns[seen.nunique() > 1])
        self.model = self.make().fit(X[self.columns], y)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Suitability, shape (n,)."""
        return self.model.predict(X[self.columns])


class Classifier:
    """A scikit-learn classifier with its defaults: categories are the numbers of the files."""

    def __init__(self, make):
        self.make = make

    def fit(self, X: pd.DataFrame, y: np.ndarray):
        """Fit on all columns."""
        self.model = self.make().fit(X.astype(float), y)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Probability of presence, shape (n,)."""
        return self.model.predict_proba(X.astype(float))[:, 1]


class Elapid:
    """elapid's MaxEnt with its defaults."""

    def fit(self, X: pd.DataFrame, y: np.ndarray):
        """Fit on all columns."""
        from elapid import MaxentModel

        factors = [i for i, c in enumerate(X) if isinstance(X[c].dtype, pd.CategoricalDtype)]
        self.model = MaxentModel(n_cpus=1)
        self.model.fit(X.astype(float).to_numpy(), y, categorical=factors or None)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Cloglog suitability, shape (n,)."""
        return np.ravel(self.model.predict(X.astype(float).to_numpy()))


MODELS = {
    "MaxEnt": lambda: Ours(lambda: niche.MaxEnt()),
    "GLM": lambda: Ours(lambda: niche.GLM()),
    "GLM-lasso": lambda: Ours(lambda: niche.GLM(selection="lasso", random_state=SEED)),
    "GLM-IWLR": lambda: Ours(lambda: niche.GLM(weighting="iwlr")),
    "GAM": lambda: Ours(lambda: niche.GAM()),
    "BRT": lambda: Ours(lambda: niche.BRT(random_state=SEED)),
    "RandomForest": lambda: Ours(lambda: niche.RandomForest(random_state=SEED)),
    "Ensemble": None,
    "NPPEN": lambda: Ours(lambda: niche.NPPEN(), continuous_only=True),
    "Envelope": lambda: Ours(lambda: niche.Envelope(), continuous_only=True),
    "elapid MaxEnt": Elapid,
    "sklearn RandomForest": lambda: Classifier(lambda: RandomForestClassifier(random_state=SEED)),
    "sklearn HistGradientBoosting": lambda: Classifier(
        lambda: HistGradientBoostingClassifier(random_state=SEED)
    ),
    "sklearn LogisticRegression": lambda: Classifier(
        lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    ),
}


class Region:
    """The files of one region.

    Parameters
    ----------
    folder : Path
    name : str
        For instance "NZ".
    """

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder, name
        self.po, self.bg = self._read("train_po"), self._read("train_bg")
        known = [c for c in self.bg if c not in NOT_VARIABLES]
        self.variables = VARIABLES[name].split() if name in VARIABLES else known
        self.factors = FACTORS.get(name, [])
        self.species = list(dict.fromkeys(self.po["spid"]))
        self._group = dict(zip(self.po["spid"], self.po["group"], strict=True))

    def _read(self, part: str) -> pd.DataFrame:
        for path in (self.folder / f"{self.name}{part}.csv.gz", self.folder / f"{self.name}{part}.csv"):
            if path.exists():
                return pd.read_csv(path)
        raise FileNotFoundError(f"{self.folder}: no {self.name}{part}.csv or .csv.gz")

    def training(self, species: str) -> tuple[pd.DataFrame, np.ndarray]:
        """Environment and presence (0/1) of a species' presences and of the background."""
        rows = pd.concat([self.po[self.po["spid"] == species], self.bg], ignore_index=True)
        return self._table(rows), rows["occ"].to_numpy()

    def testing(self, species: str) -> tuple[pd.DataFrame, np.ndarray]:
        """Environment and presence (0/1) of the species' group of test sites."""
        group = self._group[species]
        try:
            env, pa = self._read(f"test_env_{group}"), self._read(f"test_pa_{group}")
        except FileNotFoundError:
            env, pa = self._read("test_env"), self._read("test_pa")
        env = env[env["group"] == group].set_index("siteid")
        observed = pa[pa["group"] == group].set_index("siteid")[species].reindex(env.index)
        return self._table(env), observed.to_numpy()

    def _table(self, rows: pd.DataFrame) -> pd.DataFrame:
        kinds = {c: "category" if c in self.factors else float for c in self.variables}
        return rows[self.variables].astype(kinds).reset_index(drop=True)


def regions_of(folder: Path) -> list[str]:
    """Names of the regions in a folder."""
    return sorted({p.name.split("train_po.csv")[0] for p in folder.glob("*train_po.csv*")})


def evaluate(region: Region, species: str, models: list[str], keep: Path | None = None) -> list[dict]:
    """Fit and test the models on one species: one row per model; keep what they predict, if asked for."""
    warnings.simplefilter("ignore")
    X, y = region.training(species)
    test, observed = region.testing(species)
    rows, fitted, spent, suitability = [], {}, {}, {}

    def row(name: str, seconds: float, predicted: np.ndarray | None) -> None:
        scores = dict.fromkeys(SCORES)
        if predicted is not None:
            suitability[name] = predicted
            found = {key: score(observed, predicted) for key, score in SCORES.items()}
            # A flat prediction has no score: a gap in the table.
            scores = {key: round(v, 6) if np.isfinite(v) else None for key, v in found.items()}
        rows.append(
            {"model": name, "region": region.name, "species": species, **scores, "seconds": round(seconds, 3)}
        )

    wanted = [m for m in MODELS if m in models or ("Ensemble" in models and m in MEMBERS)]
    for name in [m for m in wanted if m != "Ensemble"]:
        start = time.perf_counter()
        try:
            model = MODELS[name]().fit(X, y)
            predicted = model.predict(test)
            fitted[name] = model
        except NicheError as error:
            print(f"{species}: {name}: {error.message}", file=sys.stderr)
            predicted = None
        spent[name] = time.perf_counter() - start
        row(name, spent[name], predicted)
    members = [(m, FrozenEstimator(fitted[m].model)) for m in MEMBERS if m in fitted]
    if "Ensemble" in models and len(members) > 1:
        start = time.perf_counter()
        predicted = niche.Ensemble(members).fit(X, y).predict(test)
        row("Ensemble", sum(spent[m] for m, _ in members) + time.perf_counter() - start, predicted)
    if keep:
        np.savez_compressed(keep / f"{species}.npz", observed=observed, **suitability)
    return [r for r in rows if r["model"] in models]


def measured(folder: Path) -> pd.DataFrame:
    """Scores of other software that lie beside the data, in the same columns."""
    tables = []
    for path in sorted(folder.glob("measured_*.csv")):
        table = pd.read_csv(path).rename(columns={"auc_roc": "auc"})
        table["model"] = f"R {path.stem.removeprefix('measured_')}"
        table["seconds"] = table.filter(regex="_seconds$").sum(axis=1, min_count=1)
        tables.append(table.reindex(columns=["model", "region", "species", *SCORES, "seconds"]))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def report(rows: pd.DataFrame, others: pd.DataFrame) -> str:
    """The tables that are printed: means per model, and each measured software against ours."""
    pairs = rows[["region", "species"]].drop_duplicates()
    others = others.merge(pairs) if len(others) else others
    both = pd.concat([rows, others], ignore_index=True) if len(others) else rows
    grouped = both.groupby("model", sort=False)
    table = grouped[list(SCORES)].mean()
    table.insert(0, "species", grouped["auc"].count())
    table["seconds"] = grouped["seconds"].sum()
    regions = sorted(rows["region"].unique())
    for name in regions if len(regions) > 1 else []:
        table[f"auc {name}"] = both[both["region"] == name].groupby("model")["auc"].mean()
    out = [table.sort_values("auc", ascending=False).round(4).to_string()]
    for software, ours in SAME_METHOD.items():
        mine, theirs = rows[rows["model"] == ours], others
        theirs = others[others["model"] == f"R {software}"] if len(others) else others
        if len(mine) and len(theirs):
            same = mine.merge(theirs, on=["region", "species"], suffixes=("", "_other")).dropna(subset="auc")
            gap = same["auc"].mean() - same["auc_other"].mean()
            verdict = "within" if abs(gap) <= CLOSE else "above" if gap > 0 else "BELOW"
            out.append(
                f"{ours} against R {software}, {len(same)} species: AUC {same['auc'].mean():.4f} / "
                f"{same['auc_other'].mean():.4f}, difference {gap:+.4f} ({verdict} {CLOSE})"
            )
    if "Ensemble" in table.index:
        out.append("\n".join(beside_members(table.drop(columns=["species", "seconds"]))))
    return "\n\n".join(out)


def beside_members(scores: pd.DataFrame) -> list[str]:
    """For each score, whether the ensemble is above all its members, and who is not below it."""
    told = []
    for name, column in scores.items():
        mine = column["Ensemble"]
        members = column.reindex(MEMBERS).dropna().sort_values(ascending=False, kind="stable")
        if np.isnan(mine) or members.empty:
            continue
        not_below = members[members >= mine]
        named = ", ".join(f"{m} {v:.4f}" for m, v in (members[:1] if not_below.empty else not_below).items())
        verdict = "above its best member in this table" if not_below.empty else "NOT above"
        told.append(f"{name}: Ensemble {mine:.4f} is {verdict}: {named}")
    return told


def write(rows: list[dict], path: Path) -> None:
    """Write the rows as JSON, whole or not at all."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(json.dumps(rows, indent=1), "utf-8")
    beside.replace(path)


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS), metavar="MODEL")
    parser.add_argument("--regions", nargs="+", metavar="REGION")
    parser.add_argument("--species", nargs="+", metavar="SPECIES")
    parser.add_argument("--jobs", type=int, default=1, help="species fitted at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="one row per model, region and species")
    parser.add_argument("--predictions", type=Path, metavar="DIR", help="keep predictions: SPECIES.npz")
    parser.add_argument("--resume", action="store_true", help="keep the rows that FILE already holds")
    args = parser.parse_args(arguments)
    if args.resume and not args.json:
        parser.error("--resume needs --json FILE")
    found = regions_of(args.folder)
    names = args.regions or found
    if unknown := sorted(set(names) - set(found)):
        parser.error(f"no such region in {args.folder}: {', '.join(unknown)}; there are: {', '.join(found)}")
    models = list(args.models)
    if "elapid MaxEnt" in models:
        try:
            import elapid  # noqa: F401
        except ImportError:
            print(
                "elapid is not installed (pip install elapid==1.0.4): its row is left out.", file=sys.stderr
            )
            models.remove("elapid MaxEnt")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    rows = json.loads(args.json.read_text("utf-8")) if args.resume and args.json.exists() else []
    done = {(r["region"], r["species"], r["model"]) for r in rows}
    if args.predictions:
        args.predictions.mkdir(parents=True, exist_ok=True)
    regions = [Region(args.folder, name) for name in names]
    jobs = [
        (region, species, left)
        for region in regions
        for species in region.species
        if (not args.species or species in args.species)
        and (left := [m for m in models if (region.name, species, m) not in done])
    ]
    work = Parallel(n_jobs=args.jobs, return_as="generator")(
        delayed(evaluate)(*job, args.predictions) for job in jobs
    )
    for number, result in enumerate(work, 1):
        rows += result
        if args.json:
            write(rows, args.json)
        print(f"{number} of {len(jobs)}: {result[0]['species']}", file=sys.stderr)
    if not rows:
        parser.error("nothing to do: no species of these regions was asked for")
    print(report(pd.DataFrame(rows).astype(dict.fromkeys(SCORES, float)), measured(args.folder)))


if __name__ == "__main__":
    main()
