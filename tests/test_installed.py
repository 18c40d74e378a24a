"""What pip gets: the lists of wheel and sdist, and the command from an empty folder.

Environments are new but for what fastmi needs, which is that of the tests: no network is asked. The
wheel is built from the sdist, as an installer of the latter would.
"""

import csv
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import fastmi
from tests import ROOT

VERSION = fastmi.__version__
CARRIED = ("LICENSE", "CHANGELOG.md", "CITATION.cff")
# plain Python in place of compiled kernels, to the same numbers: a new place would compile anew
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    "NUMBA_DISABLE_JIT": "1",
    "OMP_NUM_THREADS": "1",
}


def called(*command, cwd):
    """What a command prints."""
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the wheel and the sdist."""
    out = tmp_path_factory.mktemp("built")
    called(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    return out


@pytest.fixture(scope="module")
def wheel(built):
    return built / f"fastmi-{VERSION}-py3-none-any.whl"


@pytest.fixture(scope="module")
def editable(tmp_path_factory):
    """The wheel that `pip install -e` builds."""
    out = tmp_path_factory.mktemp("editable")
    called(sys.executable, "-m", "hatchling", "build", "-t", "wheel:editable", "-d", out, cwd=ROOT)
    return next(out.glob("*.whl"))


def environment(folder, wheel):
    """Makes one that holds the wheel, and sees what the tests see of others -> its programs."""
    called(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    install = ("install", "--quiet", "--no-index", "--no-deps", "--no-compile", wheel)
    called(*pip, *install, cwd=folder)
    others = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (place,) = folder.glob("[Ll]ib/**/site-packages")
    (place / "others.pth").write_text("\n".join(others))  # behind what is installed here
    return programs


@pytest.fixture(scope="module")
def installed(tmp_path_factory, wheel):
    return environment(tmp_path_factory.mktemp("environments") / "wheel", wheel)


@pytest.fixture
def empty(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def sources(top, under):
    """The files of a package of the checkout, as they are named elsewhere."""
    paths = [path.relative_to(ROOT / top) for path in (ROOT / top).rglob("*") if path.is_file()]
    return {f"{under}/{path.as_posix()}" for path in paths if "__pycache__" not in path.parts}


# --- what is inside -------------------------------------------------------------------------------


def test_the_wheel_holds_the_package_the_experiments_inside_it_and_nothing_else(wheel):
    about = f"fastmi-{VERSION}.dist-info"
    beside = ["METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"]
    beside += [f"extra_metadata/{name}" for name in CARRIED[1:]]
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        assert len(set(names)) == len(names)
        assert set(names) == {
            *sources("fastmi", "fastmi"),
            *sources("experiments", "fastmi/experiments"),
            *(f"{about}/{name}" for name in beside),
        }
        for place in beside[4:]:
            assert file.read(f"{about}/{place}") == (ROOT / Path(place).name).read_bytes()
    assert {"fastmi/py.typed", "fastmi/experiments/var_u.bin"} <= set(names)
    assert wheel.stat().st_size < 1_000_000


def test_the_sdist_holds_what_a_wheel_is_built_from_and_nothing_else(built):
    root = f"fastmi-{VERSION}"
    beside = [".gitignore", "PKG-INFO", "README.md", "hatch_build.py", "pyproject.toml", *CARRIED]
    with tarfile.open(built / f"{root}.tar.gz") as file:
        assert set(file.getnames()) == {
            *sources("fastmi", f"{root}/fastmi"),
            *sources("experiments", f"{root}/experiments"),
            *(f"{root}/{name}" for name in beside),
        }
        for name in CARRIED:
            (content,) = [file.extractfile(f"{root}/{name}")]
            assert content is not None
            assert content.read() == (ROOT / name).read_bytes()
    assert (built / f"{root}.tar.gz").stat().st_size < 1_000_000


def test_the_metadata_promise_what_is_so_and_no_placeholder(wheel):
    with zipfile.ZipFile(wheel) as file:
        metadata = message_from_bytes(file.read(f"fastmi-{VERSION}.dist-info/METADATA"))
    assert metadata["Name"] == "fastmi"
    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata.get_all("Project-URL") is None  # there is none so far
    assert metadata["Author"] == "The fastmi authors"
    pythons = [line.split()[-1] for line in metadata.get_all("Classifier") if "Python :: " in line]
    assert pythons == ["3.11"]  # on others the whole of the tests was not run so far
    assert metadata.get_payload() == (ROOT / "README.md").read_text()


def test_what_is_installed_to_be_edited_is_nothing_but_the_place_of_the_checkout(editable):
    with zipfile.ZipFile(editable) as file:
        code = [name for name in file.namelist() if ".dist-info/" not in name]
        assert code == ["_fastmi.pth"]
        assert file.read("_fastmi.pth").decode() == str(ROOT)


# --- from an empty folder -------------------------------------------------------------------------


def test_a_short_run_of_the_wheel_leaves_figure_tables_and_manifests(installed, empty):
    said = called(installed / "fastmi", "run", "warm-up", "--epochs", "2", cwd=empty)
    assert "figure, table and manifest in results/warm-up-" in said
    (trained,) = empty.glob("results/warm-up-*/")
    (read,) = trained.glob("counted-*/")
    for name in ("plane.png", "plane.svg"):
        assert (read / name).stat().st_size > 10_000
    for table in (read / "plane.csv", trained / "scores.csv"):
        assert len(list(csv.reader(table.read_text().splitlines()))) > 2
    for folder in (trained, read):
        assert json.loads((folder / "manifest.json").read_text())


def test_the_command_of_the_wheel_is_there_by_both_names(installed, empty):
    runs = called(installed / "fastmi", "list", cwd=empty)
    assert runs.startswith("warm-up ")
    assert called(installed / "python", "-m", "fastmi", "list", cwd=empty) == runs


def test_the_wheel_brings_no_package_called_experiments(installed, empty):
    code = (
        "import fastmi, importlib.util, sys; from pathlib import Path;"
        "print(importlib.util.find_spec('experiments'), Path(fastmi.__file__).parents[1])"
    )
    (place,) = installed.parent.glob("[Ll]ib/**/site-packages")
    assert called(installed / "python", "-c", code, cwd=empty) == f"None {place}\n"


def test_the_wheel_says_where_the_benchmarks_are(installed, empty):
    done = subprocess.run(
        [installed / "fastmi", "bench"], cwd=empty, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: the benchmarks are not with the fastmi in ")
    assert len(done.stderr.splitlines()) == 1


def test_what_is_edited_runs_the_checkout_beside_packages_of_others(editable, tmp_path):
    programs = environment(tmp_path / "environment", editable)
    (tmp_path / "work" / "experiments").mkdir(parents=True)  # in the working directory
    for file in ("__init__.py", "__main__.py"):
        (tmp_path / "work" / "experiments" / file).write_text("raise SystemExit('not ours')")
    for program in ([programs / "fastmi"], [programs / "python", "-m", "fastmi"]):
        assert called(*program, "list", cwd=tmp_path / "work").startswith("warm-up ")
