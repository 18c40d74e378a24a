"""Tiny, huge, subnormal, infinite, all equal, all distinct; one sample, one unit, a million rows.

And memory in every layout.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import fastmi
from tests import naive

from .activations import packed
from .judge import Case, Either, Holds, Refused, Warned, same, within_megabytes

GOLDEN = 0x9E3779B97F4A7C15
MASK = 2**64 - 1


def _codes(name: str, rows: Any, edges: Any, rule: str = "separate") -> Case:
    """Expects the code by its definition, and the entropy by the oracle."""

    def call() -> list[Any]:
        binning = fastmi.Edges(edges, rule)
        codes = fastmi.encode(np.asarray(rows), binning)
        return [codes.tolist(), fastmi.entropy(codes)]

    python = np.asarray(rows).astype(float).tolist()
    return Case(
        name,
        call,
        Holds(
            "the codes and their entropy", lambda pair: _by_definition(*pair, python, edges, rule)
        ),
    )


def _by_definition(codes: Any, entropy: float, rows: Any, edges: Any, rule: str) -> bool:
    edges = [float(edge) for edge in edges]
    expected = naive.entropy(naive.digitise(rows, edges, rule))
    return codes == packed(rows, edges, rule) and same(entropy, expected)


TINY, SUBNORMAL, HUGE = (
    float(np.float32(1.1754944e-38)),
    float(np.float32(1e-45)),
    float(np.float32(3.4028235e38)),
)
VALUES = [
    [v]
    for v in (
        0.0,
        -0.0,
        SUBNORMAL,
        -SUBNORMAL,
        TINY,
        -TINY,
        HUGE,
        -HUGE,
        np.inf,
        -np.inf,
        1.0,
        -1.0,
    )
]

NUMBERS = [
    *(
        _codes(f"{name}, {rule}", VALUES, edges, rule)
        for rule in ("separate", "clip", "wrap")
        for name, edges in (
            ("subnormal edges", [-SUBNORMAL, 0.0, SUBNORMAL]),
            ("tiny edges", [-TINY, TINY]),
            ("huge edges", [-HUGE, 0.0, HUGE]),
            ("two edges side by side", [1.0, float(np.nextafter(np.float32(1), np.float32(2)))]),
            ("a span of all floats", [-HUGE, HUGE]),
        )
    ),
    _codes("two edges", [[0.0], [0.5], [1.0], [-1.0]], [0.0, 1.0]),
    _codes(
        "many edges", np.linspace(-2, 2, 97)[:, None], np.linspace(-1, 1, 5000).astype(np.float32)
    ),
    _codes(
        "many uneven edges",
        np.linspace(-2, 2, 97)[:, None],
        (np.linspace(-1, 1, 4001) ** 3).astype(np.float32),
    ),
    _codes(
        "every edge, and one float beside it",
        _beside := np.concatenate(
            [
                _edges := np.linspace(-1, 1, 50).astype(np.float32),
                np.nextafter(_edges, np.float32(9)),
                np.nextafter(_edges, np.float32(-9)),
            ]
        )[:, None],
        np.linspace(-1, 1, 50).astype(np.float32),
    ),
    *(
        _codes(
            f"{d} units of {bits} bits: {d * bits} in all",
            np.random.default_rng(d).uniform(-1.2, 1.2, (40, d)),
            np.linspace(-1, 1, 2**bits - 1),
        )
        for d, bits in ((63, 1), (31, 2), (21, 3), (9, 7), (7, 9), (1, 16))
        if bits > 1
    ),
    _codes("63 units of one bit", np.random.default_rng(1).uniform(-1, 1, (40, 63)), [0.0]),
    Case(
        "1e5 edges",
        lambda: fastmi.encode(
            np.float32([[0.5], [2.0]]), fastmi.UniformBins(99_999, (-1, 1))
        ).tolist(),
        Holds(
            "the symbols",
            lambda codes: (
                codes
                == np.digitize(
                    np.float32([0.5, 2.0]), fastmi.UniformBins(99_999, (-1, 1)).edges
                ).tolist()
            ),
        ),
    ),
]


def _hashed(d: int, n: int = 300) -> bool:
    """Codes rows of more than 63 bits: equal codes exactly where the rows are equal."""
    rng = np.random.default_rng(d)
    rows = rng.uniform(-1, 1, (n, d))[rng.integers(n // 3, size=n)]
    codes = fastmi.encode(rows, fastmi.UniformBins(30, (-1, 1))).tolist()
    return naive.entropy(codes) == naive.entropy(
        [tuple(row) for row in naive.digitise(rows.tolist(), np.linspace(-1, 1, 31).tolist())]
    )


SHAPES = [
    *(Case(f"{d} units, hashed", lambda d=d: _hashed(d), True) for d in (13, 64, 65, 1000)),
    Case(
        "one sample",
        lambda: fastmi.PlaneEstimator(np.zeros((1, 1)), [0], fastmi.Edges([0, 1])).estimate(
            np.zeros((1, 1))
        ),
        [[0.0, 0.0]],
    ),
    Case(
        "one sample: labels", lambda: fastmi.conditional_mutual_information([1], ["a"], [True]), 0.0
    ),
    Case("all equal", lambda: fastmi.entropy(np.zeros(100_000, int)), 0.0),
    Case("all distinct", lambda: fastmi.entropy(np.arange(2**17)), 17.0),
    Case(
        "all distinct, 64 bits apart", lambda: fastmi.entropy(np.arange(2**17) * (2**46 + 1)), 17.0
    ),
    Case("a million rows, all distinct", lambda: fastmi.entropy(np.arange(2**20)), 20.0),
    Case(
        "a million rows of two symbols",
        lambda: fastmi.mutual_information(np.arange(10**6) % 2, np.arange(10**6) % 4),
        1.0,
    ),
    Case("a million rows of three units", lambda: _million(), 6.0, seconds=60),
    Case(
        "one of a million",
        lambda: _one_of(10**6),
        Holds("the oracle's", lambda pair: same(pair[0], pair[1])),
    ),
    Case(
        "layers of 200 widths",
        lambda: (
            fastmi.PlaneEstimator(np.arange(8), np.arange(8) % 2, fastmi.Edges([0, 1]))
            .estimate([np.zeros((8, d)) for d in range(1, 201)])
            .shape
        ),
        [200, 2],
    ),
    Case(
        "a batch of 10,000", lambda: fastmi.entropy(np.zeros((10_000, 4, 1), int)).shape, [10_000]
    ),
    Case("60 widths of over a million units", lambda: _widths(), None, megabytes=250, seconds=120),
    Case(
        "a label of 15,000 letters among 3,000",
        lambda: _long_label(),
        Holds("log2 of 3,001", lambda h: same(h, float(np.log2(3001)))),
        seconds=20,
        megabytes=200,
    ),
    Case(
        "a label of 15,000 letters in rows",
        lambda: _long_label(rows=True),
        Holds("log2 of 3,001", lambda h: same(h, float(np.log2(3001)))),
        seconds=20,
        megabytes=200,
    ),
]


def _million() -> float:
    t = np.stack(
        [np.arange(10**6) % 2, np.arange(10**6) // 2 % 2, np.arange(10**6) // 4 % 16], axis=1
    )
    return fastmi.entropy(fastmi.encode(t, fastmi.Edges(np.arange(0.5, 16))))


def _one_of(n: int) -> tuple[float, float]:
    labels = np.zeros(n, int)
    labels[n // 2] = 1
    return fastmi.entropy(labels), naive.entropy(labels.tolist())


def _widths() -> None:
    for i in range(60):
        fastmi.encode(np.zeros((1, 1_500_000 + i), np.float32), fastmi.Edges([0, 1]))


def _long_label(rows: bool = False) -> float:
    labels: list[Any] = [*map(str, range(3000)), "x" * 15_000]
    with within_megabytes(100):
        return fastmi.entropy([(label, "a") for label in labels] if rows else labels)


# --- how memory is laid out -----------------------------------------------------------------------

T = np.random.default_rng(7).uniform(-1.2, 1.2, (60, 4)).astype(np.float32)
Y = np.random.default_rng(8).integers(3, size=60)
X = np.random.default_rng(9).integers(9, size=(60, 2))


def _read_only(a: Any) -> Any:
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "read-only": _read_only,
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "every second": lambda a: np.repeat(a, 2, axis=0)[::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
    "columns first": np.asfortranarray,
    "a window": lambda a: np.pad(a, [(3, 5)] + [(0, 0)] * (a.ndim - 1))[3:-5],
    "not aligned": lambda a: (
        np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape)
    ),
    "a subclass": lambda a: a.view(type("Own", (np.ndarray,), {})),
}


def _answers(x: Any, y: Any, t: Any) -> list[float]:
    binning = fastmi.UniformBins(9, (-1, 1))
    plane = fastmi.PlaneEstimator(x, y, binning)
    stream = fastmi.Stream(binning)
    stream.update(t, y)
    return [
        *plane.estimate(t)[0].tolist(),
        fastmi.entropy(x),
        fastmi.mutual_information(x, y),
        fastmi.conditional_mutual_information(x, y, y),
        stream.entropy,
        stream.mutual_information,
        float(fastmi.encode(t, binning).sum()),
    ]


@functools.cache
def _plain() -> tuple[float, ...]:
    return tuple(_answers(X, Y, T))


LAID_OUT = [
    *(
        Case(
            f"memory: {name}",
            lambda change=change: tuple(_answers(change(X), change(Y), change(T))) == _plain(),
            True,
        )
        for name, change in LAYOUTS.items()
    ),
    Case(
        "memory: one number for all",
        lambda: (
            fastmi.encode(np.broadcast_to(np.float32(0.5), (50, 3)), fastmi.Edges([0, 1])).tolist()
            == [1 + 4 + 16] * 50
        ),
        True,
    ),
    Case(
        "memory: one label for all",
        lambda: fastmi.entropy(np.broadcast_to(np.int64(5), (1_000_000,))),
        0.0,
    ),
    Case(
        "memory: one row for all",
        lambda: fastmi.entropy(np.broadcast_to(np.arange(5), (1000, 5))),
        0.0,
    ),
    Case("memory: what is given stays", lambda: _unchanged(), True),
]


def _unchanged() -> bool:
    given = X.copy(), Y.copy(), T.copy()
    _answers(*given)
    return all(np.array_equal(a, b) for a, b in zip(given, (X, Y, T), strict=True))


# --- settings of NumPy and Python -----------------------------------------------------------------


def _strict(call: Callable[[], Any]) -> Any:
    """Calls with every floating-point event an error, and every warning but of a small sample."""
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", fastmi.CoverageWarning)
        return call()


TINY64 = np.array([[1e-300], [-1e-300], [5e-324], [1e300], [-1e300], [0.5]])
STRICT = [
    Case(
        "strict: the whole engine",
        lambda: tuple(_strict(lambda: _answers(X, Y, T))) == _plain(),
        True,
    ),
    Case(
        "strict: tiny and huge doubles",
        lambda: _strict(lambda: fastmi.encode(TINY64, fastmi.Edges([0, 1]))).tolist(),
        Holds(
            "np.digitize",
            lambda codes: codes == np.digitize(TINY64.astype(np.float32), [0, 1])[:, 0].tolist(),
        ),
    ),
    Case(
        "strict: tiny doubles of a stream",
        lambda: _strict(lambda: _streamed(TINY64)),
        Holds("a number", lambda h: h > 0),
    ),
    Case(
        "strict: tiny doubles of a plane",
        lambda: (
            _strict(
                lambda: fastmi.PlaneEstimator(TINY64, np.arange(6), fastmi.Edges([0, 1])).estimate(
                    TINY64
                )
            ).shape
        ),
        [1, 2],
    ),
    Case(
        "strict: tiny edges", lambda: _strict(lambda: fastmi.Edges([-1e-300, 1e-30, 1])).n_edges, 3
    ),
    Case(
        "strict: edges that float32 rounds to one",
        lambda: _strict(lambda: fastmi.Edges([1e-300, 2e-300])),
        Refused("edges"),
        "Edges(edges)",
    ),
    Case(
        "strict: huge edges",
        lambda: _strict(lambda: fastmi.Edges([0, 1e39])),
        Refused("edges", "1e+39"),
        "Edges(edges)",
    ),
    Case(
        "strict: subnormal bins",
        lambda: _strict(lambda: fastmi.UniformBins(3, (0, 1e-40))).n_bins,
        3,
    ),
    Case(
        "strict: one symbol",
        lambda: _strict(lambda: fastmi.mutual_information([0] * 9, [1] * 9)),
        0.0,
    ),
    Case(
        "strict: whole floats as labels",
        lambda: _strict(lambda: fastmi.entropy(np.array([1e18, -1e18, 0, 0]))),
        1.5,
    ),
    Case(
        "strict: half precision as labels",
        lambda: _strict(lambda: fastmi.entropy(np.array([65504, 0], np.float16))),
        1.0,
    ),
    Case(
        "strict: labels that are no numbers",
        lambda: _strict(lambda: fastmi.entropy(np.array([np.nan, 1]))),
        Refused("x", ("missing", "drop")),
        "entropy(x)",
    ),
    Case(
        "strict: x of subnormals",
        lambda: _strict(
            lambda: (
                fastmi.PlaneEstimator(
                    np.array([5e-324, 0.0, -5e-324]), [0, 1, 2], fastmi.Edges([0, 1])
                ).n_x
            )
        ),
        3,
    ),
    Case(
        "strict: hashed rows",
        lambda: (
            _strict(lambda: fastmi.encode(np.zeros((5, 40)), fastmi.UniformBins(30, (-1, 1)))).shape
        ),
        [5],
    ),
    Case(
        "strict: a rule that stops",
        lambda: _strict(
            lambda: fastmi.InformationStopping(patience=1).first_stop(
                [1e-300, 0.0], [1e-300, 5e-324]
            )
        ),
        1,
    ),
    Case("strict: a figure", lambda: _strict(lambda: _figure()), None),
    Case(
        "strict: nothing in common, a million times",
        lambda: _strict(lambda: fastmi.mutual_information(*_rare())),
        Either(0.0, Holds("next to nothing", lambda bits: 0 <= bits < 1e-10)),
    ),
    Case(
        "many collisions to come",
        lambda: (
            fastmi.encode(
                np.broadcast_to(np.float32(0), (1, 40)), fastmi.UniformBins(30, (-1, 1))
            ).shape
        ),
        [1],
    ),
    Case(
        "collisions are warned of",
        lambda: _collisions(),
        Warned(True, "CollisionWarning", "64 bits"),
        seconds=60,
    ),
]


def _streamed(t: Any) -> float:
    stream = fastmi.Stream(fastmi.Edges([0, 1]))
    stream.update(t)
    return stream.entropy


def _figure() -> None:
    from .tables import collected

    collected().plot().savefig("plane.png")


def _rare() -> tuple[Any, Any]:
    a, b = np.zeros(10**6, int), np.zeros(10**6, int)
    a[0], b[1] = 1, 1
    return a, b


def _collisions() -> bool:
    """Codes ten million rows in 64 bits under 2^16 edges: one in a thousand is passed."""
    t = np.broadcast_to(np.float32(0), (10_000_000, 5))
    return fastmi.encode(t, fastmi.Edges(np.linspace(-1, 1, 2**16 - 1))).shape == (10_000_000,)


# --- labels chosen against the hash table ---------------------------------------------------------


def colliding(n: int, kind: str) -> Any:
    """Makes n labels that would meet in the hash table.

    Their products with the multiplier share their highest bits, or their lowest, or differ by
    little.
    """
    inverse = pow(GOLDEN, -1, 2**64)
    mixed = {
        "highest": lambda i: i,
        "lowest": lambda i: i << 40,
        "near": lambda i: (i * 3) & 0xFFFFF | (i >> 20) << 62,
    }[kind]
    keys = [(mixed(i) * inverse) & MASK for i in range(n)]
    return np.array([key ^ (key >> 32) for key in keys], np.uint64).view(np.int64)


def _seconds(labels: Any, use: Callable[[Any], Any], enough: float) -> float:
    """Times the fastest of three, or the first that took longer than is enough to know."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        use(labels)
        best = min(best, time.perf_counter() - start)
        if best > enough:
            break
    return best


def _ratio(kind: str, use: Callable[[Any], Any], n: int = 100_000) -> float:
    random = np.random.default_rng(0).integers(-(2**63), 2**63, n)
    usual = _seconds(random, use, 10)
    return _seconds(colliding(n, kind), use, 10 * usual + 0.05) / usual


USES: dict[str, Callable[[Any], Any]] = {
    "entropy": fastmi.entropy,
    "information with itself": lambda labels: fastmi.mutual_information(labels, labels),
    "information": lambda labels: fastmi.mutual_information(labels, labels & 1),
    "information of rows": lambda labels: fastmi.mutual_information(
        labels, np.stack([labels, labels ^ 1], 1)
    ),
    "a plane's x": lambda labels: fastmi.PlaneEstimator(labels, labels & 1, fastmi.Edges([0, 1])),
    "a stream's labels": lambda labels: _update(labels),
}


def _update(labels: Any) -> float:
    stream = fastmi.Stream(fastmi.Edges([0, 1]))
    stream.update(np.zeros((len(labels), 1), np.float32), labels)
    return stream.entropy_y


CHOSEN = [
    Case(
        f"chosen labels, {kind} bits: {name}",
        lambda kind=kind, use=use: _ratio(kind, use),
        Holds("at most 3 times the time of random ones", lambda ratio: ratio <= 3),
        alone=True,
        seconds=60,
    )
    for kind in ("highest", "lowest", "near")
    for name, use in USES.items()
    if kind == "highest" or name in ("entropy", "information")
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*NUMBERS, *SHAPES, *LAID_OUT, *STRICT, *CHOSEN]
