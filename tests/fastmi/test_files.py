"""What is written is whole or not there, and what is read is judged before it costs anything."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import fastmi
from fastmi import figures, files
from fastmi.files import replacing
from fastmi.points import Points

ROOT = Path(fastmi.__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="links, pipes and modes of POSIX")


def write(path, content=b"new"):
    with replacing(path) as part:
        part.write_bytes(content)


def stopped_by(error, path):
    with replacing(path) as part:
        part.write_bytes(b"half")
        raise error


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


# --- links ----------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("depth", [1, 3])
def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path, depth):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "target").write_bytes(b"old")
    name = Path("elsewhere/target")
    for i in range(depth):
        (tmp_path / f"link-{i}").symlink_to(name)
        name = Path(f"link-{i}")
    write(tmp_path / name)
    assert all((tmp_path / f"link-{i}").is_symlink() for i in range(depth))
    assert (tmp_path / "elsewhere" / "target").read_bytes() == b"new"
    assert os.listdir(tmp_path / "elsewhere") == ["target"]


@posix
def test_a_link_to_nothing_yet_makes_its_target(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "target")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere" / "target").read_bytes() == b"new"


@posix
def test_a_link_into_no_folder_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "target")
    with pytest.raises(
        FileNotFoundError,
        match=r"link cannot be written: there is no folder .*nowhere; make it first",
    ):
        write(tmp_path / "link")


@posix
def test_links_in_a_circle_are_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(
        OSError, match="a cannot be written, and what it held is untouched: Too many levels"
    ):
        write(tmp_path / "a")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


@posix
def test_a_link_to_a_folder_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    with pytest.raises(
        IsADirectoryError, match="link cannot be written, and what it held is untouched"
    ):
        write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()


# --- pipes and devices ----------------------------------------------------------------------------


def from_pipe(path):
    """What comes out of a pipe while something is written into it."""
    found = []
    reader = threading.Thread(target=lambda: found.append(path.read_bytes()))
    reader.start()
    return reader, found


@posix
def test_a_pipe_is_written_into_and_stays_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader, found = from_pipe(tmp_path / "pipe")
    write(tmp_path / "pipe", b"x" * 200_000)
    reader.join()
    assert found == [b"x" * 200_000]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


@posix
def test_a_pipe_gets_nothing_of_what_is_not_complete(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RuntimeError, match="power cut"):
        stopped_by(RuntimeError("power cut"), tmp_path / "pipe")
    assert os.listdir(tmp_path) == ["pipe"]


@posix
def test_a_table_can_be_saved_into_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader, found = from_pipe(tmp_path / "pipe")
    one = fastmi.InformationPlane(
        np.array([0]),
        ("a",),
        Points(*(np.ones((1, 1, 1)) for _ in range(4))),
        4,
        2.0,
        1.0,
        "each",
        1,
        "made up",
        "none",
    )
    one.save(tmp_path / "pipe")
    reader.join()
    (tmp_path / "plane.npz").write_bytes(found[0])
    assert fastmi.InformationPlane.load(tmp_path / "plane.npz").layers == ("a",)


@posix
def test_a_figure_can_be_saved_into_a_pipe_without_an_ending(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader, found = from_pipe(tmp_path / "pipe")
    figures.save(figures.Figure(figsize=(1, 1)), tmp_path / "pipe")
    reader.join()
    assert found[0].startswith(b"\x89PNG")
    assert os.listdir(tmp_path) == ["pipe"]


@posix
@pytest.mark.parametrize("linked", [False, True])
def test_a_device_is_written_into(tmp_path, linked):
    device = tmp_path / "link" if linked else Path(os.devnull)
    if linked:
        device.symlink_to(os.devnull)
    write(device)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    assert linked == (tmp_path / "link").is_symlink()


def is_device(path):
    return os.path.exists(path) and stat.S_ISCHR(os.stat(path).st_mode)


@pytest.mark.skipif(not is_device("/dev/full"), reason="no device that is always full")
def test_a_device_that_is_full_says_so():
    with pytest.raises(OSError, match="/dev/full cannot be written: No space left on device"):
        write("/dev/full")


@posix
def test_a_pipe_that_breaks_is_not_said_to_be_untouched(tmp_path, monkeypatch):
    def broken(*arguments):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("shutil.copyfileobj", broken)
    with pytest.raises(BrokenPipeError, match=rf"{os.devnull} cannot be written: Broken pipe"):
        write(os.devnull)


@posix
def test_a_socket_is_refused_and_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's name must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(OSError, match="socket cannot be written: "):
            write("socket")
        assert os.listdir() == ["socket"]


WRITES = """
import sys
from fastmi.files import replacing
sys.stdout.write("before\\n"); sys.stdout.flush()
with replacing(sys.argv[1]) as part:
    part.write_text("the content\\n")
print("after")
"""


def told(name, stdout, *, script=WRITES):
    command = [sys.executable, "-c", script, name]
    return subprocess.run(command, stdout=stdout, cwd=ROOT, check=True).stdout


@posix
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_gone_on_with_whatever_it_is(tmp_path, name):
    if not os.path.exists(name):
        pytest.skip(f"no {name} here")
    assert told(name, subprocess.PIPE) == b"before\nthe content\nafter\n"
    with (tmp_path / "file").open("wb") as file:
        file.write(b"begun\n")
        file.flush()
        told(name, file)
    assert (tmp_path / "file").read_bytes() == b"begun\nbefore\nthe content\nafter\n"
    (tmp_path / "link").symlink_to(name)
    with (tmp_path / "file").open("ab") as file:
        told(str(tmp_path / "link"), file)
    assert (tmp_path / "file").read_bytes() == b"begun\n" + b"before\nthe content\nafter\n" * 2
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]


@posix
def test_a_process_substitution_is_written_into(tmp_path):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        name = f"/dev/fd/{writing}"
        write(name)
        os.close(writing)
        assert pipe.read() == b"new"
    with pytest.raises(OSError, match=rf"{name} cannot be written: Bad file descriptor"):
        write(name)


# --- modes and names ------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("own", [0o600, 0o644, 0o664, 0o755, 0o400])
def test_a_file_keeps_its_mode(tmp_path, own):
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(own)
    write(tmp_path / "file")
    assert mode(tmp_path / "file") == own
    assert (tmp_path / "file").read_bytes() == b"new"


@posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_gets_what_the_umask_leaves(tmp_path, mask):
    before = os.umask(mask)
    try:
        write(tmp_path / "file")
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o666 & ~mask


@posix
def test_a_closed_file_is_closed_while_it_is_written(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(0o600)
    with replacing(tmp_path / "file") as part:
        assert mode(part) == 0o600


@pytest.mark.parametrize("n", [1, 200, 249, 250, 255])
@pytest.mark.parametrize("exists", [False, True])
def test_a_name_may_be_as_long_as_the_system_takes(tmp_path, n, exists):
    path = tmp_path / ("n" * n)
    if exists:
        path.write_bytes(b"old")
    write(path)
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == [path.name]


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(
        OSError, match="cannot be written, and what it held is untouched: File name too long"
    ):
        write(tmp_path / ("n" * 256))
    assert os.listdir(tmp_path) == []


# --- on the disk ----------------------------------------------------------------------------------


@posix
def test_the_content_is_on_the_disk_before_its_name_and_the_name_afterwards(tmp_path, monkeypatch):
    steps = []

    def fsync(descriptor, real=os.fsync):
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        steps.append(
            (
                kind,
                (tmp_path / "file").read_bytes(),
                os.fstat(descriptor).st_size if kind == "file" else None,
            )
        )
        real(descriptor)

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fsync)
    write(tmp_path / "file", b"newer")
    assert steps == [("file", b"old", 5), ("folder", b"newer", None)]


def test_a_folder_that_cannot_be_synchronised_is_no_fault(tmp_path, monkeypatch):
    def opened(path, *arguments, real=os.open, **options):
        if Path(path) == tmp_path:
            raise PermissionError(13, "Permission denied")  # what Windows says of any folder
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", opened)
    write(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_disk_that_does_not_take_it_leaves_the_old_file(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        OSError,
        match="file cannot be written, and what it held is untouched: No space left on device",
    ):
        write(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


# --- interrupted, and several at once -------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, SystemExit, MemoryError, RuntimeError, OSError]
)
@pytest.mark.parametrize("exists", [False, True])
def test_whatever_stops_it_nothing_is_left_and_the_old_file_stays(tmp_path, error, exists):
    if exists:
        (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(error):
        stopped_by(error, tmp_path / "file")
    assert os.listdir(tmp_path) == (["file"] if exists else [])
    assert not exists or (tmp_path / "file").read_bytes() == b"old"


@posix
@pytest.mark.parametrize("call", ["open", "close", "fsync", "replace"])
def test_an_interrupt_within_the_writer_leaves_nothing(tmp_path, monkeypatch, call):
    real = getattr(os, call)

    def interrupted(*arguments, **options):
        real(*arguments, **options)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(os, call, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "file")
    assert os.listdir(tmp_path) == (["file"] if call == "replace" else [])


def test_many_threads_write_one_name_and_one_of_them_whole(tmp_path):
    contents = [bytes([i]) * 100_000 for i in range(8)]
    failed = []

    def work(content):
        try:
            for _ in range(10):
                write(tmp_path / "file", content)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (tmp_path / "file").read_bytes() in contents
    assert os.listdir(tmp_path) == ["file"]


@posix
def test_a_forked_writer_does_not_share_its_temporary_file(tmp_path):
    script = """
import os, sys
from fastmi.files import replacing
child = os.fork()
for _ in range(50):
    with replacing(sys.argv[1]) as part:
        part.write_text(f"{'child' if child == 0 else 'parent'}" * 1000)
if child == 0:
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    told(str(tmp_path / "file"), subprocess.PIPE, script=script)
    assert (tmp_path / "file").read_text() in ("child" * 1000, "parent" * 1000)
    assert os.listdir(tmp_path) == ["file"]


@posix
def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path):
    script = """
import os, signal, sys
from fastmi.files import replacing
with replacing(sys.argv[1]) as part:
    part.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    (tmp_path / "file").write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "file")], cwd=ROOT, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "file").read_bytes() == b"old"
    write(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"new"


@posix
def test_a_folder_that_is_closed_is_named(tmp_path, monkeypatch):
    """Permissions do not bind root, who may run this: the system's answer is simulated."""

    def closed(path, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files.os, "open", closed)
    with pytest.raises(
        PermissionError,
        match="file cannot be written, and what it held is untouched: Permission denied",
    ):
        write(tmp_path / "file")


# --- what is read: files alone --------------------------------------------------------------------


def something_else(tmp_path, kind):
    path = tmp_path / "file"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)  # without a writer: opening it would wait for one
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(os.path.relpath(path))  # whose name must be short
    else:
        path.symlink_to("/dev/zero")  # which never ends
    return path


@posix
@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a socket", "a device"])
def test_only_files_are_read(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = something_else(tmp_path, kind)
    for read in (files.read_text, lambda path: files.opened(path).__enter__()):
        with pytest.raises(
            files.NotAFile, match=f"file' is {kind}, and only files are read"
        ) as caught:
            read(path)
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(
        ValueError,
        match=rf"file is not a table that InformationPlane\.save wrote \(NotAFile: .* is {kind}",
    ):
        fastmi.InformationPlane.load(path)


@posix
def test_a_link_to_a_file_is_read(tmp_path):
    (tmp_path / "target").write_text("é")
    (tmp_path / "link").symlink_to("target")
    assert files.read_text(tmp_path / "link") == "é"


def test_a_text_has_a_bound_and_is_utf_8(tmp_path):
    (tmp_path / "text").write_bytes(b"abcd")
    assert files.read_text(tmp_path / "text", 4) == "abcd"
    with pytest.raises(ValueError, match="it has more than 3 bytes"):
        files.read_text(tmp_path / "text", 3)
    (tmp_path / "text").write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        files.read_text(tmp_path / "text")


# --- archives -------------------------------------------------------------------------------------


ARRAYS = {
    "one": np.float64(0.5),
    "empty": np.zeros((0, 3), np.float32),
    "table": np.arange(6, dtype=np.int16).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "big": np.arange(5, dtype=">f4"),
    "text": np.array("naïve ∞"),
    "texts": np.array([["a", "bcd"], ["", "é"]], dtype=">U3"),
    "bools": np.array([True, False]),
    "half": np.float16([1.5, -2]),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_gives_what_numpy_put_in(tmp_path, save):
    save(tmp_path / "arrays.npz", **ARRAYS)
    with open(tmp_path / "arrays.npz", "rb") as file:
        found = files.Archive("arrays", file)
        assert found.names == list(ARRAYS)
        arrays = found.read(found.names)
    for name, array in ARRAYS.items():
        assert np.array_equal(arrays[name], array), name
        assert arrays[name].shape == np.shape(array)
        assert arrays[name].dtype == array.dtype.newbyteorder("=")
        assert arrays[name].dtype.isnative


def zipped(tmp_path, members, compression=zipfile.ZIP_DEFLATED):
    path = tmp_path / "arrays.npz"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def npy(descr="<f8", shape="(2,)", order="False", data=bytes(16), version=b"\x01\x00", line=None):
    text = (
        f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"
        if line is None
        else line
    )
    text += " " * (-(len(text) + 11) % 64) + "\n"
    width = {b"\x01\x00": 2, b"\x02\x00": 4}.get(version, 2)
    return (
        b"\x93NUMPY" + version + len(text).to_bytes(width, "little") + text.encode("latin-1") + data
    )


def reading(path, *names):
    with open(path, "rb") as file:
        found = files.Archive("arrays", file)
        return found.read(names or found.names)


def test_headers_of_both_versions_and_of_other_hands_are_read(tmp_path):
    other = "{'descr': '=f8', 'fortran_order': False, 'shape': (2)}"
    path = zipped(
        tmp_path, {"a.npy": npy(), "b.npy": npy(version=b"\x02\x00"), "c.npy": npy(line=other)}
    )
    assert {name: array.tolist() for name, array in reading(path).items()} == {
        key: [0, 0] for key in "abc"
    }


STRANGE = {
    "objects": (npy("|O"), r"its 'a' announces .*'\|O'.*: no array of numbers, bools or strings"),
    "parts": (
        npy(line="{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,), }"),
        "announces",
    ),
    "complex": (npy("<c16", "(1,)"), "announces"),
    "dates": (npy("<M8[s]"), "announces"),
    "bytes": (npy("|S8"), "announces"),
    "nothing": (npy("|V8"), "announces"),
    "three bytes": (npy("<f3"), "announces"),
    "one byte": (npy("<f1", "(16,)"), "announces"),
    "strings of nothing": (npy("<U0", f"({10**17},)", data=b""), "announces"),
    "negative": (npy(shape="(-2,)"), "announces"),
    "an expression": (
        npy(line="{'descr': '<f8', 'fortran_order': False, 'shape': (9**9**9,), }"),
        "announces",
    ),
    "deep": (
        npy(
            line="{'descr': '<f8', 'fortran_order': False, 'shape': " + "(" * 900 + ")" * 900 + "}"
        ),
        "announces",
    ),
    "long": (npy(line=" " * 60_000), "announces"),
    "no header": (b"", r"begins with b'', which is no \.npy file's beginning"),
    "another file": (b"\x89PNG\r\n\x1a\n" + bytes(100), "begins with"),
    "a later version": (npy(version=b"\x03\x00"), "begins with"),
    "too much": (npy(data=bytes(17)), "its 'a' announces 144 bytes, where it has 145"),
    "too little": (npy(data=bytes(15)), "its 'a' announces 144 bytes, where it has 143"),
    "far too little": (npy(shape=f"({10**17}, {10**17})"), "announces"),
    "of no axes left": (
        npy(shape=f"(0, {10**17}, {10**17}, {10**17})", data=b""),
        "array is too big",
    ),
    "of many axes": (
        npy(shape="(" + "1," * 70 + ")", data=bytes(8)),
        "maximum supported dimension",
    ),
}


@pytest.mark.parametrize("name", STRANGE)
def test_an_array_that_is_none_is_refused(tmp_path, name):
    content, message = STRANGE[name]
    path = zipped(tmp_path, {"a.npy": content})
    with pytest.raises(ValueError, match=message):
        reading(path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"a": npy()}, "its member 'a' is no array, or is there twice"),
        ({"a.npy": npy(), "README.txt": b"x"}, "its member 'README.txt' is no array"),
        ({"b.npy": npy()}, "it has no 'a'"),
    ],
)
def test_members_that_are_no_arrays_are_refused(tmp_path, members, message):
    path = zipped(tmp_path, members)
    with pytest.raises(ValueError, match=message):
        reading(path, "a")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "arrays.npz", "w") as archive:
        archive.writestr("a.npy", npy())
        archive.writestr("a.npy", npy(shape="(1,)", data=bytes(8)))
    with pytest.raises(ValueError, match=r"its member 'a\.npy' is no array, or is there twice"):
        reading(tmp_path / "arrays.npz")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_unpacks_without_bounds_is_refused(tmp_path, compression):
    path = zipped(tmp_path, {"a.npy": npy()}, compression)
    with pytest.raises(
        ValueError, match="its 'a' is encrypted, or compressed in another way than NumPy's"
    ):
        reading(path)


def edited(path, offset, value):
    """With a field of the entry in the zip's directory, and where it stands at the member too,
    changed.
    """
    content = bytearray(path.read_bytes())
    entry, local = content.rindex(b"PK\x01\x02"), content.index(b"PK\x03\x04")
    content[entry + offset : entry + offset + len(value)] = value
    if offset < 12:
        content[local + offset - 2 : local + offset - 2 + len(value)] = value
    path.write_bytes(content)
    return path


def test_what_is_encrypted_is_refused(tmp_path):
    path = edited(zipped(tmp_path, {"a.npy": npy()}), 8, b"\x01\x00")
    with pytest.raises(ValueError, match="its 'a' is encrypted"):
        reading(path)


def test_a_member_that_gives_less_than_it_says_is_refused(tmp_path):
    path = zipped(tmp_path, {"a.npy": npy(shape="(1000,)", data=bytes(16))})
    path = edited(path, 24, (128 + 8000).to_bytes(4, "little"))
    with pytest.raises(
        (ValueError, zipfile.BadZipFile), match=r"is cut short: of 8,000 bytes it has 16|Bad CRC"
    ):
        reading(path)


def test_a_member_that_would_unpack_to_more_than_it_says_is_read_no_further(tmp_path):
    path = zipped(tmp_path, {"a.npy": npy() + bytes(2**28)})
    path = edited(path, 24, (144).to_bytes(4, "little"))
    assert peak_of(lambda: reading(path)) < 5_000_000


def peak_of(call):
    tracemalloc.start()
    try:
        with pytest.raises((ValueError, zipfile.BadZipFile, MemoryError)):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_an_archive_unpacks_to_a_multiple_of_its_size_at_most(tmp_path):
    zeros = {f"{i}.npy": npy(shape=f"({2**21},)", data=bytes(2**24)) for i in range(4)}
    path = zipped(tmp_path, zeros)
    assert path.stat().st_size < 100_000
    with pytest.raises(
        ValueError,
        match=(
            r"it would unpack to 67,109,376 bytes, and 67,108,864 are read of a file of \d\d,\d\d\d"
        ),
    ):
        reading(path)
    assert peak_of(lambda: reading(path)) < 1_000_000
    del zeros["3.npy"]
    assert len(reading(zipped(tmp_path, zeros))["0"]) == 2**21


def test_what_is_not_compressed_has_no_other_bound_than_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "FREE_BYTES", 100)
    path = zipped(tmp_path, {"a.npy": npy(shape="(1000,)", data=bytes(8000))}, zipfile.ZIP_STORED)
    assert reading(path)["a"].shape == (1000,)
    with pytest.raises(ValueError, match="it would unpack to 8,128 bytes"):
        reading(zipped(tmp_path, {"a.npy": npy(shape="(1000,)", data=bytes(8000))}))


def test_a_text_within_an_archive_has_a_bound_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "TEXT_BYTES", 1000)
    for n, taken in ((1000, True), (1001, False)):
        np.savez_compressed(tmp_path / "arrays.npz", plain=np.array("x" * n))
        with open(tmp_path / "arrays.npz", "rb") as file:
            found = files.Archive("arrays", file)
            if taken:
                assert found.text("plain") == "x" * n
            else:
                with pytest.raises(
                    ValueError, match=r"its 'plain' is <U1001 \(\), not one text of bounded length"
                ):
                    found.text("plain")


@pytest.mark.parametrize("value", [np.array(["a", "b"]), np.array(3)])
def test_a_text_within_an_archive_is_one(tmp_path, value):
    np.savez(tmp_path / "arrays.npz", plain=value)
    with (
        open(tmp_path / "arrays.npz", "rb") as file,
        pytest.raises(ValueError, match=r"its 'plain' is .*, not one text"),
    ):
        files.Archive("arrays", file).text("plain")


# --- formats --------------------------------------------------------------------------------------


def test_a_format_is_read_up_to_the_newest():
    for number in (0, 1, 2):
        files.check_format("a file", number, newest=2)
    for number in (3, 10**9):
        with pytest.raises(
            files.NewerFormat,
            match=rf"'a file' has format {number}, and .* reads up to 2: update fastmi",
        ):
            files.check_format("a file", number, newest=2)
    for number in (-1, True, 1.0, "1", None, [1]):
        with pytest.raises(ValueError, match="its format is "):
            files.check_format("a file", number, newest=2)


@pytest.mark.parametrize(
    "number", [np.array([1, 2]), np.zeros((2, 0)), np.array("1"), np.array(0.5)]
)
def test_an_archive_s_format_is_one_whole_number(tmp_path, number):
    np.savez(tmp_path / "arrays.npz", **{files.FORMAT: number})
    with (
        open(tmp_path / "arrays.npz", "rb") as file,
        pytest.raises(ValueError, match="its format is "),
    ):
        files.Archive("arrays", file).check_format(1)
