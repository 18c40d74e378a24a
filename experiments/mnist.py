"""Finds and reads MNIST -> images (n, 28, 28) and labels (n,), all 70,000 of them.

Looked for in this order: the path given, the environment variable FASTMI_MNIST, scikit-learn's
cache of OpenML data set 554. A path is a folder with the four IDX files (plain or .gz), or an .npz
with x_train, y_train, x_test, y_test. Only `download=True` touches the network. Files are not
trusted, and nothing is unpickled.
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi import files

__all__ = ["VARIABLE", "Images", "NoMnist", "choose", "find", "read_idx", "read_npz"]

VARIABLE = "FASTMI_MNIST"
SUBSETS = {"train": 60_000, "t10k": 10_000}
ARRAYS = {
    "x_train": (60_000, 28, 28),
    "y_train": (60_000,),
    "x_test": (10_000, 28, 28),
    "y_test": (10_000,),
}

Bytes = npt.NDArray[np.uint8]


class Images(NamedTuple):
    """Training images first, then test images."""

    pixels: Bytes
    labels: Bytes


class NoMnist(ValueError):
    """MNIST was asked for and is not there."""


def find(path: str | os.PathLike[str] | None = None, *, download: bool = False) -> Images:
    """Reads the images from the first place that has them.

    Raises:
        NoMnist: no place has them; the message names the ways to supply them.
        ValueError: a file is there and is not what its name says.
    """
    place = path or os.environ.get(VARIABLE)
    if place:
        return _at(Path(os.path.expanduser(place)))
    cached = _openml(download)
    if cached is not None:
        return cached
    raise NoMnist(
        "MNIST is not here: pass --mnist PATH or set FASTMI_MNIST (a folder with the four IDX "
        "files, plain or .gz, or an .npz with x_train, y_train, x_test, y_test), or allow "
        "--download; the run 'digits' needs no files"
    )


def choose(path: Path | None, download: bool = False) -> None:
    """Sets where it is looked for from now on; what is wrong with that is said at once.

    Raises:
        ValueError: as `find`.
    """
    if path is not None:
        os.environ[VARIABLE] = str(path)
    if path is not None or download:
        find(download=download)


def _at(path: Path) -> Images:
    if path.is_dir():
        arrays = [
            read_idx(_file(path, f"{subset}-{kind}"))
            for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
            for subset in SUBSETS
        ]
        shapes = [(60_000, 28, 28), (10_000, 28, 28), (60_000,), (10_000,)]
        for array, shape in zip(arrays, shapes, strict=True):
            if array.shape != shape:
                raise ValueError(
                    f"an IDX file in '{path}' holds {array.shape}, where MNIST has {shape}: is it "
                    "another data set?"
                )
        return Images(np.concatenate(arrays[:2]), _labels(np.concatenate(arrays[2:]), path))
    if path.is_file():
        return read_npz(path)
    raise NoMnist(f"'{path}' is neither a folder nor a file: pass --mnist PATH or set FASTMI_MNIST")


def _file(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise NoMnist(
        f"'{folder}' is not where MNIST lies, it has neither {name} nor {name}.gz: all four IDX "
        "files are needed"
    )


def read_idx(path: Path) -> Bytes:
    """Reads one IDX file of unsigned bytes, plain or .gz.

    The header says how many bytes must follow; exactly so many are read, however large a compressed
    file would unpack.

    Raises:
        FileNotFoundError, PermissionError: it cannot be opened.
        ValueError: no file, not an IDX file of bytes, larger than MNIST, cut short, or with bytes
            left over.
    """
    with files.opened(path) as raw, gzip.open(raw) if path.suffix == ".gz" else raw as file:
        try:
            return _read_idx(path, file)
        except (EOFError, OSError, zlib.error, struct.error) as error:
            raise ValueError(
                f"'{path}' is cut short or not a gzip file ({files.reason(error)}): fetch it again"
            ) from error


def _read_idx(path: Path, file: IO[bytes] | gzip.GzipFile) -> Bytes:
    head = file.read(4)
    if len(head) < 4 or head[:3] != b"\0\0\x08" or head[3] not in (1, 3):
        raise ValueError(f"'{path}' is no IDX file of bytes: it begins with {head!r}")
    sizes = file.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise ValueError(f"'{path}' ends within its header")
    shape = struct.unpack(f">{head[3]}I", sizes)
    count = int(np.prod(shape, dtype=object))
    if not 0 < count <= 60_000 * 28 * 28:
        raise ValueError(f"'{path}' claims the shape {shape}, which is not within MNIST's")
    content = file.read(count)
    if len(content) < count:
        raise ValueError(
            f"'{path}' is cut short: its header says {count} bytes, {len(content)} follow"
        )
    if file.read(1):
        raise ValueError(f"'{path}' goes on after the {count} bytes that its header announces")
    return np.frombuffer(content, np.uint8).reshape(shape)


def read_npz(path: Path) -> Images:
    """Reads x_train, y_train, x_test, y_test of an .npz.

    Headers are read before contents; see `fastmi.files.Archive`.

    Raises:
        ValueError: no file, no npz, an array is missing, or has not MNIST's shape, type and labels.
    """
    try:
        with files.opened(path) as file:
            archive = files.Archive(path, file)
            for name in ARRAYS:
                _announced(archive, name)
            arrays = archive.read(list(ARRAYS))
    except Exception as error:
        raise ValueError(
            f"'{path}' is no npz file, or is damaged ({files.reason(error)})"
        ) from error
    pixels, labels = (
        np.concatenate([arrays[f"{kind}_train"], arrays[f"{kind}_test"]]) for kind in "xy"
    )
    return Images(pixels, _labels(labels, path))


def _announced(archive: files.Archive, name: str) -> None:
    if name not in archive.names:
        raise ValueError(f"it has no array {name}; it has {', '.join(archive.names)[:200]}")
    dtype, shape, *_ = archive.header(name)
    kind, right = (
        ("uint8", dtype == np.uint8) if name[0] == "x" else ("integer", dtype.kind in "iu")
    )
    if shape != ARRAYS[name] or not right:
        raise ValueError(f"it has {name} as {dtype} {shape}: MNIST's is {kind} {ARRAYS[name]}")


def _labels(labels: npt.NDArray[Any], place: object) -> Bytes:
    """Turns labels into bytes, once it is known that they are 0 to 9: 259 as a byte is 3."""
    wrong = labels[(labels < 0) | (labels > 9)]
    if wrong.size:
        raise ValueError(f"'{place}' holds the label {wrong[0]}: MNIST's are 0 to 9")
    return labels.astype(np.uint8)


def _openml(download: bool) -> Images | None:
    """Reads scikit-learn's copy of OpenML's data set 554, if it is whole or may be fetched."""
    from sklearn.datasets import fetch_openml, get_data_home

    cache = Path(get_data_home()) / "openml" / "openml.org"
    warm = (cache / "api/v1/json/data/554.gz").is_file() and any(cache.glob("data/**/*mnist_784*"))
    if not (warm or download):
        return None
    try:
        bunch: Any = fetch_openml(data_id=554, as_frame=False, parser="liac-arff")
        pixels = np.asarray(bunch.data, np.float64).reshape(-1, 28, 28)
        labels = np.asarray(bunch.target).astype(np.int64)
        if (
            len(pixels) != 70_000
            or len(labels) != 70_000
            or not ((pixels >= 0) & (pixels <= 255)).all()
        ):
            raise ValueError(
                f"it holds {len(pixels)} images and {len(labels)} labels, from {pixels.min()} to "
                f"{pixels.max()}"
            )
    except Exception as error:
        raise ValueError(
            f"scikit-learn's copy of MNIST in '{cache}' cannot be read or fetched "
            f"({files.reason(error)}): pass --mnist PATH"
        ) from error
    return Images(pixels.astype(np.uint8), _labels(labels, cache))
