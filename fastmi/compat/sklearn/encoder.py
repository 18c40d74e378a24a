"""a mixed table -> integer codes, column by column: a step of scikit-learn's pipelines."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from fastmi import checks, frames
from fastmi.arrays import IntArray
from fastmi.binning import Binning, QuantileBins
from fastmi.coding import identify_rows
from fastmi.discretizing import cut, numbers_of
from fastmi.inputs import on_host, shown
from fastmi.labels import is_missing

__all__ = ["LabelEncoderTransformer"]

RULES = ("symbol", "raise")
UNSEEN = -1  # among codes that are still to be numbered


class LabelEncoderTransformer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Makes integer codes of strings, categories, numbers and missing values, column by column.

    scikit-learn hands its steps an array, and refuses strings and NaN before it asks them. After
    this step a mixed frame is integers (n, d), in the order of its columns, which keep their names
    (get_feature_names_out, set_output): SelectKBest(score_func=fastmi.feature_information) and
    others can follow.

    Of a column whose k labels were seen in `fit`, numbers and strings in their order, categories in
    theirs, a label is its place in 0..k - 1, a missing value k, and a label that `fit` has not seen
    k + 1, whichever it is. Columns of floats that are not all whole are binned: the symbol of
    `fastmi.encode`, and the number of symbols for a missing value.

    Args:
        binning: of the continuous columns, each fitted by itself where it depends on data; None is
            fastmi.QuantileBins(8).
        missing, unknown: "symbol", as above, or "raise".

    Attributes:
        categories_: the labels of each column in the order of their codes; of a continuous one
            None. binnings_: the fitted binning of each; of one that is not continuous None.
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.

    Raises:
        TypeError, ValueError: in `fit` and `transform`: what scikit-learn refuses of X (sparse, one
            axis, other columns than in `fit`), another rule; under "raise" missing values, and
            labels that are unknown.

    Example:
        >>> import pandas
        >>> from fastmi.compat.sklearn import LabelEncoderTransformer
        >>> frame = pandas.DataFrame({"colour": ["red", "blue", None], "size": [3, 1, 1]})
        >>> encoder = LabelEncoderTransformer().fit(frame)
        >>> encoder.transform(frame).tolist(), encoder.get_feature_names_out().tolist()
        ([[1, 1], [0, 0], [2, 0]], ['colour', 'size'])
        >>> encoder.transform(pandas.DataFrame({"colour": ["green"], "size": [1]})).tolist()
        [[3, 0]]
    """

    def __init__(
        self,
        *,
        binning: Binning | None = None,
        missing: str = "symbol",
        unknown: str = "symbol",
    ) -> None:
        self.binning, self.missing, self.unknown = binning, missing, unknown

    def fit(self, X: Any, y: Any = None) -> LabelEncoderTransformer:
        """Learns the labels of each column, and the bins of continuous ones; y is not used."""
        self._learn(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> IntArray:
        """Learns and gives the codes at once: every column is read a single time."""
        return self._coded(self._learn(X))

    def transform(self, X: Any) -> IntArray:
        """Gives the codes, (n, d) int64, or what set_output asks for."""
        check_is_fitted(self)
        columns = self._columns(X, reset=False)
        return self._coded(
            {
                key: _factorised(key, column)
                if bins is None
                else numbers_of(f"X[{key!r}]", column, named=True)
                for (key, column), bins in zip(columns.items(), self.binnings_, strict=True)
            }
        )

    def _learn(self, X: Any) -> dict[Any, Any]:
        """Fits, and gives what was read of each column: its numbers, or numbered labels."""
        checks.one_of("missing", self.missing, RULES)
        checks.one_of("unknown", self.unknown, RULES)
        bins = QuantileBins(8) if self.binning is None else self.binning
        self.categories_: list[list[Any] | None] = []
        self.binnings_: list[Any] = []
        read: dict[Any, Any] = {}
        for key, column in self._columns(X, reset=True).items():
            numbers = numbers_of(f"X[{key!r}]", column)
            read[key] = _factorised(key, column) if numbers is None else numbers
            self.categories_.append(None if numbers is not None else _in_order(*read[key][1:]))
            self.binnings_.append(None if numbers is None else cut(f"X[{key!r}]", numbers, bins)[2])
        return read

    def _coded(self, read: dict[Any, Any]) -> IntArray:
        codes = [
            self._labelled(key, part, known) if bins is None else self._binned(key, part, bins)
            for (key, part), known, bins in zip(
                read.items(), self.categories_, self.binnings_, strict=True
            )
        ]
        return np.stack(codes).T  # columns stay together

    def __sklearn_tags__(self) -> Any:
        """Says what it takes: strings, categories and NaN."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []  # codes are integers
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def _columns(self, X: Any, *, reset: bool) -> dict[Any, Any]:
        """Parts X into columns, judged as scikit-learn judges it: names, number, axes."""
        columns = frames.table(X)
        if columns is not None:
            if not columns:
                raise ValueError("X has 0 features: there is nothing to encode; pass columns")
            validate_data(self, X, reset=reset, skip_check_array=True)
            if not len(X):
                raise ValueError("X has 0 samples (n = 0): there is nothing to encode")
            return columns
        X = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite="allow-nan")
        return dict(enumerate(X.T))

    def _labelled(self, key: Any, part: Any, known: Any) -> IntArray:
        ids, labels, _ = part
        number = {label: code for code, label in enumerate(known)}
        k = len(number)
        meant = np.array([number.get(label, k + 1) for label in labels] or [k], np.int64)
        codes = np.where(ids == UNSEEN, k, meant[ids])
        self._judge(key, codes == k)
        if self.unknown == "raise" and (codes == k + 1).any():
            new = labels[int(ids[int((codes == k + 1).argmax())])]
            raise ValueError(
                f"X[{key!r}] holds {shown(new)}, which `fit` has not seen: fit to all labels, or "
                'pass unknown="symbol", a code for all that are new'
            )
        return codes

    def _binned(self, key: Any, numbers: Any, bins: Binning) -> IntArray:
        symbols, absent, _ = cut(f"X[{key!r}]", numbers, bins)
        self._judge(key, absent)
        return np.where(absent, bins.n_edges + 1, symbols)

    def _judge(self, key: Any, absent: npt.NDArray[np.bool_]) -> None:
        if self.missing == "raise" and absent.any():
            raise ValueError(
                f"X[{key!r}] holds {int(absent.sum())} missing values, the first at "
                f'{int(absent.argmax())}: drop those rows, or pass missing="symbol"'
            )


def _factorised(key: Any, column: Any) -> tuple[IntArray, list[Any], bool]:
    """Numbers the labels of a column, UNSEEN where one is missing; the labels, in what order."""
    held = frames.held(column)
    values, absent = (column, None) if held is None else (held.values, held.absent)
    ordered = held is not None and held.declared
    if held is not None and held.symbols is not None:
        ids, labels = np.array(values, np.int64), list(held.symbols())
    elif isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        present = slice(None) if absent is None else ~absent  # elsewhere is anything
        ids, labels = np.full(len(values), UNSEEN), []
        if values[present].size:
            ids[present], labels = _of_numbers(values[present])
    else:
        ids, labels = _of_values(key, values if isinstance(values, list) else values.tolist())
    lacking = np.array([is_missing(label) for label in labels] or [True])
    ids[lacking[ids]] = UNSEEN
    if absent is not None:
        ids[absent] = UNSEEN
    return ids, labels, ordered


def _of_numbers(values: npt.NDArray[Any]) -> tuple[IntArray, list[Any]]:
    if values.dtype.kind == "f":
        values = values + values.dtype.type(0)  # -0 is 0
    ids, n = identify_rows(values.astype(np.float64) if values.dtype.itemsize > 8 else values)
    ids = on_host(ids)
    place = np.empty(n, np.int64)
    place[ids] = np.arange(len(ids))
    return ids, values[place].tolist()


def _of_values(key: Any, values: list[Any]) -> tuple[IntArray, list[Any]]:
    try:
        known = {label: i for i, label in enumerate(dict.fromkeys(values))}
    except TypeError:
        wrong = next(value for value in values if type(value).__hash__ is None)
        raise TypeError(
            f"X[{key!r}] holds {shown(wrong)}, a {type(wrong).__qualname__}: the argument must be "
            "a string or a number, or what has a hash (a tuple in place of a list)"
        ) from None
    return np.fromiter(map(known.__getitem__, values), np.int64, len(values)), list(known)


def _in_order(labels: list[Any], ordered: bool) -> list[Any]:
    labels = [label for label in labels if not is_missing(label)]
    if ordered:
        return labels
    try:
        return sorted(labels)
    except TypeError:  # strings beside numbers
        return sorted(labels, key=lambda label: (type(label).__name__, str(label)))
