"""Runs on the command line, and what they leave, for the tests of the experiments."""

from types import SimpleNamespace

from experiments import __main__ as cli
from experiments import attempts, saving
from experiments.catalog import CATALOG
from tests import DATA

FORMAT_0, FORMAT_1 = DATA / "format-0", DATA / "format-1"
TINY = CATALOG["warm-up"].varied(epochs=4)


def run(*words, out):
    """Does `run` -> its status."""
    return cli.main(["run", *words, "--out", str(out)])


def estimate(folder, *words, out=None):
    """Does `estimate` -> its status."""
    return cli.main(["estimate", str(folder), *words, *(("--out", str(out)) if out else ())])


def rows_of(out):
    """Reads the attempts so far."""
    return attempts.read(out)


def names(folder):
    """Lists the names of what lies there."""
    return sorted(path.name for path in folder.iterdir())


def trained(out):
    """Lists the folders of what was trained, unfinished ones too."""
    return sorted(
        path for path in out.iterdir() if path.is_dir() and path.name != attempts.ATTEMPTS
    )


def reading_of(folder):
    """Finds the one folder of what a measure read, in that of what was trained."""
    (path,) = folder.glob("counted-*")
    return path


def tree(*folders):
    """Lists path, whether it is a link, and content, of all that lies there."""
    return [
        (path, path.is_symlink(), path.read_bytes() if path.is_file() else None)
        for folder in folders
        for path in folder.rglob("*")
    ]


def undraw(monkeypatch):
    """Makes figures empty files: drawing them takes longer than the runs."""
    monkeypatch.setattr(saving, "picture", lambda run, planes, marks=(): None)
    monkeypatch.setattr(saving, "figures", SimpleNamespace(save=lambda figure, path: path.touch()))
