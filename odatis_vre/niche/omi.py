"""Outlying mean index: how far, and how widely, species live from the mean habitat."""

import warnings

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.abundance import Community, read_community
from odatis_vre.niche.axes import axis_names, oriented, project_on
from odatis_vre.niche.model import constant_columns

_RANK = 1e-9
# Elements of one block of (permutations x sites x variables).
_BLOCK = 1 << 21
_COLUMNS = ["inertia", "omi", "tolerance", "residual_tolerance"]


class OMI(TransformerMixin, BaseEstimator):
    """Outlying mean index analysis (Doledec, Chessel & Gimaret-Carpentier 2000).

    The environment is centred on the mean of all sites and scaled by their standard deviation (divisor
    n). A species' inertia, the mean square distance of its sites to the mean habitat weighted by its
    abundance, falls into three parts: the distance of its own centroid (marginality), its spread along
    that direction (tolerance) and what is left (residual tolerance).

    Attributes
    ----------
    parameters_ : DataFrame, index species
        `inertia`, `omi` (marginality), `tolerance`, `residual_tolerance`; the first is the sum of the
        others.
    eigenvalues_ : ndarray, shape (k,)
        Marginality that each axis explains, decreasing; their sum is the mean of the species' `omi`,
        weighted by abundance.
    axes_ : DataFrame, shape (p, k)
        Weight of each variable (scaled as above) in each axis; columns of length 1.
    species_scores_ : DataFrame, shape (S, k)
        The species' centroids on the axes.
    site_scores_ : DataFrame, shape (n, k)
        The sites on the axes, with the index of the table (or the cells of the grid).
    mean_, scale_ : ndarray, shape (p,)
        Of the variables over all sites.
    feature_names_in_ : ndarray of str
        The variables, when they were given in a DataFrame.
    feature_units_ : dict
        Variable -> unit, as far as it is known.

    References
    ----------
    Doledec, S., Chessel, D. & Gimaret-Carpentier, C. (2000). Niche separation in community analysis: a
    new method. Ecology 81, 2914-2927. doi:10.1890/0012-9658(2000)081[2914:NSICAA]2.0.CO;2

    Karasiewicz, S., Doledec, S. & Lefebvre, S. (2017). Within outlying mean indexes: refining the OMI
    analysis for the realized niche decomposition. PeerJ 5, e3364. doi:10.7717/peerj.3364

    Examples
    --------
    >>> import numpy as np
    >>> depth = np.array([[10.0], [20.0], [30.0], [40.0]])
    >>> OMI().fit(depth, [0, 0, 1, 1]).parameters_.round(2).to_numpy().tolist()
    [[1.0, 0.8, 0.2, 0.0]]
    """

    citation = (
        "Doledec, S., Chessel, D. & Gimaret-Carpentier, C. (2000). Niche separation in community "
        "analysis: a new method. Ecology 81, 2914-2927."
    )

    def fit(self, X, y):
        """Describe the niches of the species of a community.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (n sites, p variables)
            Environment of each site. Sites with a missing value, here or in `y`, are left out, with a
            warning.
        y : DataFrame, Series, array or DataArray, shape (n,) or (n, S species)
            Abundance (or 0/1) of each species in each site, 0 or more.

        Returns
        -------
        self

        Raises
        ------
        NicheError
            Tables of different lengths, negative abundances, a species that is absent everywhere, a
            variable that does not vary.
        """
        samples = _complete(read_community(X, y))
        env, abundance = samples.env.values, samples.abundance.values
        names, species = samples.env.names, samples.abundance.names
        if empty := [s for s, total in zip(species, abundance.sum(axis=0), strict=True) if not total > 0]:
            raise NicheError(tr("niche.empty_species", species=", ".join(empty)), tr("niche.empty_hint"))
        if len(constant := constant_columns(env)):
            names = ", ".join(names[j] for j in constant)
            raise NicheError(tr("niche.constant_sites", columns=names), tr("niche.collinear_hint"))

        self.mean_, self.scale_ = env.mean(axis=0), env.std(axis=0)
        self._standard = (env - self.mean_) / self.scale_
        self._profile = (abundance / abundance.sum(axis=0)).T
        self.parameters_ = pd.DataFrame(
            _decompose(self._standard, self._profile),
            index=pd.Index(species, name="species"),
            columns=_COLUMNS,
        )
        self._share = abundance.sum(axis=0) / abundance.sum()
        self._set_axes(samples)
        samples.remember(self)
        return self

    def _set_axes(self, samples: Community) -> None:
        centroid = self._profile @ self._standard
        _, size, axes = np.linalg.svd(np.sqrt(self._share)[:, None] * centroid, full_matrices=False)
        kept = size**2 > _RANK * max(size[0] ** 2, np.finfo(float).tiny)
        axes = oriented(axes[kept].T)
        columns = axis_names(axes.shape[1])
        variable = pd.Index(samples.env.names, name="variable")
        self.eigenvalues_ = size[kept] ** 2
        self.axes_ = pd.DataFrame(axes, index=variable, columns=columns)
        self.species_scores_ = pd.DataFrame(centroid @ axes, index=self.parameters_.index, columns=columns)
        self.site_scores_ = pd.DataFrame(self._standard @ axes, index=samples.index, columns=columns)

    def transform(self, X):
        """Scores of other sites on the axes.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (m, p)
            A Dataset gives a field with a dimension `axis`, lazy where it is chunked.

        Returns
        -------
        DataFrame, shape (m, k), or DataArray
            NaN where a variable is missing.

        Raises
        ------
        NicheError
            Not fitted, a variable is missing, or its unit does not fit the fit's.
        """
        return project_on(self, X)

    def permutation_test(self, permutations: int = 999, seed=None) -> pd.DataFrame:
        """Whether species live farther from the mean habitat than chance would have it.

        Parameters
        ----------
        permutations : int, default 999
            Times that the sites' abundances are dealt anew to the sites, all species of a site together.
        seed : int or numpy Generator, optional
            The same seed gives the same test.

        Returns
        -------
        DataFrame, index species and a last row `mean`
            `omi` as observed (its mean over the species in the last row), `expected` (mean over the
            permutations) and `p_value`, (1 + number of permutations at least as large) / (1 +
            permutations).

        Raises
        ------
        NicheError
            Not fitted, or fewer than one permutation.
        """
        self._check_fitted()
        if not isinstance(permutations, int | np.integer) or permutations < 1:
            raise NicheError(
                tr("niche.bad_parameter", name="permutations", value=permutations),
                tr("niche.bad_parameter_hint", allowed=">= 1"),
            )
        chance = np.random.default_rng(seed)
        n, p = self._standard.shape
        observed = self.parameters_["omi"].to_numpy()
        observed = np.append(observed, observed.mean())
        larger, total = np.zeros(len(observed)), np.zeros(len(observed))
        block = max(1, _BLOCK // (n * p))
        for start in range(0, permutations, block):
            size = min(block, permutations - start)
            order = chance.permuted(np.tile(np.arange(n), (size, 1)), axis=1)
            dealt = self._standard[order].transpose(1, 0, 2).reshape(n, size * p)
            omi = ((self._profile @ dealt).reshape(-1, size, p) ** 2).sum(axis=2)
            omi = np.vstack([omi, omi.mean(axis=0)])
            larger += (omi >= observed[:, None] * (1 - _RANK)).sum(axis=1)
            total += omi.sum(axis=1)
        return pd.DataFrame(
            {
                "omi": observed,
                "expected": total / permutations,
                "p_value": (1 + larger) / (1 + permutations),
            },
            index=pd.Index([*self.parameters_.index, "mean"], name="species"),
        )

    def subniches(self, groups) -> pd.DataFrame:
        """Niches within parts of the sites: seasons, areas, periods (Karasiewicz et al. 2017).

        Parameters
        ----------
        groups : Series or array, shape (n sites)
            The part that each site of the fit belongs to.

        Returns
        -------
        DataFrame, index (group, species)
            The columns of `parameters_` measured from the mean habitat of all sites, then the same
            measured from the mean habitat of the group (ending in `_within`). NaN where a species does
            not live in the group.

        Raises
        ------
        NicheError
            Not fitted, or not one group per site.
        """
        self._check_fitted()
        groups = np.asarray(groups)
        if groups.shape != (len(self._standard),):
            raise NicheError(
                tr("niche.lengths_differ", env=len(self._standard), abundance=groups.size),
                tr("niche.lengths_differ_hint"),
            )
        parts = {}
        for group in pd.unique(groups[~pd.isna(groups)]):
            here = groups == group
            env, profile = self._standard[here], self._profile[:, here]
            with np.errstate(invalid="ignore", divide="ignore"):
                profile = profile / profile.sum(axis=1, keepdims=True)
            whole, within = _decompose(env, profile), _decompose(env - env.mean(axis=0), profile)
            parts[group] = pd.DataFrame(
                np.hstack([whole, within]),
                index=self.parameters_.index,
                columns=_COLUMNS + [f"{c}_within" for c in _COLUMNS],
            )
        return pd.concat(parts, names=["group"])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        return tags

    def _check_fitted(self) -> None:
        if not hasattr(self, "parameters_"):
            raise NicheError(tr("niche.not_fitted", model="OMI"), tr("niche.fit_community_hint"))


def _complete(samples: Community) -> Community:
    known = ~(np.isnan(samples.env.values).any(axis=1) | np.isnan(samples.abundance.values).any(axis=1))
    if known.all():
        return samples
    warnings.warn(
        tr("niche.sites_dropped", dropped=int((~known).sum()), total=len(known)),
        stacklevel=3,
    )
    return samples.rows(known)


def _decompose(env: np.ndarray, profile: np.ndarray) -> np.ndarray:
    """Inertia, marginality, tolerance and residual tolerance of each species.

    Parameters
    ----------
    env : ndarray, shape (n, p)
        Measured from the point that marginality is measured from.
    profile : ndarray, shape (S, n)
        Each row sums to 1.

    Returns
    -------
    ndarray, shape (S, 4)
    """
    inertia = profile @ (env**2).sum(axis=1)
    centroid = profile @ env
    marginality = (centroid**2).sum(axis=1)
    length = np.sqrt(marginality)[:, None]
    direction = np.divide(centroid, length, out=np.zeros_like(centroid), where=length > 0)
    along = env @ direction.T  # (n, S)
    tolerance = (profile.T * along**2).sum(axis=0) - (profile.T * along).sum(axis=0) ** 2
    tolerance = np.maximum(tolerance, 0)
    return np.column_stack([inertia, marginality, tolerance, inertia - marginality - tolerance])
