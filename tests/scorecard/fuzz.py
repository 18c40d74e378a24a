"""Random small problems against the oracle, and files with bytes changed.

The latter give only the documented error, and nothing is unpickled.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import fastmi
from experiments import attempts, mnist, results
from experiments.checkpoints import Checkpoints
from fastmi import tables
from tests import naive

from . import places
from .judge import Case, same
from .tables import collected

ROUNDS = {"labels": 300, "rows": 300, "planes": 150, "streams": 150}
MUTATIONS, MANY = 400, 100_000
MEGABYTES = 200


# --- against the oracle ---------------------------------------------------------------------------


def labels(draw: random.Random) -> bool:
    n, kinds = draw.randint(1, 40), draw.choice((1, 2, 5, 40))
    make = draw.choice(
        (str, int, float, lambda i: bool(i % 2), lambda i: i * 2**57 - 2**62, lambda i: (i, str(i)))
    )
    x, y, z = ([make(draw.randrange(kinds)) for _ in range(n)] for _ in range(3))
    if draw.random() < 0.3 and not isinstance(x[0], tuple):
        x, y, z = (np.array(labels) for labels in (x, y, z))
    lists = [labels.tolist() if isinstance(labels, np.ndarray) else labels for labels in (x, y, z)]
    # numbers beside text in rows may be refused
    if isinstance(x, list) and isinstance(x[0], tuple):
        with suppress(TypeError, ValueError):
            return same(fastmi.mutual_information(x, y), naive.mutual_information(*lists[:2]))
        return True
    return (
        same(fastmi.entropy(x), naive.entropy(lists[0]))
        and same(fastmi.mutual_information(x, y), naive.mutual_information(*lists[:2]))
        and same(
            fastmi.conditional_mutual_information(x, y, z),
            naive.conditional_mutual_information(*lists),
        )
    )


def rows(draw: random.Random) -> bool:
    """Tries rows (n, d) and batches of them, of many integer types."""
    rng = np.random.default_rng(draw.getrandbits(32))
    dtype = np.dtype(draw.choice(("i1", "u1", "i4", ">i4", "i8", "u8", ">u8", "?")))
    high = (
        2
        if dtype.kind == "b"
        else min(draw.choice((2, 3, 100, 2**62)), 2 ** (8 * dtype.itemsize - 1) - 1)
    )
    batch, n, d = draw.randint(1, 4), draw.randint(1, 30), draw.randint(1, 12)
    x = rng.integers(high, size=(batch, n, d)).astype(dtype)
    x[:, rng.integers(n, size=n // 2)] = x[:, :1]
    expected = [naive.entropy([tuple(row) for row in matrix.tolist()]) for matrix in x]
    return same(fastmi.entropy(x), expected) and same(fastmi.entropy(x[0]), expected[0])


def planes(draw: random.Random) -> bool:
    """Tries each, sampled and mixture of a small problem."""
    rng = np.random.default_rng(draw.getrandbits(32))
    n, d, copies = draw.randint(1, 12), draw.randint(1, 14), draw.randint(1, 4)
    edges = np.unique(rng.uniform(-1, 1, draw.randint(2, 40)).astype(np.float32))
    edges = edges if len(edges) > 1 else np.float32([-1, 1])
    rule = draw.choice(("separate", "clip", "wrap"))
    t = rng.choice(np.append(edges, [-9, 9, np.inf, -np.inf, 0]), size=(copies, n, d)).astype(
        np.float32
    )
    x, y = rng.integers(3, size=(n, 2)), rng.integers(3, size=n)
    assignment = rng.integers(copies, size=n)
    estimator = fastmi.PlaneEstimator(x, y, fastmi.Edges(edges, rule))
    lists = [tuple(row) for row in x.tolist()], y.tolist(), t.tolist(), edges.tolist(), rule
    xs, ys, ts, es, rule = lists
    sampled = naive.sampled(xs, ys, ts, assignment.tolist(), es, rule)
    return (
        same(estimator.estimate(t)[:, 0], [naive.each(xs, ys, layer, es, rule) for layer in ts])
        and same(estimator.sampled(t, assignment)[0], sampled)
        and same(estimator.mixture(t)[0], naive.mixture(xs, ys, ts, es, rule))
    )


def streams(draw: random.Random) -> bool:
    rng = np.random.default_rng(draw.getrandbits(32))
    edges, stream = [-0.5, 0.0, 0.5], fastmi.Stream(fastmi.Edges([-0.5, 0.0, 0.5]))
    t, y = np.zeros((0, draw.randint(1, 40)), np.float32), np.zeros(0, int)
    for _ in range(draw.randint(1, 5)):
        n = draw.randint(1, 10)
        rows = rng.choice(np.float32([-1, -0.5, 0, 0.2, 9]), size=(n, t.shape[1]))
        labels = rng.integers(3, size=n)
        stream.update(rows, labels)
        t, y = np.concatenate([t, rows]), np.concatenate([y, labels])
    symbols = naive.digitise(t.tolist(), edges)
    return same(
        [stream.entropy, stream.entropy_y, stream.mutual_information],
        [
            naive.entropy(symbols),
            naive.entropy(y.tolist()),
            naive.mutual_information(symbols, y.tolist()),
        ],
    )


PROBLEMS: dict[str, Callable[[random.Random], bool]] = {
    "labels": labels,
    "rows": rows,
    "planes": planes,
    "streams": streams,
}


def against(name: str, seed: int, rounds: int) -> list[int]:
    """Lists the rounds that give another number than the oracle."""
    return [k for k in range(rounds) if not PROBLEMS[name](random.Random(f"{seed} {name} {k}"))]


# --- mutated files --------------------------------------------------------------------------------


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Changes, cuts, doubles or moves some bytes, or makes a number in them extreme."""
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        at = draw.randrange(len(data)) if data else 0
        match draw.randrange(8):
            case 0:
                data[at : at + 1] = bytes([draw.randrange(256)])
            case 1 if data:
                data[at] ^= 1 << draw.randrange(8)
            case 2:
                del data[at:]
            case 3:
                del data[at : at + draw.choice((1, 2, 8, 100))]
            case 4:
                data[at:at] = draw.randbytes(draw.choice((1, 4, 50)))
            case 5:
                data[at : at + 4] = struct.pack(
                    draw.choice("<>") + "I", draw.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1, 65535))
                )
            case 6:
                other = draw.randrange(len(data)) if data else 0
                data[at : at + 20] = data[other : other + 20]
            case _:
                data[at:at] = draw.choice(
                    (
                        b"{",
                        b"[" * 5000,
                        b'"',
                        b"\0",
                        b"9" * 400,
                        b"NaN",
                        b"1e999",
                        b"-1",
                        b"\xff\xfe",
                        b"null",
                        b"../",
                        b"\n",
                    )
                )
    return bytes(data)


def members(path: str, draw: random.Random) -> bytes:
    """Makes a zip whose members were mutated, swapped or doubled.

    They were mutated before they were packed, so that no sum gives them away.
    """
    with zipfile.ZipFile(path) as file:
        held = [(name, file.read(name)) for name in file.namelist()]
    first, second = draw.randrange(len(held)), draw.randrange(len(held))
    match draw.randrange(5):
        case 0:
            held[first] = (held[second][0], held[first][1])
        case 1:
            held[first] = (held[first][0], held[second][1])
        case 2:
            held.append(held[first])
        case _:
            held[first] = (held[first][0], mutated(held[first][1], draw))
    with zipfile.ZipFile(
        "packed", "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    ) as file:
        for name, content in held:
            file.writestr(name, content)
    return Path("packed").read_bytes()


class Reader:
    """A kind of file: how it is made, where it lies, and what reads it.

    `load` may give an answer (a mutation need not do harm) or raise what is documented: `errors`.
    """

    def __init__(
        self, make: Callable[[], str], load: Callable[[], Any], errors: Any, zipped: bool
    ) -> None:
        self.make, self.load, self.errors, self.zipped = make, load, errors, zipped


def _table() -> str:
    collected().save("plane.npz")
    return "plane.npz"


def _planted_table() -> str:
    return places.npz(_table(), lambda arrays: arrays.update(other=places.planted()))


def _state() -> str:
    Path("snapshots").mkdir(exist_ok=True)
    (source,) = places.finished().glob("snapshots/state.npz")
    shutil.copy(source, "snapshots/state.npz")
    shutil.rmtree("results")
    places.npz("snapshots/state.npz", lambda arrays: arrays.update(other=places.planted()))
    return "snapshots/state.npz"


def _load_state() -> None:
    checkpoints = Checkpoints(Path("snapshots"))
    with suppress(ValueError):  # the snapshots that it counts are not there
        list(checkpoints.snapshots())


def _manifest() -> str:
    return str(places.finished() / "manifest.json")


def _ledger() -> str:
    for i in range(3):
        attempts.record(
            Path("."),
            run="warm-up",
            id=str(i),
            data="d",
            device="cpu",
            status="failed",
            reason='a "b", c\nd',
            seconds="1",
        )
    return str(next(Path("attempts").iterdir()))


def _small_mnist() -> str:
    mnist.ARRAYS = {"x_train": (6, 28, 28), "y_train": (6,), "x_test": (3, 28, 28), "y_test": (3,)}
    return places.mnist_npz("mnist.npz", y_train=np.arange(6), more=places.planted())


IMAGES = np.random.default_rng(0).integers(256, size=(9, 28, 28))
READERS: dict[str, Reader] = {
    "table": Reader(
        _table,
        lambda: [
            plane.i_xt + plane.epochs[:, None, None] for plane in tables.load_planes("plane.npz")
        ],
        ValueError,
        True,
    ),
    "table with a pickle": Reader(
        _planted_table, lambda: tables.load_planes("plane.npz"), ValueError, True
    ),
    "state": Reader(_state, _load_state, ValueError, True),
    "manifest": Reader(
        _manifest, lambda: results.read(places.trained("results")), ValueError, False
    ),
    "ledger": Reader(_ledger, lambda: attempts.read(Path(".")), ValueError, False),
    "IDX": Reader(
        lambda: places.idx("images", IMAGES),
        lambda: mnist.read_idx(Path("images")),
        ValueError,
        False,
    ),
    "IDX.gz": Reader(
        lambda: places.idx("images.gz", IMAGES, True),
        lambda: mnist.read_idx(Path("images.gz")),
        ValueError,
        False,
    ),
    "npz": Reader(_small_mnist, lambda: mnist.find("mnist.npz"), ValueError, True),
}


def mutations(kind: str, seed: int, rounds: int) -> dict[str, Any]:
    """Reads mutations of a file, and returns what should not have come of it.

    That is: what was raised and is not documented, once of each kind, with its round; a pickle that
    was opened; the memory grown.
    """
    reader, bad = READERS[kind], dict[str, str]()
    path = Path(reader.make())
    whole = path.read_bytes()
    with suppress(reader.errors):
        reader.load()  # what it needs is loaded now
    before = resident()
    for k in range(rounds):
        draw = random.Random(f"{seed} {kind} {k}")
        path.write_bytes(
            mutated(whole, draw)
            if not reader.zipped or draw.random() < 0.5
            else _repacked(path, whole, draw)
        )
        try:
            reader.load()
        except reader.errors as error:
            if len(str(error).splitlines()) > 1:
                bad.setdefault("several lines", f"round {k}: {error}")
        except Exception as error:
            bad.setdefault(type(error).__name__, f"round {k}: {error}")
    grown = resident() - before
    harm: dict[str, Any] = {name: text[:100] for name, text in bad.items()}
    if os.path.exists("unpickled"):
        harm["a pickle was opened"] = True
    if grown > MEGABYTES:
        harm["memory"] = f"{grown:.0f} MB"
    return harm


def _repacked(path: Path, whole: bytes, draw: random.Random) -> bytes:
    path.write_bytes(whole)
    return members(str(path), draw)


def resident() -> float:
    """Weighs the most megabytes that this process has held."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def cases(seed: int, long: bool) -> list[Case]:
    factor, n = (20, MANY) if long else (1, MUTATIONS)
    return [
        *(
            Case(
                f"{name}: {rounds * factor} problems against the oracle",
                lambda name=name, rounds=rounds: against(name, seed, rounds * factor),
                [],
                seconds=120 * factor,
            )
            for name, rounds in ROUNDS.items()
        ),
        *(
            Case(
                f"{kind}: {n} mutations",
                lambda kind=kind: mutations(kind, seed, n),
                {},
                seconds=3600 if long else 90,
            )
            for kind in READERS
        ),
    ]
