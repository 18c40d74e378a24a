"""labels, features -> scikit-learn's six scores of mutual information, in nats.

The names and answers are scikit-learn's, the counts fastmi's.

    from fastmi.compat.sklearn import mutual_info_score  # instead of sklearn.metrics

What scikit-learn would refuse or warn about (ragged, mixed or unequal labels, labels that are not
whole numbers, options that do not exist) is put to scikit-learn itself, so errors and warnings are
its own; what it takes is counted here. Where the installed scikit-learn is wrong the answers
differ, on purpose: four ways of features are listed at `mutual_info_classif`, the rounding of
little information at `mutual_info_score` and of chance at `adjusted_mutual_info_score`; a given
table may hold counts whose products pass 2^63, and a float32 contingency matrix counts beyond 2^24;
NaT is one class in the entropies too. scikit-learn is imported only where it is asked: for
features, for contingency matrices, and for what is not plain.

Labels are read as NumPy reads them, there as here: one list of 1 and "1" holds strings, of 2^53 + 1
and 0.5 floats, a list's strings lose trailing NULs ("a" and "a\0" are one label, and two in an
array of objects), and a masked array shows what it hides. What `np.seterr` raises for the caller's
own arithmetic is never raised here.

`LabelEncoderTransformer` is a step of scikit-learn's pipelines that lets a mixed frame pass.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from fastmi.compat.sklearn.features import mutual_info_classif, mutual_info_regression
from fastmi.compat.sklearn.scores import (
    adjusted_mutual_info_score,
    contingency_matrix,
    mutual_info_score,
    normalized_mutual_info_score,
)

if TYPE_CHECKING:
    from fastmi.compat.sklearn.encoder import LabelEncoderTransformer

__all__ = [
    "LabelEncoderTransformer",
    "adjusted_mutual_info_score",
    "contingency_matrix",
    "mutual_info_classif",
    "mutual_info_regression",
    "mutual_info_score",
    "normalized_mutual_info_score",
]


def __getattr__(name: str) -> object:
    """Loads the transformer, whose class is one of scikit-learn's, where it is first asked for."""
    if name != "LabelEncoderTransformer":
        raise AttributeError(f"module 'fastmi.compat.sklearn' has no attribute {name!r}")
    return import_module("fastmi.compat.sklearn.encoder").LabelEncoderTransformer
