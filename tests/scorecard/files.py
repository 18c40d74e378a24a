"""Files that are read: missing, cut short, too large, endless, or with a pickle in them.

Or true in form and false in fact.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import fastmi
from experiments import mnist
from experiments.checkpoints import Checkpoints
from fastmi import tables

from . import places
from .judge import Case, CommandRefused, Either, Holds, Refused, Surfaced, within_megabytes
from .places import (
    SHORT,
    command,
    damaged,
    finished,
    npz,
    plain,
    planted,
    reason,
    said,
    text,
    untouched,
)
from .tables import collected, device

READ = (ValueError, OSError)
LIMIT = 200.0  # megabytes that a bad file may cost
ABOUT_TABLE = "file(table) tables.load_planes(path) InformationPlane.load(path)"


# --- tables ---------------------------------------------------------------------------------------


def table(n: int = 1) -> str:
    tables.save_planes("plane.npz", [collected(seed=i) for i in range(n)])
    return "plane.npz"


def _table(
    name: str,
    path: Callable[[], Any],
    *words: Any,
    kind: Any = READ,
    methods: Any = None,
    foreign: bool = False,
) -> list[Case]:
    """Loads the same file by both ways of loading."""
    loaders = {"load": fastmi.InformationPlane.load, "load_planes": tables.load_planes}

    def call(load: Callable[[Any], Any]) -> Any:
        made = path()
        with within_megabytes(LIMIT):
            return places.nothing_unpickled(lambda: load(made))

    return [
        Case(
            f"table, {method}: {name}",
            lambda load=load: call(load),
            Refused(*words, kind=kind, foreign=foreign),
            ABOUT_TABLE,
            seconds=20,
        )
        for method, load in loaders.items()
        if methods is None or method in methods
    ]


def _changed(name: str, change: Callable[[dict[str, Any]], Any], *words: Any) -> list[Case]:
    return _table(name, lambda: npz(table(), change), "plane.npz", *words, kind=ValueError)


def _fact(name: str, **fields: Any) -> list[Case]:
    """Changes fields of the JSON: refused, or made what they should be."""
    refusal = Refused("plane.npz", kind=ValueError)
    loaders = {
        "load": fastmi.InformationPlane.load,
        "load_planes": lambda path: tables.load_planes(path)[0],
    }
    return [
        Case(
            f"table, {method}: {name}",
            lambda load=load: load(plain(table(), lambda data: data[0].update(fields))),
            Either(Holds("a table whose fields are of their types", _typed), refusal),
            ABOUT_TABLE,
        )
        for method, load in loaders.items()
    ]


def _typed(plane: Any) -> bool:
    words = (*plane.layers, plane.data, plane.sample, plane.binning, plane.reading)
    counts = (plane.n_samples, plane.n_copies, plane.seed)
    bits = (plane.entropy_x, plane.entropy_y)
    return (
        all(isinstance(word, str) for word in words)
        and all(type(count) is int and count >= 0 for count in counts)
        and all(isinstance(value, float) and 0 <= value < 64 for value in bits)
    )


def cut(path: str, share: float) -> str:
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: int(len(content) * share)])
    return path


def written(name: str, content: str | bytes) -> str:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def archive(name: str, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> str:
    with zipfile.ZipFile(name, "w", method) as file:
        for member, content in members.items():
            file.writestr(member, content)
    return name


def npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(array), allow_pickle=True)
    return out.getvalue()


def header(descr: str, shape: tuple[int, ...]) -> bytes:
    """Writes a header of an npy that claims so much, and nothing after it."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        out, {"descr": descr, "fortran_order": False, "shape": shape}
    )
    return out.getvalue()


def with_member(path: str, name: str, content: bytes) -> str:
    """Replaces a member of the zip by these bytes."""
    with zipfile.ZipFile(path) as file:
        members = {member: file.read(member) for member in file.namelist()}
    return archive(path, members | {name: content})


def bomb(
    path: str, name: str, descr: str = "<f8", shape: tuple[int, ...] = (75_000_000, 1, 1)
) -> str:
    """Replaces a member by one that unpacks to 600 MB of zeros."""
    with zipfile.ZipFile(path) as file:
        members = {member: file.read(member) for member in file.namelist() if member != name}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for member, content in members.items():
            file.writestr(member, content)
        with file.open(name, "w", force_zip64=True) as zeros:
            zeros.write(header(descr, shape))
            for _ in range(60):
                zeros.write(bytes(10_000_000))
    return path


def encrypted(path: str) -> str:
    """Sets the flag of an encrypted member in both headers."""
    content = bytearray(Path(path).read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            content[start + at] |= 1
            start = content.find(signature, start + 4)
    Path(path).write_bytes(bytes(content))
    return path


def method(path: str, number: int) -> str:
    """Has every member claim to be packed by another method."""
    content = bytearray(Path(path).read_bytes())
    for signature, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = content.find(signature)
        while start >= 0:
            content[start + at : start + at + 2] = struct.pack("<H", number)
            start = content.find(signature, start + 4)
    Path(path).write_bytes(bytes(content))
    return path


def loop() -> str:
    os.symlink("loop", "loop")
    return "loop"


def fifo() -> str:
    """Makes a pipe that nobody writes to."""
    os.mkfifo("pipe")
    return "pipe"


DEEP = "[" * 100_000
TABLES = [
    *_table("missing", lambda: "nowhere.npz", "nowhere.npz", kind=FileNotFoundError, foreign=True),
    *_table(
        "a folder", lambda: os.mkdir("folder") or "folder", "folder", kind=OSError, foreign=True
    ),
    *_table("a link to itself", loop, "loop", kind=READ, foreign=True),
    *_table("None", lambda: None, "path", kind=TypeError),
    *_table("a number", lambda: 3.5, "path", kind=TypeError),
    *_table("an open file's number", lambda: 0, "path", kind=TypeError),
    *_table("no name", lambda: "", foreign=True),
    *_table("empty", lambda: written("plane.npz", ""), "plane.npz", kind=ValueError),
    *_table(
        "text", lambda: written("plane.npz", "epoch,copy\n1,2\n"), "plane.npz", kind=ValueError
    ),
    *_table(
        "bytes", lambda: written("plane.npz", bytes(range(256)) * 40), "plane.npz", kind=ValueError
    ),
    *_table("a pickle", lambda: written("plane.npz", b"\x80\x04N."), "plane.npz", kind=ValueError),
    *_table("an npy", lambda: written("plane.npz", npy(np.zeros(3))), "plane.npz", kind=ValueError),
    *(
        table_case
        for share in (0.02, 0.3, 0.6, 0.9, 0.999)
        for table_case in _table(
            f"cut at {share}", lambda share=share: cut(table(), share), "plane.npz", kind=ValueError
        )
    ),
    *_table("endless", lambda: device("zero.npz", 5), "zero.npz"),
    *_table("encrypted", lambda: encrypted(table()), "plane.npz", kind=ValueError),
    *_table(
        "packed by an unknown method", lambda: method(table(), 99), "plane.npz", kind=ValueError
    ),
    *_table(
        "packed by another method than it says",
        lambda: method(table(), 12),
        "plane.npz",
        kind=ValueError,
    ),
    *_table("no members", lambda: archive("plane.npz", {}), "plane.npz", kind=ValueError),
    *_table(
        "a bomb in a column", lambda: bomb(table(), "0/i_xt.npy"), "plane.npz", kind=ValueError
    ),
    *_table(
        "a bomb beside the columns",
        lambda: bomb(table(), "other.npy"),
        "plane.npz",
        kind=ValueError,
    ),
    *_table(
        "a bomb of text",
        lambda: bomb(table(), "plain.npy", "<U150000000", ()),
        "plane.npz",
        kind=ValueError,
    ),
    *_table(
        "a claim of 2^60 numbers",
        lambda: with_member(table(), "0/i_xt.npy", header("<f8", (2**60, 1, 1))),
        "plane.npz",
        kind=ValueError,
    ),
    *_table(
        "a claim of 10^10 numbers",
        lambda: with_member(table(), "0/i_xt.npy", header("<f8", (10**10, 1, 1))),
        "plane.npz",
        kind=ValueError,
    ),
    *_table(
        "a header that is code",
        lambda: with_member(
            table(),
            "0/i_xt.npy",
            b"\x93NUMPY\x01\x00\x20\x00" + b"__import__('os').getpid()".ljust(31) + b"\n",
        ),
        "plane.npz",
        kind=ValueError,
    ),
    *_table(
        "a header without end",
        lambda: with_member(table(), "0/i_xt.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{"),
        "plane.npz",
        kind=ValueError,
    ),
    *_table(
        "no npy in it",
        lambda: with_member(table(), "0/i_xt.npy", b"hello"),
        "plane.npz",
        kind=ValueError,
    ),
    *_changed("a pickle in a column", lambda arrays: arrays.update({"0/i_xt": planted()})),
    *_changed("a pickle beside the columns", lambda arrays: arrays.update(other=planted())),
    *_changed("a pickle for the JSON", lambda arrays: arrays.update(plain=planted())),
    *_changed("no JSON", lambda arrays: arrays.pop("plain")),
    *_changed("a JSON of numbers", lambda arrays: arrays.update(plain=np.zeros(3))),
    *_changed("a JSON that is text", lambda arrays: arrays.update(plain=np.array("hello"))),
    *_changed("a deep JSON", lambda arrays: arrays.update(plain=np.array(DEEP))),
    *_changed("a JSON of a number", lambda arrays: arrays.update(plain=np.array("3"))),
    *_changed("a JSON of words", lambda arrays: arrays.update(plain=np.array('["a"]'))),
    *_changed("a JSON of null", lambda arrays: arrays.update(plain=np.array("[null]"))),
    *_changed(
        "a JSON whose number has 10^6 digits",
        lambda arrays: arrays.update(plain=np.array("[" + "9" * 1_000_000 + "]")),
    ),
    *_changed("no column", lambda arrays: arrays.pop("0/i_ty")),
    *_changed(
        "a column of words", lambda arrays: arrays.update({"0/i_xt": np.full((2, 3, 1), "a")})
    ),
    *_changed(
        "a column of numbers in words",
        lambda arrays: arrays.update({"0/i_xt": np.full((2, 3, 1), "0.5")}),
    ),
    *_changed(
        "a column of another shape", lambda arrays: arrays.update({"0/i_xt": np.zeros((2, 3, 2))})
    ),
    *_changed(
        "a column of NaN", lambda arrays: arrays.update({"0/i_xt": np.full((2, 3, 1), np.nan)})
    ),
    *_changed(
        "a column of infinity", lambda arrays: arrays.update({"0/i_ty": np.full((2, 3, 1), np.inf)})
    ),
    *_changed(
        "a column below 0", lambda arrays: arrays.update({"0/i_xt": np.full((2, 3, 1), -1.0)})
    ),
    *_changed("a complex column", lambda arrays: arrays.update({"0/i_xt": np.full((2, 3, 1), 1j)})),
    *_changed(
        "epochs of fractions", lambda arrays: arrays.update({"0/epochs": np.array([0.5, 1.5])})
    ),
    *_changed("epochs of words", lambda arrays: arrays.update({"0/epochs": np.array(["0", "1"])})),
    *_changed("epochs that go back", lambda arrays: arrays.update({"0/epochs": np.array([1, 0])})),
    *_changed("epochs below 0", lambda arrays: arrays.update({"0/epochs": np.array([-1, 0])})),
    *_changed(
        "epochs of two axes", lambda arrays: arrays.update({"0/epochs": np.array([[0], [1]])})
    ),
    *_changed(
        "symbols of words", lambda arrays: arrays.update({"0/n_symbols": np.full((2, 3, 1), "a")})
    ),
    *_changed(
        "coverage above 1", lambda arrays: arrays.update({"0/coverage": np.full((2, 3, 1), 7.0)})
    ),
    *(
        case
        for key, value in (
            ("n_samples", -1),
            ("n_samples", "6"),
            ("n_samples", 1.5),
            ("n_samples", None),
            ("n_copies", 0),
            ("n_copies", "3"),
            ("entropy_x", "high"),
            ("entropy_x", -1),
            ("entropy_y", None),
            ("reading", "total"),
            ("reading", 3),
            ("reading", None),
            ("layers", 3),
            ("layers", [3]),
            ("layers", []),
            ("layers", ["a", "b"]),
            ("layers", None),
            ("data", 3),
            ("binning", ["a"]),
            ("sample", None),
            ("seed", "0"),
            ("seed", 1.5),
        )
        for case in _fact(f"{key} is {value!r}", **{key: value})
    ),
    *_table(
        "a field of NaN",
        lambda: plain(table(), lambda data: data[0].update(entropy_x=float("nan"))),
        "plane.npz",
        kind=ValueError,
    ),
    *_table(
        "a field of 1e999",
        lambda: npz(
            table(),
            lambda arrays: arrays.update(
                plain=np.array(str(arrays["plain"]).replace('"n_samples": 6', '"n_samples": 1e999'))
            ),
        ),
        "plane.npz",
        kind=ValueError,
    ),
    *_table(
        "a field too many",
        lambda: plain(table(), lambda data: data[0].update(colour="red")),
        "plane.npz",
        kind=ValueError,
    ),
    *_table(
        "a field too few",
        lambda: plain(table(), lambda data: data[0].pop("n_samples") and None),
        "plane.npz",
        kind=ValueError,
    ),
    *_table(
        "two tables in one",
        lambda: table(2),
        "plane.npz",
        "2",
        "load_planes",
        kind=ValueError,
        methods=("load",),
    ),
    *_table(
        "no table in it",
        lambda: npz(table(), lambda arrays: {"plain": np.array("[]")}),
        "plane.npz",
        kind=ValueError,
        methods=("load",),
    ),
    Case(
        "table: of a newer format",
        lambda: _newer_table(),
        Refused("plane.npz", ("newer", "format"), kind=ValueError),
        ABOUT_TABLE,
    ),
    Case(
        "table: a pipe that nobody writes to",
        lambda: tables.load_planes(fifo()),
        Refused("pipe", kind=READ),
        ABOUT_TABLE,
        seconds=5,
    ),
    Case(
        "table: another's arrays beside its own are no harm",
        lambda: _one_more(),
        Either(1, Refused("plane.npz", kind=ValueError)),
    ),
]


def _newer_table() -> Any:
    """Writes a higher number wherever that of the format stands."""
    path, raised_keys = table(), list[str]()

    def raised(data: Any) -> Any:
        rows = (
            data if isinstance(data, list) else [data, *data.get("planes", data.get("tables", []))]
        )
        for row in rows:
            for key in row:
                if "format" in key or "version" in key:
                    row[key] = 10**6
                    raised_keys.append(key)
        return data

    def change(arrays: dict[str, Any]) -> None:
        for key, array in arrays.items():
            if key == ".format":
                arrays[key] = np.full_like(array, 10**6)
                raised_keys.append(key)
        arrays["plain"] = np.array(json.dumps(raised(json.loads(str(arrays["plain"])))))

    npz(path, change)
    if not raised_keys:
        raise Surfaced("the file holds no number of its format")
    return fastmi.InformationPlane.load(path)


def _one_more() -> int:
    return len(tables.load_planes(npz(table(), lambda arrays: arrays.update(other=np.zeros(3)))))


# --- checkpoints ----------------------------------------------------------------------------------


def unfinished(change: Callable[[Path], Any] | None = None) -> Path:
    """Makes results/<id>.part of the snapshots and the state of a run that has ended, changed."""
    folder = finished()
    begun = folder.with_name(folder.name + ".part")
    begun.mkdir()
    (folder / "snapshots").rename(begun / "snapshots")
    shutil.rmtree(folder)
    if change is not None:
        change(begun / "snapshots")
    return begun


def _state(
    name: str,
    change: Callable[[Path], Any],
    *words: Any,
    about: str = "file(state)",
    alone: bool = True,
) -> list[Case]:
    """Tries a run that would go on from it, and (`alone`) the reader itself.

    The files of the run stay as they are.
    """

    def resumed() -> Any:
        folder = unfinished(change)
        return untouched(folder, lambda: failing(*SHORT, "--resume"))

    def read() -> Any:
        snapshots = unfinished(change) / "snapshots"
        with within_megabytes(LIMIT):
            return places.nothing_unpickled(
                lambda: sum(len(snapshot) for snapshot in Checkpoints(snapshots).snapshots())
            )

    kind = about[5:-1]
    cases = [
        Case(
            f"{kind}, --resume: {name}",
            resumed,
            Refused(*words, kind=CommandRefused),
            about,
            seconds=60,
        )
    ]
    return (
        [*cases, Case(f"{kind}: {name}", read, Refused(*words, kind=ValueError), about, seconds=20)]
        if alone
        else cases
    )


def failing(*arguments: str) -> str:
    """Runs a command that fails.

    It says why and ends with 1, or is refused with 2: both with a line and no traceback.
    """
    status, out, err = said(*arguments)
    if status in (1, 2) and "Traceback" not in err:
        raise CommandRefused(reason(err).splitlines()[0])
    return out if status == 0 else f"status {status}: {err}"


def _arrays(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Any]:
    return lambda folder: npz(folder / "state.npz", change)


def _snapshots(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Any]:
    return lambda folder: npz(first(folder), change)


def first(folder: Path) -> Path:
    return sorted(folder.glob("snapshots-*.npz"))[0]


def one_array(arrays: dict[str, Any], array: Any) -> None:
    arrays[next(iter(arrays))] = array


# only a network knows
UNREADABLE = ("of NaN", "of words", "without arrays", "of one length and another", "of no axis")
STATES = [
    *_state("empty", lambda folder: text("state.npz", "")(folder), "state.npz"),
    *_state("text", lambda folder: text("state.npz", "no zip")(folder), "state.npz"),
    *_state("cut", lambda folder: cut(str(folder / "state.npz"), 0.7), "state.npz"),
    *_state("a pickle", _arrays(lambda arrays: arrays.update(losses=planted())), "state.npz"),
    *_state("no JSON", _arrays(lambda arrays: arrays.pop("plain")), "state.npz"),
    *_state(
        "a deep JSON", _arrays(lambda arrays: arrays.update(plain=np.array(DEEP))), "state.npz"
    ),
    *_state(
        "a JSON of words", _arrays(lambda arrays: arrays.update(plain=np.array('"a"'))), "state.npz"
    ),
    *_state(
        "epoch -1",
        lambda folder: plain(folder / "state.npz", lambda data: data.update(epoch=-1)),
        "state.npz",
    ),
    *_state(
        "epoch 10^9",
        lambda folder: plain(folder / "state.npz", lambda data: data.update(epoch=10**9)),
        alone=False,
    ),
    *_state(
        "epoch of words",
        lambda folder: plain(folder / "state.npz", lambda data: data.update(epoch="ten")),
        "state.npz",
    ),
    *_state(
        "epoch 1.5",
        lambda folder: plain(folder / "state.npz", lambda data: data.update(epoch=1.5)),
        "state.npz",
    ),
    *_state(
        "more snapshots than there are",
        lambda folder: plain(folder / "state.npz", lambda data: data.update(n_snapshots=99)),
        "snapshots",
        "99",
    ),
    *_state(
        "-1 snapshots",
        lambda folder: plain(folder / "state.npz", lambda data: data.update(n_snapshots=-1)),
        "state.npz",
    ),
    *_state(
        "losses of words",
        _arrays(lambda arrays: arrays.update(losses=np.array(["a"] * 5))),
        alone=False,
    ),
    *_state("no losses", _arrays(lambda arrays: arrays.pop("losses")), "state.npz"),
    *_state(
        "losses of another length",
        _arrays(lambda arrays: arrays.update(losses=np.zeros(999, np.float32))),
        alone=False,
    ),
    *_state("a bomb", lambda folder: bomb(str(folder / "state.npz"), "losses.npy"), "state.npz"),
    *_state("encrypted", lambda folder: encrypted(str(folder / "state.npz")), "state.npz"),
    *_state("an unknown method", lambda folder: method(str(folder / "state.npz"), 99), "state.npz"),
    *_state(
        "a folder",
        lambda folder: [os.remove(folder / "state.npz"), os.mkdir(folder / "state.npz")],
        "state.npz",
    ),
    *_state(
        "endless",
        lambda folder: [os.remove(folder / "state.npz"), device(str(folder / "state.npz"), 5)],
        "state.npz",
    ),
    *(
        case
        for name, change in (
            ("cut", lambda folder: cut(str(first(folder)), 0.7)),
            ("text", lambda folder: first(folder).write_text("no zip")),
            ("missing", lambda folder: os.remove(first(folder))),
            ("a pickle", _snapshots(lambda arrays: one_array(arrays, planted()))),
            ("without arrays", _snapshots(lambda arrays: {})),
            (
                "of one length and another",
                _snapshots(lambda arrays: one_array(arrays, next(iter(arrays.values()))[:1])),
            ),
            (
                "of words",
                _snapshots(
                    lambda arrays: one_array(
                        arrays, np.full(next(iter(arrays.values())).shape, "a")
                    )
                ),
            ),
            ("of no axis", _snapshots(lambda arrays: one_array(arrays, np.float32(1)))),
            (
                "of NaN",
                _snapshots(
                    lambda arrays: one_array(
                        arrays, next(iter(arrays.values())) * np.float32("nan")
                    )
                ),
            ),
            ("a bomb", lambda folder: bomb(str(first(folder)), "more.npy")),
            (
                "called otherwise",
                lambda folder: first(folder).rename(folder / "snapshots-first.npz"),
            ),
            (
                "a folder",
                lambda folder: [
                    os.remove(first(folder)),
                    os.mkdir(folder / "snapshots-00000000.npz"),
                ],
            ),
        )
        for case in _state(name, change, about="file(snapshots)", alone=name not in UNREADABLE)
    ),
    Case(
        "state: --resume follows no link",
        lambda: _linked_part(),
        Refused(".part", kind=CommandRefused),
        "run(NAME) file(state)",
        seconds=60,
    ),
    Case(
        "state: files beside the snapshots that are not ours stay",
        lambda: _precious(),
        True,
        seconds=60,
    ),
    Case(
        "state: of another network",
        lambda: untouched(unfinished(_other_network), lambda: failing(*SHORT, "--resume")),
        Refused("state", kind=CommandRefused),
        "file(state)",
        seconds=60,
    ),
]


def _other_network(folder: Path) -> None:
    npz(
        folder / "state.npz",
        lambda arrays: {
            name: array
            for name, array in arrays.items()
            if "parameters/output" not in name and "linear 2" not in name
        },
    )


def _linked_part() -> Any:
    """Makes <id>.part a link to a folder of somebody's, in which a state lies."""
    folder = unfinished()
    Path("precious").mkdir()
    Path("precious/thesis.txt").write_text("ten years")
    shutil.move(str(folder / "snapshots"), "precious/snapshots")
    folder.rmdir()
    folder.symlink_to(Path("precious").resolve(), target_is_directory=True)
    return untouched("precious", lambda: command(*SHORT, "--resume"))


def _precious() -> bool:
    """Resumes a run: a file that somebody left in its folder is not silently deleted."""
    (unfinished() / "notes.txt").write_text("mine")
    with suppress(CommandRefused):
        command(*SHORT, "--resume")
    return any(path.read_text() == "mine" for path in Path("results").rglob("notes.txt"))


# --- manifests ------------------------------------------------------------------------------------


COMMANDS = {
    "draw": ("draw", "RESULT"),
    "estimate": ("estimate", "RESULT", "--edges", "-1", "1", "9"),
}


def _manifest(
    name: str,
    change: Callable[[Path], Any],
    *words: Any,
    about: str = "file(manifest)",
    lenient: bool = False,
) -> list[Case]:
    """Tries to draw it and to read it again.

    `lenient`: what is not needed may be passed over, and an answer is right too.
    """
    expected: Any = Refused("RESULT", "results/", *words, kind=CommandRefused)
    if lenient:
        expected = Either(
            "done",
            Refused(("RESULT", "memory"), ("results/", "memory"), *words, kind=CommandRefused),
        )
    return [
        Case(
            f"{about[5:-1]}, {verb}: {name}",
            lambda arguments=arguments: _inside(change, arguments),
            expected,
            about,
            seconds=40,
        )
        for verb, arguments in COMMANDS.items()
    ]


def _inside(change: Callable[[Path], Any], arguments: tuple[str, ...]) -> str:
    """Runs the command, which writes results/ and drawn.png alone, and nothing where it refuses."""
    os.makedirs("deep/deeper")
    os.chdir("deep/deeper")
    given = damaged(change)
    before = places.contents("../..")
    try:
        places.nothing_unpickled(
            lambda: command(*(given if word == "RESULT" else word for word in arguments))
        )
    except CommandRefused:
        if places.contents("../..") != before:
            raise Surfaced("refused, and something was written") from None
        raise
    after = places.contents("../..")
    ours = ("../../deep/deeper/results/", "../../deep/deeper/drawn.png")
    outside = [path for path in after if path not in before and not path.startswith(ours)]
    if outside or any(after.get(path) != content for path, content in before.items()):
        raise Surfaced(f"written outside, or over what was there: {outside}")
    return "done"


def _run_field(value: Any, key: str) -> list[Case]:
    """Changes a field of the run, or of what it trains, or of what was read."""

    def change(data: dict[str, Any]) -> None:
        told = data["reading"] if "reading" in data else data["run"]
        (told["training"] if key in told.get("training", ()) else told).update({key: value})

    of_reading = key in ("edges", "out_of_range", "measure")
    return _manifest(
        f"{key} is {str(value)[:20]!r}", places.manifest(change, of_reading), lenient=True
    )


MANIFESTS = [
    *_manifest("missing", lambda folder: os.remove(folder / "manifest.json")),
    *_manifest("empty", text("manifest.json", "")),
    *_manifest("text", text("manifest.json", "hello")),
    *_manifest("bytes", text("manifest.json", bytes(range(128, 256)))),
    *_manifest("deep", text("manifest.json", DEEP)),
    *_manifest("deep in the run", text("manifest.json", '{"run": ' + DEEP + "]" * 100_000 + "}")),
    *_manifest("a list", text("manifest.json", "[]")),
    *_manifest("null", text("manifest.json", "null")),
    *_manifest("a number", text("manifest.json", "3")),
    *_manifest("a number of 10^6 digits", text("manifest.json", "9" * 1_000_000)),
    *_manifest(
        "a folder",
        lambda folder: [os.remove(folder / "manifest.json"), os.mkdir(folder / "manifest.json")],
    ),
    *_manifest(
        "endless",
        lambda folder: [
            os.remove(folder / "manifest.json"),
            device(str(folder / "manifest.json"), 5),
        ],
    ),
    *_manifest("of 300 MB", lambda folder: _sparse(folder / "manifest.json", 300_000_000)),
    *_manifest("run is a list", places.manifest(lambda data: data.update(run=[]))),
    *_manifest("run is a word", places.manifest(lambda data: data.update(run="warm-up"))),
    *_manifest("run is null", places.manifest(lambda data: data.update(run=None))),
    *_manifest("no run", places.manifest(lambda data: data.pop("run") and None)),
    *_manifest("a field too many", places.manifest(lambda data: data["run"].update(colour="red"))),
    *_manifest(
        "a field too few",
        places.manifest(lambda data: data["run"]["training"].pop("epochs") and None),
    ),
    *_manifest("a newer format", lambda folder: _newer_manifest(folder), ("newer", "format")),
    *(
        case
        for key, value in (
            ("name", "../../escaped"),
            ("name", "/escaped"),
            ("name", "a/b"),
            ("name", ""),
            ("name", "x" * 300),
            ("name", "a\nb"),
            ("name", 3),
            ("name", None),
            ("epochs", "ten"),
            ("epochs", -1),
            ("epochs", 1.5),
            ("epochs", 10**12),
            ("copies", 0),
            ("copies", 10**9),
            ("copies", "1"),
            ("seeds", 10**9),
            ("seeds", 0),
            ("seed", -1),
            ("seed", "0"),
            ("n_samples", -1),
            ("n_samples", "many"),
            ("n_samples", 10**12),
            ("widths", "12"),
            ("widths", []),
            ("widths", [12, -5, 1]),
            ("widths", [12, 10**9, 1]),
            ("widths", [12, "5", 1]),
            ("network", "nope"),
            ("network", 3),
            ("network", ["tanh"]),
            ("data", "nope"),
            ("data", 3),
            ("optimizer", "nope"),
            ("loss", "nope"),
            ("learning_rate", "fast"),
            ("learning_rate", -1),
            ("batch_size", 0),
            ("batch_size", 10**9),
            ("epoch", "era"),
            ("init", "nope"),
            ("edges", [1, -1, 9]),
            ("edges", "edges"),
            ("edges", [0, 1, 10**10]),
            ("edges", [0, 1]),
            ("out_of_range", "fold"),
            ("targets", "ab"),
            ("targets", [0]),
            ("record_every", 0),
            ("n_recorded", -3),
            ("n_recorded", 10**12),
            ("measure", "felt"),
            ("measure", 3),
            ("training", "hard"),
            ("reads", []),
            ("reads", [{"measure": "felt"}]),
            ("analyses", "soon"),
            ("analyses", ["astrology"]),
            ("analyses", [3]),
        )
        for case in _run_field(value, key)
    ),
    *_manifest(
        "1e999 for the epochs",
        lambda folder: _sub(folder / "manifest.json", '"epochs": 5', '"epochs": 1e999'),
        lenient=True,
    ),
    *_manifest(
        "NaN for the learning rate",
        lambda folder: _sub(
            folder / "manifest.json", '"learning_rate": 0.2', '"learning_rate": NaN'
        ),
        lenient=True,
    ),
    Case(
        "manifest, estimate: no remark",
        lambda: _estimated(places.manifest(lambda data: data.pop("remark") and None)),
        Either("read", Refused("RESULT", kind=CommandRefused)),
        "file(manifest)",
        seconds=40,
    ),
    Case(
        "manifest, estimate: a remark that is no text",
        lambda: _estimated(places.manifest(lambda data: data.update(remark=3))),
        Either("read", Refused("RESULT", kind=CommandRefused)),
        "file(manifest)",
        seconds=40,
    ),
    *(
        Case(
            f"manifest, reproduction: {key} is {value!r:.20}",
            lambda key=key, value=value: _page(
                places.manifest(
                    lambda data: data.update({key: value}),
                    key in ("n_samples", "h_y_bits", "data", "versions"),
                )
            ),
            Either("written", Refused("results", kind=CommandRefused)),
            "file(manifest) reproduction(--results)",
            seconds=40,
        )
        for key, value in (
            ("loss_end", "low"),
            ("loss_end", None),
            ("seconds", "long"),
            ("seconds", {"train": "long"}),
            ("wall_seconds", "long"),
            ("scores_end", "good"),
            ("scores_end", [3]),
            ("scores_end", [{"sample": "training", "loss": "low", "accuracy": 1}]),
            ("versions", []),
            ("data", 3),
            ("n_samples", "many"),
            ("h_y_bits", "high"),
            ("device", ["cpu"]),
        )
    ),
    *_manifest(
        "no planes", lambda folder: os.remove(_planes(folder)), about="file(table)", lenient=True
    ),
    *_manifest(
        "planes that are text",
        lambda folder: text("planes.npz", "no zip")(places.reading(folder)),
        about="file(table)",
        lenient=True,
    ),
    *_manifest(
        "planes of none",
        lambda folder: npz(_planes(folder), lambda arrays: {"plain": np.array("[]")}),
        about="file(table)",
        lenient=True,
    ),
    *_manifest(
        "planes with a pickle",
        lambda folder: npz(_planes(folder), lambda arrays: one_array(arrays, planted())),
        about="file(table)",
        lenient=True,
    ),
    *_manifest(
        "planes that are a bomb",
        lambda folder: bomb(str(_planes(folder)), "0/i_xt.npy"),
        about="file(table)",
        lenient=True,
    ),
    *_manifest(
        "planes that are endless",
        lambda folder: [
            os.remove(_planes(folder)),
            device(str(_planes(folder)), 5),
        ],
        about="file(table)",
        lenient=True,
    ),
]


def _planes(folder: Path) -> Path:
    return places.reading(folder) / "planes.npz"


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.write(b'{"run": "')
        file.truncate(size)


def _sub(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    if old not in content:
        raise Surfaced(f"the manifest holds no {old}")
    path.write_text(content.replace(old, new))


def _newer_manifest(folder: Path) -> None:
    data = json.loads((folder / "manifest.json").read_text())
    keys = [key for key in data if "format" in key]
    if not keys:
        raise Surfaced("the manifest holds no number of its format")
    (folder / "manifest.json").write_text(json.dumps(data | dict.fromkeys(keys, 10**6)))


def _estimated(change: Callable[[Path], Any]) -> str:
    command("estimate", damaged(change), "--edges", "-1", "1", "9")
    return "read"


def _page(change: Callable[[Path], Any]) -> str:
    """Writes the page of a run that passes for the catalogue's."""
    folder = finished()
    places.manifest(lambda data: data["run"]["training"].update(epochs=300))(folder)
    change(folder)
    Path("times.json").write_text('{"cases": []}')
    return (
        failing("reproduction", "--results", "results", "--times", "times.json", "--out", "page.md")
        and "written"
    )


# --- MNIST ----------------------------------------------------------------------------------------

IMAGES = np.arange(6 * 28 * 28, dtype=np.uint8).reshape(6, 28, 28)


def _idx(
    name: str, make: Callable[[str], Any], *words: Any, zipped: Callable[[str], Any] | None = None
) -> list[Case]:
    """Reads it plain, and compressed."""

    def plain_file() -> Any:
        path = "images-idx3-ubyte"
        make(path)
        with within_megabytes(LIMIT):
            return mnist.read_idx(Path(path)).shape

    def compressed() -> Any:
        path = "images-idx3-ubyte.gz"
        if zipped is not None:
            zipped(path)
        else:
            make("plain")
            Path(path).write_bytes(gzip.compress(Path("plain").read_bytes()))
        with within_megabytes(LIMIT):
            return mnist.read_idx(Path(path)).shape

    return [
        Case(
            f"IDX: {name}",
            plain_file,
            Refused("images-idx3-ubyte", *words, kind=ValueError),
            "file(IDX)",
            seconds=20,
        ),
        Case(
            f"IDX.gz: {name}",
            compressed,
            Refused("images-idx3-ubyte.gz", *words, kind=ValueError),
            "file(IDX.gz)",
            seconds=20,
        ),
    ]


def _headed(*sizes: int, kind: bytes = b"\0\0\x08", more: bytes = b"") -> Callable[[str], Any]:
    return lambda path: Path(path).write_bytes(
        kind + bytes([len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + more
    )


def _npz(name: str, make: Callable[[], Any], *words: Any) -> Case:
    def call() -> Any:
        path = Path(make())
        with within_megabytes(400):  # MNIST itself is 55 MB, twice while it is put together
            return places.nothing_unpickled(lambda: mnist.find(path).labels.shape)

    return Case(
        f"npz: {name}",
        call,
        Refused("mnist.npz", *words, kind=ValueError),
        "file(npz)",
        seconds=40,
        megabytes=600,
    )


Y_TRAIN, Y_TEST = (60_000,), (10_000,)
MNIST = [
    *_idx("empty", lambda path: Path(path).write_bytes(b"")),
    *_idx("text", lambda path: Path(path).write_text("no images")),
    *_idx("of floats", _headed(6, 28, 28, kind=b"\0\0\x0d")),
    *_idx("of two axes", _headed(6, 28)),
    *_idx("of 255 axes", lambda path: Path(path).write_bytes(b"\0\0\x08\xff" + bytes(1020))),
    *_idx("ends in its header", lambda path: Path(path).write_bytes(b"\0\0\x08\x03\0\0")),
    *_idx("of no images", _headed(0, 28, 28)),
    *_idx("of 2^32 images", _headed(2**32 - 1, 2**32 - 1, 2**32 - 1), "shape"),
    *_idx("claims more than follows", _headed(60_000, 28, 28, more=bytes(1000)), "cut short"),
    *_idx(
        "goes on",
        lambda path: Path(places.idx(path, IMAGES)).write_bytes(Path(path).read_bytes() + b"more"),
        "goes on",
    ),
    *(
        Case(
            f"IDX.gz: {name}",
            lambda make=make: _read_gz(make),
            Refused("images.gz", kind=ValueError),
            "file(IDX.gz)",
            seconds=20,
        )
        for name, make in (
            ("no gzip file", lambda: b"hello"),
            ("cut", lambda: _gz()[:-30]),
            ("cut in its header", lambda: _gz()[:5]),
            ("a wrong sum", lambda: _gz()[:-8] + b"\0\0\0\0" + _gz()[-4:]),
            ("bytes within are others", lambda: _gz()[:40] + b"\xff" * 9 + _gz()[49:]),
            ("something after it", lambda: _gz() + b"more"),
            ("an unknown method", lambda: _gz()[:2] + b"\x07" + _gz()[3:]),
            ("a bomb", lambda: _gz_bomb()),
        )
    ),
    Case(
        "IDX: endless",
        lambda: mnist.read_idx(Path(device("images", 5))),
        Refused("images", kind=ValueError),
        "file(IDX)",
        seconds=10,
    ),
    Case(
        "IDX: a folder without the files",
        lambda: [os.mkdir("folder"), mnist.find("folder")],
        Refused("folder", "train-images", kind=ValueError),
        "file(IDX)",
    ),
    Case(
        "IDX: another data set",
        lambda: _other_set(),
        Refused("folder", "(6, 28, 28)", kind=ValueError),
        "file(IDX)",
    ),
    Case(
        "MNIST: nowhere",
        lambda: mnist.find("nowhere"),
        Refused("nowhere", "--mnist", kind=ValueError),
        "file(IDX) file(npz)",
    ),
    _npz("empty", lambda: written("mnist.npz", "")),
    _npz("text", lambda: written("mnist.npz", "no zip")),
    _npz("no members", lambda: archive("mnist.npz", {}), "x_train"),
    _npz("without x_test", lambda: places.mnist_npz("mnist.npz", x_test=None), "x_test"),
    _npz(
        "of another shape",
        lambda: places.mnist_npz("mnist.npz", x_test=np.zeros((9, 28, 28), np.uint8)),
        "x_test",
    ),
    _npz("of floats", lambda: places.mnist_npz("mnist.npz", y_test=np.zeros(Y_TEST)), "y_test"),
    _npz("label 259", lambda: places.mnist_npz("mnist.npz", y_test=np.full(Y_TEST, 259)), "259"),
    _npz(
        "label -253", lambda: places.mnist_npz("mnist.npz", y_train=np.full(Y_TRAIN, -253)), "-253"
    ),
    _npz(
        "label 10",
        lambda: places.mnist_npz("mnist.npz", y_test=np.full(Y_TEST, 10, np.uint8)),
        "10",
    ),
    _npz(
        "label 2^63",
        lambda: places.mnist_npz("mnist.npz", y_test=np.full(Y_TEST, 2**63, np.uint64)),
        str(2**63),
    ),
    _npz("a pickle", lambda: places.mnist_npz("mnist.npz", y_test=planted()), "y_test"),
    _npz("cut", lambda: cut(places.mnist_npz("mnist.npz"), 0.5)),
    _npz("encrypted", lambda: encrypted(places.mnist_npz("mnist.npz"))),
    _npz("an unknown method", lambda: method(places.mnist_npz("mnist.npz"), 99)),
    _npz("a method that it is not", lambda: method(places.mnist_npz("mnist.npz"), 14)),
    _npz(
        "claims more than follows",
        lambda: with_member(places.mnist_npz("mnist.npz"), "y_test.npy", header("|u1", Y_TEST)),
        "y_test",
    ),
    _npz(
        "a header that is code",
        lambda: with_member(
            places.mnist_npz("mnist.npz"),
            "y_test.npy",
            b"\x93NUMPY\x01\x00\x20\x00" + b"exit()".ljust(31) + b"\n",
        ),
        "mnist.npz",
    ),
    _npz(
        "no npy in it",
        lambda: with_member(places.mnist_npz("mnist.npz"), "y_test.npy", b"hello"),
        "mnist.npz",
    ),
    _npz(
        "big-endian labels that are right",
        lambda: places.mnist_npz("mnist.npz", y_test=np.full(Y_TEST, 11, ">i8")),
        "11",
    ),
    Case(
        "npz: labels in 64 bits",
        lambda: [
            places.mnist_npz("m.npz", y_test=np.full(Y_TEST, 9, ">i8")),
            int(mnist.find("m.npz").labels[-1]),
        ][1],
        9,
        megabytes=600,
    ),
    Case(
        "IDX: plain",
        lambda: mnist.read_idx(Path(places.idx("images", IMAGES))).tolist() == IMAGES.tolist(),
        True,
    ),
    Case(
        "IDX.gz",
        lambda: (
            mnist.read_idx(Path(places.idx("images.gz", IMAGES, True))).tolist() == IMAGES.tolist()
        ),
        True,
    ),
]


def _gz() -> bytes:
    places.idx("good.gz", IMAGES, compressed=True)
    return Path("good.gz").read_bytes()


def _gz_bomb() -> bytes:
    """Packs a header of 100 bytes, and 300 MB after it."""
    with gzip.open("bomb.gz", "wb", 1) as file:
        file.write(b"\0\0\x08\x01" + struct.pack(">I", 100))
        for _ in range(30):
            file.write(bytes(10_000_000))
    return Path("bomb.gz").read_bytes()


def _read_gz(make: Callable[[], bytes]) -> Any:
    Path("images.gz").write_bytes(make())
    with within_megabytes(LIMIT):
        return mnist.read_idx(Path("images.gz")).shape


def _other_set() -> Any:
    os.mkdir("folder")
    for name in ("train", "t10k"):
        places.idx(f"folder/{name}-images-idx3-ubyte", IMAGES)
        places.idx(f"folder/{name}-labels-idx1-ubyte", [0] * 6)
    return mnist.find("folder")


def cases(seed: int, long: bool) -> list[Case]:
    return [*TABLES, *STATES, *MANIFESTS, *MNIST]
