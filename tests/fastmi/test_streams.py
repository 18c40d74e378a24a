"""chunks -> the same floats as at once, however they were cut, merged or labelled."""

import copy
import itertools
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import fastmi
from fastmi import Edges, PlaneEstimator, Stream, UniformBins
from tests import naive

BINS = Edges(np.linspace(-1, 1, 6))


def samples(n=400, d=3, n_classes=5, seed=0):
    """Rows that repeat, labels that depend on them, and every x its own."""
    rng = np.random.default_rng(seed)
    t = rng.choice([-1.5, -0.7, 0.1, 0.65, 1.0], (n, d)).astype(np.float32)
    return t, (rng.integers(0, 2, n) + (t[:, 0] > 0) * rng.integers(0, n_classes, n)).astype(
        np.int64
    )


def filled(t, y, cuts, binning=BINS, put=lambda array: array):
    stream = Stream(binning)
    for part in np.split(np.arange(len(t)), cuts):
        if len(part):
            stream.update(put(t[part]), None if y is None else put(y[part]))
    return stream


@pytest.mark.parametrize("cuts", [[], [1], [100, 200, 300], list(range(1, 400, 7))])
def test_a_stream_finds_the_floats_of_one_call(twin, cuts):
    t, y = samples()
    stream = filled(t, y, cuts, put=twin.put)
    plane = PlaneEstimator(np.arange(len(t))[:, None], y, BINS)
    ((h_t, i_ty),) = plane.estimate(t)
    assert (stream.entropy, stream.mutual_information) == (h_t, i_ty)
    assert (stream.entropy_y, stream.n_samples) == (plane.entropy_y, 400)


def test_a_stream_agrees_with_the_oracle():
    t, y = samples(150)
    rows = naive.digitise(t.tolist(), BINS.edges.tolist())
    stream = filled(t, y, [40, 90])
    assert stream.entropy == pytest.approx(naive.entropy(rows), abs=1e-12)
    assert stream.entropy_y == pytest.approx(naive.entropy(y.tolist()), abs=1e-12)
    assert stream.mutual_information == pytest.approx(
        naive.mutual_information(rows, y.tolist()), abs=1e-12
    )
    assert stream.n_symbols == len(set(rows))
    assert stream.coverage == pytest.approx(sum(rows.count(row) > 1 for row in rows) / 150)


@given(cuts=st.lists(st.integers(0, 60), max_size=8).map(sorted), seed=st.integers(0, 50))
def test_no_partition_and_no_merging_leaves_a_trace(cuts, seed):
    t, y = samples(60, d=2, seed=seed)
    whole, cut = filled(t, y, []), filled(t, y, cuts)
    merged = filled(t[:25], y[:25], [11])
    merged.merge(filled(t[25:], y[25:], [3, 9]))
    for other in (cut, merged):
        assert (other.entropy, other.entropy_y, other.mutual_information) == (
            *(whole.entropy, whole.entropy_y),
            whole.mutual_information,
        )
        assert (other.n_samples, other.n_symbols, other.coverage) == (
            60,
            whole.n_symbols,
            whole.coverage,
        )


@pytest.mark.parametrize(
    "put",
    [np.asarray, lambda y: y.astype(str), lambda y: np.stack([y, -y], axis=1), lambda y: y > 1],
)
def test_labels_of_every_kind_are_known_again_in_the_next_chunk(put):
    t, y = samples()
    labels = put(y)
    expected = PlaneEstimator(np.arange(400)[:, None], labels, BINS).estimate(t)[0, 1]
    assert filled(t, labels, [3, 250]).mutual_information == expected


def test_strings_of_other_widths_and_labels_in_other_orders_are_the_same_labels():
    stream = Stream(BINS)
    stream.update(np.zeros((2, 1)), np.array(["b", "a"]))
    other = Stream(BINS)
    other.update(np.zeros((2, 1)), np.array(["a", "a long one"]))
    stream.merge(other)
    assert stream.entropy_y == naive.entropy(["b", "a", "a", "a long one"])


def test_hashed_rows_and_rows_all_distinct():
    rng = np.random.default_rng(1)
    t = rng.uniform(-1, 1, (300, 40)).astype(np.float32)
    stream = filled(t, None, [100, 200])
    assert stream.n_symbols == 300
    assert stream.entropy == np.log2(300)
    assert stream.coverage == 0


def test_memory_is_that_of_the_distinct_pairs():
    t, y = samples(2000)
    stream = filled(t, y, list(range(50, 2000, 50)))
    n_pairs = len(
        set(zip(naive.digitise(t.tolist(), BINS.edges.tolist()), y.tolist(), strict=True))
    )
    assert sum(len(run.codes) for run in stream._now().runs) < 2 * n_pairs
    assert stream.n_symbols
    answered = stream._now()
    assert [len(run.codes) for run in answered.runs] == [n_pairs]
    assert stream.entropy
    assert stream._now() is answered  # joined once, not at every reading


def test_pairs_are_merged_a_few_times_only():
    rng = np.random.default_rng(0)
    stream = filled(
        rng.uniform(-1, 1, (4096, 12)),
        None,
        list(range(16, 4096, 16)),
        UniformBins(30, range=(-1, 1)),
    )
    assert len(stream._now().runs) <= 9  # 256 chunks of distinct rows: at most log2(256) + 1 runs
    assert stream.n_symbols == 4096


def test_a_stream_without_labels_has_no_information_about_them():
    stream = filled(samples()[0], None, [7])
    with pytest.raises(ValueError, match="no labels have been counted: pass y with"):
        _ = stream.mutual_information


@pytest.mark.parametrize(
    "name", ["entropy", "entropy_y", "mutual_information", "n_symbols", "coverage"]
)
def test_an_empty_stream_says_so(name):
    with pytest.raises(ValueError, match=r"the stream is empty \(n = 0\)"):
        getattr(Stream(BINS), name)


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        (
            (np.zeros((2, 4)), [0, 1]),
            r"activations has shape \(2, 4\): a stream takes chunks \(n, 3\)",
        ),
        ((np.zeros((1, 2, 3)), [0, 1]), r"activations has shape \(1, 2, 3\)"),
        ((np.zeros((2, 3)), None), "y is missing, but the 400 samples before came with labels"),
        ((np.zeros((2, 3)), [0, 1, 2]), "different numbers of samples"),
        ((np.full((2, 3), np.nan), [0, 77]), "activations holds 6 NaN"),
        ((np.zeros((2, 3)), [0.5, 1]), "y holds 0.5"),
        (
            (np.zeros((2, 3)), [[0, 1], [2, 3]]),
            "y has 2 columns of labels, but the 400 samples before came with 1: give every",
        ),
    ],
)
def test_a_chunk_that_does_not_fit_leaves_the_stream_as_it_was(chunk, message):
    t, y = samples()
    stream = filled(t, y, [100])
    before = (
        stream.n_samples,
        stream.entropy,
        stream.mutual_information,
        dict(stream._now().numbers),
    )
    with pytest.raises(ValueError, match=message):
        stream.update(*chunk)
    assert (
        stream.n_samples,
        stream.entropy,
        stream.mutual_information,
        stream._now().numbers,
    ) == before


def test_only_streams_with_equal_bins_and_labels_merge():
    t, y = samples()
    stream = filled(t, y, [])
    with pytest.raises(TypeError, match=r"other is a list: pass a fastmi\.Stream"):
        stream.merge([1])
    with pytest.raises(ValueError, match="only equal bins merge"):
        stream.merge(filled(t, y, [], Edges(np.linspace(-1, 1, 7))))
    for said in ({"sample": "held-out"}, {"n_classes": 9}):
        (name,) = said
        with pytest.raises(ValueError, match=f"other has {name}=.*, this stream {name}=None: only"):
            stream.merge(Stream(BINS, **said))
    with pytest.raises(ValueError, match="sample must be one of"):
        Stream(BINS, sample="test")
    with pytest.raises(ValueError, match="n_classes"):
        Stream(BINS, n_classes=0)
    with pytest.raises(ValueError, match="y is missing"):
        stream.merge(filled(t, None, []))
    with pytest.raises(ValueError, match=r"chunks \(n, 3\)"):
        stream.merge(filled(t[:, :2], y, []))
    stream.merge(Stream(BINS))
    assert stream.n_samples == 400


def test_a_binning_is_needed():
    with pytest.raises(TypeError, match="binning is 30"):
        Stream(30)


def test_many_rows_are_warned_of_where_their_hashes_may_meet():
    stream = Stream(UniformBins(200, range=(-1, 1)))
    stream._state = stream._state._replace(n_samples=2**31)
    with pytest.warns(fastmi.CollisionWarning):
        stream.update(np.zeros((4, 40)))


# --- labels of several chunks: the same where they are equal in Python, or refused ----------------

SAME = {
    "byte orders": (
        [np.array([1, 2], ">u8"), np.array([1, 2], "u8"), np.array([2, 1], "<i8")],
        [1, 2, 1, 2, 2, 1],
    ),
    "byte orders of rows": (
        [np.array([[1, 2]], ">u4"), np.array([[1, 2]], ">u8"), np.array([[1, 2]])],
        ["same"] * 3,
    ),
    "byte orders of strings": (
        [np.array(["a", "b"], ">U1"), np.array(["b", "c"], "<U7")],
        ["a", "b", "b", "c"],
    ),
    "floats, integers and bools": (
        [[1.0, 0.0], [1, 0], [True, False], np.float16([1, -0.0])],
        [1, 0] * 4,
    ),
    "the ends of 64 bits": (
        [np.uint64([2**63, 2**64 - 1]), np.int64([-(2**63), -1])],
        [1, 2, 3, 4],
    ),
    "the ends of 64 bits, turned": (
        [np.array([2**63], ">u8"), np.array([-(2**63)], ">i8"), [2.0**62], [2**62]],
        [1, 2, 3, 3],
    ),
    "every second of an array": ([np.uint64([7, 0, 8, 0])[::2], [8, 7]], [7, 8, 8, 7]),
    "strings of other widths": (
        [np.array(["a", "ab"]), np.array(["abc", "a", "ab"])],
        ["a", "ab", "abc", "a", "ab"],
    ),
    "variable strings": (
        [np.array(["a", "b"], np.dtypes.StringDType()), ["b", "a"]],
        ["a", "b", "b", "a"],
    ),
    "bytes of other widths": ([np.array([b"a"]), np.array([b"abc", b"a"])], ["a", "abc", "a"]),
    "rows of one column": ([[1, 2], np.array([[2], [1]]), np.array([[1]], "u1")], [1, 2, 2, 1, 1]),
}


@pytest.mark.parametrize("case", SAME)
@pytest.mark.parametrize("by", ["update", "merge"])
def test_labels_of_two_chunks_are_the_same_where_python_says_so(case, by):
    chunks, expected = SAME[case]
    stream = Stream(BINS)
    for y in chunks:
        other = stream if by == "update" else Stream(BINS)
        other.update(np.zeros((len(y), 1)), y)
        if by == "merge":
            stream.merge(other)
    assert stream.entropy_y == pytest.approx(naive.entropy(expected), abs=1e-12)


def test_rows_of_one_hash_in_python_are_kept_apart_by_their_letters():
    """Python's hash of -1 is that of -2, and so is that of every row of them: a dict of 4096 rows
    takes 8 million steps.
    """
    rows = np.array(list(itertools.product((-1, -2), repeat=12)))
    assert len(set(map(hash, map(tuple, rows.tolist())))) == 1
    stream = filled(np.zeros((4096, 1)), rows, [1000])
    assert stream.entropy_y == 12
    assert len(set(map(hash, stream._now().numbers))) > 4000


def test_tensors_of_labels_are_the_labels_of_arrays():
    stream = Stream(BINS)
    for y in (torch.tensor([1, 2]), np.array([2, 1], ">u8"), torch.tensor([[1.0], [2.0]])):
        stream.update(torch.zeros(2, 1), y)
    assert stream.entropy_y == 1.0


NUMBERS, STRINGS, BYTES = np.array([1, 2]), np.array(["1", "2"]), np.array([b"1", b"2"])
OTHERS = {
    "strings after numbers": (
        NUMBERS,
        STRINGS,
        TypeError,
        "y holds strings in column 0, but the 2 samples before came with numbers",
    ),
    "numbers after strings": (
        STRINGS,
        np.float64([1, 2]),
        TypeError,
        "y holds numbers in column 0, .* came with strings",
    ),
    "bytes after strings": (
        STRINGS,
        BYTES,
        TypeError,
        "y holds bytes in column 0, .* came with strings",
    ),
    "strings after bytes": (
        BYTES,
        STRINGS,
        TypeError,
        "y holds strings in column 0, .* came with bytes",
    ),
    "bools after bytes": (
        BYTES,
        np.array([True, False]),
        TypeError,
        "y holds numbers in column 0, .* came with bytes",
    ),
    "variable strings": (
        NUMBERS,
        np.array(["1", "2"], np.dtypes.StringDType()),
        TypeError,
        "strings in column 0",
    ),
    "rows of strings": (
        np.ones((2, 3), int),
        np.full((2, 3), "1"),
        TypeError,
        "strings in column 0",
    ),
    "two columns": (
        NUMBERS,
        np.ones((2, 2), int),
        ValueError,
        "y has 2 columns of labels, but the 2 samples before came with 1",
    ),
    "one column": (
        np.ones((2, 2), int),
        NUMBERS,
        ValueError,
        "y has 1 columns of labels, .* came with 2: give every chunk as many",
    ),
    "three columns": (
        np.full((2, 2), "a"),
        np.full((2, 3), "a"),
        ValueError,
        "y has 3 columns of labels, .* came with 2",
    ),
    "no labels": (
        NUMBERS,
        None,
        ValueError,
        "y is missing, but the 2 samples before came with labels",
    ),
    "labels": (
        None,
        STRINGS,
        ValueError,
        "y is given, but the 2 samples before came without labels",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_labels_that_can_never_be_equal_are_refused_beside_each_other(case):
    first, second, error, message = OTHERS[case]
    stream, other = filled(np.zeros((2, 1)), first, []), filled(np.zeros((2, 1)), second, [])
    before = stream._now()
    with pytest.raises(error, match=message):
        stream.update(np.zeros((2, 1)), second)
    with pytest.raises(error, match=message):
        stream.merge(other)
    assert stream._now() is before


def test_the_way_out_of_labels_of_several_kinds():
    stream = Stream(BINS)
    for y in (
        [1, 2],
        ["1", "3"],
        torch.tensor([3]),
        [b"1"],
        np.array(["2"], np.dtypes.StringDType()),
    ):
        y = np.asarray(y)
        stream.update(np.zeros((len(y), 1)), y if y.dtype.kind in "UT" else y.astype(str))
    assert stream.entropy_y == pytest.approx(naive.entropy(list("1213312")), abs=1e-12)


# --- copies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda stream: pickle.loads(pickle.dumps(stream))]
)
def test_a_copy_goes_its_own_way(duplicate):
    t, y = samples()
    stream = filled(t[:300], y[:300], [100])
    twin = duplicate(stream)
    assert (twin.n_samples, twin.binning, twin.mutual_information) == (
        300,
        stream.binning,
        stream.mutual_information,
    )
    before = stream.n_samples, stream.entropy
    twin.update(t[300:], y[300:])
    assert (stream.n_samples, stream.entropy) == before
    stream.update(t[300:350], y[300:350])
    assert (twin.n_samples, twin.mutual_information) == (400, filled(t, y, []).mutual_information)


def test_what_was_added_to_a_subclass_is_copied():
    class Named(Stream):
        pass

    stream = Named(BINS)
    stream.name = "a layer"
    assert copy.deepcopy(stream).name == "a layer"
