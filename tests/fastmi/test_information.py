"""labels -> entropy, mutual information, conditional mutual information."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import fastmi
from fastmi import conditional_mutual_information, entropy, mutual_information
from tests import naive

# --- closed forms (nats), on samples in which every outcome occurs exactly as often as its
# probability says -------------


def sample(frequencies):
    """{(x, y, ...): count} -> one shuffled list per variable."""
    rows = [outcome for outcome, count in frequencies.items() for _ in range(count)]
    rows = [rows[i] for i in np.random.default_rng(3).permutation(len(rows))]
    return [list(column) for column in zip(*rows, strict=True)]


def h(p):
    return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)


def nats(twin, x, y):
    return mutual_information(twin.put(x), twin.put(y), base=None)


CROSSOVERS = [(0, 4), (1, 10), (1, 4), (2, 5), (1, 2), (3, 4), (7, 7)]


@pytest.mark.parametrize(("k", "m"), CROSSOVERS)
def test_the_binary_symmetric_channel(twin, k, m):
    x, y = sample({(0, 0): m - k, (0, 1): k, (1, 0): k, (1, 1): m - k})
    assert nats(twin, x, y) == pytest.approx(math.log(2) - h(k / m), abs=1e-12)


@pytest.mark.parametrize(("k", "m"), CROSSOVERS)
def test_the_binary_erasure_channel(twin, k, m):
    x, y = sample({(0, 0): m - k, (0, 2): k, (1, 1): m - k, (1, 2): k})
    assert nats(twin, x, y) == pytest.approx((1 - k / m) * math.log(2), abs=1e-12)


@pytest.mark.parametrize(("k", "m"), [(0, 4), (1, 10), (1, 2), (3, 4), (5, 5)])
@pytest.mark.parametrize(("a", "b"), [(1, 2), (1, 3), (4, 5)])
def test_the_z_channel(twin, a, b, k, m):
    q, p = a / b, k / m
    x, y = sample({(0, 0): (b - a) * m, (1, 0): a * k, (1, 1): a * (m - k)})
    assert nats(twin, x, y) == pytest.approx(h(q * (1 - p)) - q * h(p), abs=1e-12)


@pytest.mark.parametrize("n_symbols", [2, 3, 10])
@pytest.mark.parametrize(("k", "m"), [(0, 4), (1, 10), (1, 2), (5, 5)])
def test_the_symmetric_channel_of_many_symbols(twin, n_symbols, k, m):
    e = k / m
    pairs = itertools.product(range(n_symbols), repeat=2)
    x, y = sample({(a, b): (m - k) * (n_symbols - 1) if a == b else k for a, b in pairs})
    expected = math.log(n_symbols) - h(e) - e * math.log(n_symbols - 1)
    assert nats(twin, x, y) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "f", [lambda x: x // 3, lambda x: x % 4, lambda x: 0, lambda x: -x, lambda x: x**2 % 7]
)
def test_a_function_of_x_tells_its_whole_entropy(twin, f):
    x = [value for value in range(12) for _ in range(value + 1)]
    t = [f(value) for value in x]
    expected = -sum(p * math.log(p) for p in (t.count(v) / len(t) for v in set(t)))
    assert nats(twin, x, t) == pytest.approx(expected, abs=1e-12)
    assert nats(twin, x, t) == entropy(twin.put(t), base=None)  # and that to the last bit


@pytest.mark.parametrize("copies", [1, 5, 33])
def test_xor_tells_nothing_alone_and_everything_together(twin, copies):
    x1, x2, y = (
        twin.put(v) for v in sample({(a, b, a ^ b): copies for a in (0, 1) for b in (0, 1)})
    )
    both = twin.put(
        np.stack([np.asarray(v.cpu() if hasattr(v, "cpu") else v) for v in (x1, x2)], axis=1)
    )
    assert mutual_information(x1, y, base=None) == 0.0
    assert mutual_information(both, y, base=None) == pytest.approx(math.log(2), abs=1e-12)
    assert conditional_mutual_information(x1, y, x2, base=None) == pytest.approx(
        math.log(2), abs=1e-12
    )


@pytest.mark.parametrize("n_columns", [1, 2, 3])
@pytest.mark.parametrize(("k", "m"), [(0, 2), (1, 5), (1, 2), (3, 4)])
def test_independent_columns_add_up(twin, n_columns, k, m):
    one = {(0, 0): m - k, (0, 1): k, (1, 0): k, (1, 1): m - k}
    frequencies = {
        (tuple(a for a, _ in pairs), tuple(b for _, b in pairs)): math.prod(
            one[pair] for pair in pairs
        )
        for pairs in itertools.product(one, repeat=n_columns)
    }
    x, y = sample(frequencies)
    assert nats(twin, x, y) == pytest.approx(n_columns * (math.log(2) - h(k / m)), abs=1e-12)


# --- properties -----------------------------------------------------------------------------------


@st.composite
def variables(draw, n_variables=2, max_samples=60):
    """Labels of n_variables, from independent to copies of one another; each (n,) or (n, d)."""
    n = draw(st.integers(1, max_samples))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    common = rng.integers(0, draw(st.integers(1, 10)), n)
    out = []
    for _ in range(n_variables):
        own = rng.integers(0, draw(st.sampled_from([1, 2, 5, 100])), n)
        mixed = np.where(rng.random(n) < draw(st.sampled_from([0, 0.5, 1])), common, own)
        d = draw(st.sampled_from([0, 1, 2, 4]))
        out.append(np.stack([mixed // (k + 1) for k in range(d)], axis=1) if d else mixed)
    return out


def as_variable(labels):
    return [tuple(row) for row in labels.reshape(len(labels), -1).tolist()]


def joint(*labels):
    return np.concatenate([label.reshape(len(label), -1) for label in labels], axis=1)


@given(variables(3))
def test_all_three_agree_with_the_definition(twin, drawn):
    x, y, z = (twin.put(v) for v in drawn)
    a, b, c = map(as_variable, drawn)
    assert entropy(x) == pytest.approx(naive.entropy(a), abs=1e-12)
    assert mutual_information(x, y) == pytest.approx(naive.mutual_information(a, b), abs=1e-12)
    expected = naive.conditional_mutual_information(a, b, c)
    assert conditional_mutual_information(x, y, z) == pytest.approx(expected, abs=1e-12)


@given(variables(2))
def test_information_lies_between_zero_and_either_entropy(twin, drawn):
    x, y = (twin.put(v) for v in drawn)
    assert 0 <= mutual_information(x, y) <= min(entropy(x), entropy(y))  # no tolerance


@given(variables(2))
def test_information_is_symmetric_to_the_last_bit(twin, drawn):
    x, y = (twin.put(v) for v in drawn)
    assert mutual_information(x, y) == mutual_information(y, x)


@given(variables(3))
def test_the_chain_rule(twin, drawn):
    x, y, z = (twin.put(v) for v in drawn)
    whole = mutual_information(x, twin.put(joint(drawn[1], drawn[2])))
    parts = mutual_information(x, z) + conditional_mutual_information(x, y, z)
    assert whole == pytest.approx(parts, abs=1e-12)


@given(variables(2), st.integers(0, 2**32))
def test_other_names_for_the_symbols_change_no_bit(twin, drawn, seed):
    names = np.random.default_rng(seed).permutation(1000) * 2**40 - 2**45
    x, y = drawn
    assert mutual_information(twin.put(names[x]), twin.put(y)) == mutual_information(
        twin.put(x), twin.put(y)
    )


@given(variables(3), st.integers(0, 2**32))
def test_the_order_of_the_samples_changes_no_bit(twin, drawn, seed):
    order = np.random.default_rng(seed).permutation(len(drawn[0]))
    here, there = [twin.put(v) for v in drawn], [twin.put(v[order]) for v in drawn]
    assert entropy(here[0]) == entropy(there[0])
    assert mutual_information(*here[:2]) == mutual_information(*there[:2])
    assert conditional_mutual_information(*here) == conditional_mutual_information(*there)


@given(variables(3))
def test_the_twins_agree_to_the_last_bit(twin, drawn):
    found = (
        conditional_mutual_information(*(twin.put(v) for v in drawn)),
        mutual_information(*(twin.put(v) for v in drawn[:2])),
    )
    with fastmi.use_backend("numba"):
        assert found == (conditional_mutual_information(*drawn), mutual_information(*drawn[:2]))


@given(st.integers(1, 5), st.integers(1, 20), st.integers(0, 2**32))
def test_a_batch_is_its_members_one_by_one_to_the_last_bit(twin, n_members, n, seed):
    rng = np.random.default_rng(seed)
    x, y, z = rng.integers(0, 4, (3, n_members, n, 2))

    def all_three(*drawn):
        x, y, z = (twin.put(v) for v in drawn)
        return entropy(x), mutual_information(x, y), conditional_mutual_information(x, y, z)

    members = [all_three(x[i], y[i], z[i]) for i in range(n_members)]
    assert np.array_equal(all_three(x, y, z), np.transpose(members))


# --- shapes and containers ------------------------------------------------------------------------


def test_a_single_value_is_a_float_and_a_batch_has_its_leading_shape(twin):
    x = np.arange(48).reshape(2, 3, 4, 2) % 5
    for result in (entropy(twin.put(x)), mutual_information(twin.put(x), twin.put(x))):
        assert isinstance(result, np.ndarray)
        assert result.shape == (2, 3)
    assert type(entropy(twin.put(x[0, 0]))) is float
    assert type(entropy(twin.put(x[0, 0, :, 0]))) is float


def test_a_matrix_is_rows_never_a_batch(twin):
    assert entropy(twin.put([[0, 1], [0, 1], [0, 1]])) == 0.0  # three equal rows


def test_labels_of_every_kind(twin):
    kinds = [
        [0, 0, 1, 1],
        [False, False, True, True],
        [0.0, -0.0, 2.0, 2.0],
        [-5, -5, 2**62, 2**62],
    ]
    for labels in kinds:
        assert mutual_information(twin.put(labels), twin.put([3, 3, 3, 1])) == pytest.approx(
            0.3112781244591328, abs=1e-12
        )


@pytest.mark.parametrize(
    "dtype",
    [
        np.int8,
        np.int16,
        np.int32,
        np.uint8,
        np.uint16,
        np.uint32,
        np.uint64,
        np.float16,
        np.float32,
    ],
)
def test_the_dtype_of_labels_does_not_matter(twin, rng, dtype):
    labels = rng.integers(0, 100, (300, 12))
    assert entropy(twin.put(labels.astype(dtype))) == entropy(twin.put(labels))


def test_unsigned_integers_beyond_int64_are_told_apart(twin):
    given = twin.put(np.array([0, 2**63, 2**64 - 1, 2**63 - 1], np.uint64))
    if twin.device.type == "cpu":
        assert entropy(given) == 2.0
    else:  # torch computes with none of them there
        with pytest.raises(ValueError, match=r"beyond int64: pass x.cpu\(\)"):
            entropy(given)
    assert entropy(np.array([0, 9, 2**63, 9, 2**64 - 1], np.uint64)[::2]) == pytest.approx(
        math.log2(3), abs=1e-12
    )


@pytest.mark.parametrize("name", ["numba", "torch"])
def test_strings_are_labels_and_so_are_rows_of_them(name):
    with fastmi.use_backend(name):
        assert entropy(["a", "b", "a", "b"]) == 1.0
        assert entropy(np.array([["a", "b"], ["b", "a"], ["a", "b"], ["b", "b"]])) == 1.5
        assert mutual_information(["x", "y", "x", "y"], [1, 2, 1, 2]) == 1.0
        assert entropy(np.array([b"a", b"b"])) == 1.0


def test_lists_and_tuples_are_labels():
    assert entropy([0, 1]) == entropy((0, 1)) == entropy(np.array([0, 1])) == 1.0
    assert entropy([(0, 1), (0, 2)]) == 1.0


def test_tensors_and_arrays_in_cpu_memory_mix():
    assert mutual_information(torch.tensor([0, 1]), np.array([0, 1])) == 1.0


def test_views_are_read_as_they_look(twin, rng):
    labels = rng.integers(0, 5, (60, 6))
    for view in (labels[::-2], labels[:, ::-1], np.asfortranarray(labels), labels.T):
        assert entropy(view) == entropy(twin.put(view))


def test_rows_of_many_wide_columns(twin):
    n = 2**15
    x = np.arange(n)
    wide = twin.put(np.broadcast_to(x[:, None], (n, 4)).copy())
    with pytest.warns(fastmi.CoverageWarning, match="x is 32768 rows of 4 columns"):
        assert conditional_mutual_information(wide, twin.put(x), twin.put(x // 2)) == pytest.approx(
            1.0, abs=1e-12
        )


@pytest.mark.parametrize("spread", [1, 2**20, 2**58, 2**62])
@pytest.mark.parametrize("offset", [0, -3, 2**40, -(2**62)])
def test_numbers_far_apart_count_as_small_ones(twin, rng, spread, offset):
    """Packed as they are, identified, or joined anew: the answer is that of the labels themselves,
    either way round.
    """
    x, y = rng.integers(0, 3, (500, 2)), rng.integers(0, 2, 500)
    expected = naive.mutual_information([tuple(row) for row in x.tolist()], y.tolist())
    for a in (x, x * 2**20 + 2**30):
        for b in (y, y * spread + offset):
            assert mutual_information(twin.put(a), twin.put(b)) == pytest.approx(
                expected, abs=1e-12
            )
            assert mutual_information(twin.put(b), twin.put(a)) == pytest.approx(
                expected, abs=1e-12
            )


@pytest.mark.parametrize("letters", ["<U7", ">U7", "S7", np.dtypes.StringDType()], ids=str)
def test_strings_of_any_kind_are_told_apart_by_their_letters(rng, letters):
    words = np.array(["", "a", "aa", "ab", "b", "ba", "abcdefg"])
    x = rng.integers(0, 7, (300, 2))
    strings = words.astype(letters)[x]
    assert entropy(strings) == entropy(x)
    assert mutual_information(strings[:, 0], x[:, 0] // 2) == mutual_information(
        x[:, 0], x[:, 0] // 2
    )


def test_joint_codes_are_numbered_anew_before_they_outgrow_63_bits(twin):
    """The face takes three variables at most, and would need millions of samples; five of them need
    fewer.
    """
    from fastmi import entropies, information

    x = np.arange(2**17)
    # 2 (2^16)^4 = 2^65: multiplied out, `high` would be lost
    high, low = twin.put(x // 2**16), twin.put(x % 2**16)
    (together,) = information._joint(
        [[0, 1, 2, 3, 4]],
        information.numbered({"a": high, "b": low, "c": low, "d": low, "e": low})[0],
        entropies.plugin,
    )
    assert float(together) == 17.0


@pytest.fixture(scope="module")
def many():
    """Many samples of x and y, their entropy and information by the oracle."""
    rng = np.random.default_rng(20170301)
    x, y = rng.zipf(1.5, 300_000) % 1000, rng.integers(0, 7, 300_000)
    y = np.where(x % 3 == 0, x % 7, y)
    return x, y, naive.entropy(x.tolist()), naive.mutual_information(x.tolist(), y.tolist())


def test_many_samples_agree_with_the_definition(twin, many):
    x, y, h_x, shared = many
    assert entropy(twin.put(x)) == pytest.approx(h_x, abs=1e-12)
    assert mutual_information(twin.put(x), twin.put(y)) == pytest.approx(shared, abs=1e-12)


@pytest.mark.parametrize("base", [2, None, 10, 3.5, np.float64(4)])
def test_the_base_divides(base):
    ln = math.log(2) if base is None else 1 / math.log2(base)
    for value in (
        entropy([0, 1], base=base),
        mutual_information([0, 1], [0, 1], base=base),
        conditional_mutual_information([0, 1], [0, 1], [0, 0], base=base),
    ):
        assert value == pytest.approx(ln, abs=1e-15)


def test_labels_are_not_written_to(twin, rng):
    labels = rng.integers(-9, 9, (40, 3))
    given_ = twin.put(labels)
    entropy(given_)
    mutual_information(given_[:19], given_[:19])
    np.testing.assert_array_equal(given_.cpu() if hasattr(given_, "cpu") else given_, labels)


def test_numpy_strings_of_any_length_are_labels():
    labels = np.array(["a", "bb", "a", "dddd"], dtype=np.dtypes.StringDType())
    assert fastmi.entropy(labels) == 1.5


def test_labels_over_all_of_int64_are_counted_as_their_numbers():
    rng = np.random.default_rng(0)
    values = rng.integers(-(2**63), 2**63 - 1, 50, endpoint=True)
    ids, y = rng.integers(0, 50, 1000), rng.integers(0, 5, 1000)
    labels, z = values[ids], ids[::-1]
    assert fastmi.entropy(labels) == fastmi.entropy(ids)
    assert fastmi.mutual_information(labels, y) == fastmi.mutual_information(ids, y)
    assert fastmi.mutual_information(labels, labels[::-1]) == fastmi.mutual_information(ids, z)
    assert fastmi.conditional_mutual_information(
        labels, y, labels[::-1]
    ) == fastmi.conditional_mutual_information(ids, y, z)


# --- batches --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [7, 3000, 2**14])
@pytest.mark.parametrize("sizes", [(2, 3, 2), (60, 50, 3), (2**13, 2**13, 2**13)])
def test_a_batch_is_what_each_of_it_is(twin, rng, monkeypatch, n, sizes):
    """By tables, by hashes, as a whole and one after the other: the same floats."""
    x, y, z = (rng.integers(0, k, (3, n)) for k in sizes)
    each = [
        [fastmi.entropy(a), mutual_information(a, b), conditional_mutual_information(a, b, c)]
        for a, b, c in zip(x, y, z, strict=True)
    ]
    for tabled in (0, 2**40):
        monkeypatch.setattr("fastmi.information.LEAST_TABLED", tabled)
        batch = [twin.put(of[..., None]) for of in (x, y, z)]
        functions = (fastmi.entropy, mutual_information, conditional_mutual_information)
        for k, function in enumerate(functions):
            assert function(*batch[: k + 1]).tolist() == [values[k] for values in each]


@pytest.mark.parametrize("n", [50, 2**14])
def test_leading_axes_broadcast(twin, rng, n):
    x, y = rng.integers(0, 4, (2, 3, n, 1)), rng.integers(0, 3, (3, n, 1))
    z = rng.integers(0, 2, n)
    found = conditional_mutual_information(*map(twin.put, (x, y, z)))
    assert found.shape == (2, 3)
    with_one = mutual_information(twin.put(z), twin.put(x))
    for i, j in np.ndindex(2, 3):
        assert found[i, j] == conditional_mutual_information(x[i, j], y[j], z)
        assert with_one[i, j] == mutual_information(z, x[i, j])


@pytest.mark.parametrize("shape", [(5, 1000), (30, 1000)])
def test_what_may_be_meant_as_a_batch_is_told_how_to_write_it(rng, shape):
    x, y = rng.integers(0, 3, shape), np.arange(shape[0]) % 2
    with pytest.warns(
        fastmi.CoverageWarning, match=rf"{shape[0]} labelings of 1000 samples is x\["
    ):
        mutual_information(x, y)
    assert mutual_information(x[..., None], x[..., None]).shape == shape[:1]
