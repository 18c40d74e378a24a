"""scikit-learn: mutual_info_classif of a feature that is said to be discrete; I(T;Y) alone.

That is the plug-in; where nothing is said it is another estimator.
"""

from __future__ import annotations

import warnings
from typing import Any, cast

from sklearn.feature_selection import mutual_info_classif

from benchmarks.peers import Peer
from benchmarks.peers.counting import labels_of_rows

__all__ = ["PEER"]


def information(rows: Any, y: Any) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of many labels: "is this a regression problem?"
        return mutual_info_classif(
            labels_of_rows(rows)[:, None], y, discrete_features=cast(Any, True)
        )[0]


PEER = Peer(
    "scikit-learn, mutual_info_classif",
    seconds=lambda n, d: 8e-3 + n * (1e-6 + 4e-6 * (d > 1) + 80e-9 * d),
    information=information,
)
