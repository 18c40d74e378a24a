"""MNIST's files are read where they lie; one that lies about itself is refused at no cost."""

import gzip
import io
import os
import pickle
import re
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from experiments import mnist
from tests.mutations import damaged, rebuilt


def idx(array, *, magic=None, shape=None):
    shape = array.shape if shape is None else shape
    magic = b"\0\0\x08" + bytes([len(shape)]) if magic is None else magic
    return magic + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()


def small(*shape):
    return np.random.default_rng(0).integers(0, 10, shape).astype(np.uint8)


@pytest.fixture
def whole():
    """Arrays of MNIST's shapes, mostly zero, so that they pack small."""
    arrays = {name: np.zeros(shape, np.uint8) for name, shape in mnist.ARRAYS.items()}
    arrays["x_train"][:, 3, 5] = np.arange(60_000) % 251
    arrays["x_test"][:, 9, 9] = 7
    arrays["y_train"][:] = np.arange(60_000) % 10
    arrays["y_test"][:] = 4
    return arrays


def folder_of(tmp_path, arrays, compress):
    names = {"x_train": "train-images-idx3-ubyte", "x_test": "t10k-images-idx3-ubyte"}
    names |= {"y_train": "train-labels-idx1-ubyte", "y_test": "t10k-labels-idx1-ubyte"}
    for name, file in names.items():
        content = idx(arrays[name])
        if compress:
            (tmp_path / f"{file}.gz").write_bytes(gzip.compress(content, 1))
        else:
            (tmp_path / file).write_bytes(content)
    return tmp_path


def check(images, arrays):
    assert images.pixels.shape == (70_000, 28, 28)
    assert np.array_equal(images.pixels[:60_000], arrays["x_train"])
    assert np.array_equal(images.pixels[60_000:], arrays["x_test"])
    assert np.array_equal(images.labels, np.concatenate([arrays["y_train"], arrays["y_test"]]))


@pytest.mark.parametrize("compress", [False, True])
def test_a_folder_of_idx_files(tmp_path, whole, compress):
    check(mnist.find(folder_of(tmp_path, whole, compress)), whole)


def test_an_npz_and_the_environment_variable(tmp_path, whole, monkeypatch):
    np.savez_compressed(tmp_path / "mnist.npz", **whole)
    monkeypatch.setenv(mnist.VARIABLE, str(tmp_path / "mnist.npz"))
    check(mnist.find(), whole)


def test_a_path_comes_before_the_environment_variable(tmp_path, whole, monkeypatch):
    monkeypatch.setenv(mnist.VARIABLE, "/nowhere")
    np.savez_compressed(tmp_path / "mnist.npz", **whole)
    assert len(mnist.find(tmp_path / "mnist.npz").labels) == 70_000


def test_without_data_the_ways_to_supply_it_are_named(tmp_path, monkeypatch):
    monkeypatch.delenv(mnist.VARIABLE, raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    with pytest.raises(
        mnist.NoMnist,
        match=r"--mnist PATH or set FASTMI_MNIST .* or allow --download; the run 'digits'",
    ):
        mnist.find()


def test_only_download_or_a_whole_cache_reaches_scikit_learn(tmp_path, monkeypatch):
    import sklearn.datasets

    asked = []

    def fetch(**options):
        asked.append(options)
        return type(
            "Bunch", (), {"data": np.full((70_000, 784), 3.0), "target": np.full(70_000, "5")}
        )

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    monkeypatch.delenv(mnist.VARIABLE, raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    info = tmp_path / "openml/openml.org/api/v1/json/data/554.gz"
    info.parent.mkdir(parents=True)
    info.touch()
    with pytest.raises(mnist.NoMnist):  # half a cache is no cache
        mnist.find()
    assert asked == []
    assert mnist.find(download=True).pixels.max() == 3
    data = tmp_path / "openml/openml.org/data/v1/download/52667/mnist_784.arff.gz"
    data.parent.mkdir(parents=True)
    data.touch()
    assert mnist.find().labels.max() == 5
    assert [options["data_id"] for options in asked] == [554, 554]


def test_a_missing_file_is_named(tmp_path, whole):
    folder_of(tmp_path, whole, compress=False)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(
        mnist.NoMnist, match=r"neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte\.gz"
    ):
        mnist.find(tmp_path)


def test_files_that_changed_places_are_noticed(tmp_path, whole):
    folder_of(tmp_path, whole, compress=False)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(whole["y_test"]))
    with pytest.raises(
        ValueError, match=r"holds \(10000,\), where MNIST has \(60000,\): is it another data set"
    ):
        mnist.find(tmp_path)


def test_labels_beyond_nine_are_noticed(tmp_path, whole):
    whole["y_test"][5] = 77
    with pytest.raises(ValueError, match=r"holds the label 77: MNIST's are 0 to 9"):
        mnist.find(folder_of(tmp_path, whole, compress=True))


@pytest.mark.parametrize("label", [259, 10, -1, -256, 2**62, 2**32 + 3])
@pytest.mark.parametrize("name", ["y_train", "y_test"])
def test_labels_that_a_byte_would_hide_are_noticed(tmp_path, few, name, label):
    few[name] = few[name].astype(np.int64)
    few[name][1] = label
    np.savez(tmp_path / "mnist.npz", **few)
    with pytest.raises(
        ValueError, match=rf"mnist\.npz' holds the label {label}: MNIST's are 0 to 9"
    ):
        mnist.find(tmp_path / "mnist.npz")


def test_labels_of_any_whole_type_are_taken(tmp_path, few):
    for dtype in (np.int8, np.uint64, np.dtype(">i4")):
        np.savez(tmp_path / "mnist.npz", **few | {"y_train": few["y_train"].astype(dtype)})
        assert mnist.find(tmp_path / "mnist.npz").labels.tolist() == [0, 1, 2, 3, 4, 5, 7, 8]


@pytest.fixture
def few(monkeypatch):
    """As if MNIST had eight images of four pixels."""
    shapes = {"x_train": (6, 2, 2), "y_train": (6,), "x_test": (2, 2, 2), "y_test": (2,)}
    monkeypatch.setattr(mnist, "ARRAYS", shapes)
    arrays = {
        name: np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
        for name, shape in shapes.items()
    }
    return arrays | {"y_test": np.uint8([7, 8])}


@pytest.mark.parametrize("damage", [damaged, rebuilt])
def test_whatever_happens_to_an_npz_one_error_says_so(tmp_path, few, damage):
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, **few)
    said = []
    for copy in damage(path.read_bytes(), 400, seed=13):
        path.write_bytes(copy)
        try:
            assert mnist.find(path).pixels.shape == (8, 2, 2)
        except ValueError as error:
            said.append(str(error))
    sentence = re.compile(
        r".*mnist\.npz' (is no npz file, or is damaged \(.*\)|holds the label .*)"
    )
    assert [message for message in said if not sentence.fullmatch(message)] == []
    assert len(said) > 200


@pytest.mark.parametrize("name", ["file", "file.gz"])
def test_whatever_happens_to_an_idx_file_one_error_says_so(tmp_path, name):
    path, content = tmp_path / name, idx(small(5, 28, 28))
    said = []
    for copy in damaged(gzip.compress(content) if name == "file.gz" else content, 400, seed=14):
        path.write_bytes(copy)
        try:
            assert mnist.read_idx(path).dtype == np.uint8
        except ValueError as error:
            said.append(str(error))
    assert [
        message for message in said if not message.startswith(f"'{path}' ") or "\n" in message
    ] == []
    assert len(said) > 100


@pytest.mark.skipif(os.name != "posix", reason="no pipes of POSIX")
def test_only_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for read in (mnist.read_idx, mnist.read_npz, mnist.find):
        with pytest.raises(
            ValueError, match=r"pipe' is (a pipe, and only files are read|neither a folder)"
        ):
            read(tmp_path / "pipe")
    for name in ("train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"):
        (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(mnist.NoMnist, match="has neither train-images-idx3-ubyte nor"):
        mnist.find(tmp_path)


@pytest.mark.parametrize(
    ("n", "pixel", "label", "reason"),
    [
        (70_000, 256.0, "5", "ValueError: it holds 70000 images"),
        (70_000, np.nan, "5", "ValueError: it holds 70000 images"),
        (600, 0.0, "5", "ValueError: it holds 600 images and 600 labels"),
        (70_000, 0.0, "five", "ValueError: invalid literal"),
        (0, 0.0, OSError("no network\nhere"), "OSError: no network here"),
    ],
)
def test_what_scikit_learn_has_is_not_trusted_either(
    tmp_path, monkeypatch, n, pixel, label, reason
):
    import sklearn.datasets

    def fetch(**options):
        if isinstance(label, Exception):
            raise label
        return type("Bunch", (), {"data": np.full((n, 784), pixel), "target": np.full(n, label)})

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    monkeypatch.delenv(mnist.VARIABLE, raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    with pytest.raises(
        ValueError,
        match=rf"scikit-learn's copy of MNIST in .* cannot be read .* \({reason}.*pass --mnist",
    ):
        mnist.find(download=True)


def test_a_label_of_scikit_learn_s_copy_is_checked_before_it_is_a_byte(tmp_path, monkeypatch):
    import sklearn.datasets

    labels = np.full(70_000, "3")
    labels = np.append(labels[1:], "259")
    bunch = type("Bunch", (), {"data": np.zeros((70_000, 784)), "target": labels})
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda **options: bunch)
    monkeypatch.delenv(mnist.VARIABLE, raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    with pytest.raises(ValueError, match="holds the label 259: MNIST's are 0 to 9"):
        mnist.find(download=True)


HOSTILE = {
    "empty": (b"", "begins with b''"),
    "text": (b"<html>not found</html>", "is no IDX file of bytes"),
    "floats": (idx(small(4), magic=b"\0\0\x0d\x01"), "is no IDX file of bytes"),
    "four axes": (idx(small(2, 2, 2, 2)), "is no IDX file of bytes"),
    "half a header": (b"\0\0\x08\x03\0\0\0\x02\0", "ends within its header"),
    "cut short": (
        idx(small(5, 28, 28))[:-1],
        "is cut short: its header says 3920 bytes, 3919 follow",
    ),
    "too long": (idx(small(5, 28, 28)) + b"x", "goes on after the 3920 bytes"),
    "header lies high": (
        idx(small(5), shape=(2**32 - 1, 2**32 - 1, 2**32 - 1)),
        "claims the shape",
    ),
    "header lies a little": (idx(small(5), shape=(60_001, 28, 28)), "not within MNIST's"),
    "header of nothing": (idx(small(5), shape=(0, 28, 28)), "claims the shape (0, 28, 28)"),
}


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("name", HOSTILE)
def test_an_idx_file_that_is_none(tmp_path, name, compress):
    content, message = HOSTILE[name]
    path = tmp_path / ("file.gz" if compress else "file")
    path.write_bytes(gzip.compress(content) if compress else content)
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        mnist.read_idx(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    "damage", [lambda packed: packed[: len(packed) // 2], lambda packed: b"not gzip" + packed]
)
def test_a_damaged_gzip(tmp_path, damage):
    path = tmp_path / "file.gz"
    path.write_bytes(damage(gzip.compress(idx(small(50, 28, 28)))))
    with pytest.raises(ValueError, match="cut short or not a gzip file"):
        mnist.read_idx(path)


def peak_of(call):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"goes on after|has x_train as"):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_gzip_that_unpacks_to_gigabytes_costs_no_memory(tmp_path):
    path = tmp_path / "bomb.gz"
    zeros = gzip.compress(bytes(1 << 24))
    with gzip.open(path, "wb") as file:
        file.write(idx(small(1, 28, 28)))
    path.write_bytes(path.read_bytes() + zeros * 128)  # members of one file: two gigabytes of zeros
    assert path.stat().st_size < 3_000_000
    assert peak_of(lambda: mnist.read_idx(path)) < 5_000_000


def npz_of(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def npy(array, header=None):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, header or np.lib.format.header_data_from_array_1_0(array)
    )
    return file.getvalue() + array.tobytes()


def test_an_npz_header_that_lies_costs_no_memory(tmp_path):
    lying = npy(small(4), {"descr": "|u1", "fortran_order": False, "shape": (10**6, 10**6, 28)})
    path = npz_of(tmp_path / "lying.npz", {"x_train": lying})
    assert peak_of(lambda: mnist.read_npz(path)) < 5_000_000


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"images": npy(small(4))}, "has no array x_train; it has images"),
        ({"x_train": npy(small(4, 28, 28))}, "has x_train as uint8 (4, 28, 28)"),
        (
            {
                "x_train": npy(
                    small(4), {"descr": "<f8", "fortran_order": False, "shape": (60_000, 28, 28)}
                )
            },
            "as float64",
        ),
        (
            {
                "x_train": npy(
                    small(4), {"descr": "|u1", "fortran_order": False, "shape": (60_000, 28, 28)}
                )
            },
            "its 'x_train' announces 47,040,128 bytes, where it has 132",
        ),
        (
            {"x_train": b"\x93NUMPY\x07\x00" + bytes(20)},
            "its 'x_train' begins with b'\\x93NUMPY\\x07\\x00', which is no .npy",
        ),
    ],
)
def test_an_npz_that_is_not_mnist(tmp_path, members, message):
    others = {
        name: npy(np.zeros(shape, np.uint8))
        for name, shape in mnist.ARRAYS.items()
        if name != "x_train"
    }
    path = npz_of(tmp_path / "other.npz", members | others if "x_train" in members else members)
    with pytest.raises(ValueError, match=re.escape(message)):
        mnist.read_npz(path)


def test_objects_are_never_unpickled(tmp_path):
    header = {"descr": "|O", "fortran_order": False, "shape": (60_000, 28, 28)}
    trap = npy(np.zeros(0, np.uint8), header) + pickle.dumps(print)
    with pytest.raises(ValueError, match=r"its 'x_train' announces .*'\|O'"):
        mnist.read_npz(npz_of(tmp_path / "trap.npz", {"x_train": trap}))


def test_a_file_that_is_no_npz(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"PK\x03\x04 no more")
    with pytest.raises(ValueError, match="is no npz file, or is damaged"):
        mnist.find(tmp_path / "mnist.npz")
