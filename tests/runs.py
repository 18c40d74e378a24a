"""Runs on the command line, and what they leave, for the tests of the experiments."""

from types import SimpleNamespace

from experiments import __main__ as cli
from experiments import attempts, outputs
from experiments.catalog import CATALOG
from tests import DATA

FORMAT_0, FORMAT_1 = DATA / "format-0", DATA / "format-1"
TINY = CATALOG["warm-up"].varied(epochs=4)


def run(*words, out):
    """The status of `run`."""
    return cli.main(["run", *words, "--out", str(out)])


def estimate(folder, *words, out=None):
    """The status of `estimate`."""
    return cli.main(["estimate", str(folder), *words, *(("--out", str(out)) if out else ())])


def rows_of(out):
    """The attempts so far."""
    return attempts.read(out)


def names(folder):
    """What lies there."""
    return sorted(path.name for path in folder.iterdir())


def trained(out):
    """The folders of what was trained, unfinished ones too."""
    return sorted(
        path for path in out.iterdir() if path.is_dir() and path.name != attempts.ATTEMPTS
    )


def reading_of(folder):
    """The folder of the one reading of what was trained."""
    (path,) = folder.glob("counted-*")
    return path


def tree(*folders):
    """Path, whether it is a link, and content, of all that lies there."""
    return [
        (path, path.is_symlink(), path.read_bytes() if path.is_file() else None)
        for one in folders
        for path in one.rglob("*")
    ]


def undraw(monkeypatch):
    """Figures are empty files: drawing them takes longer than the runs."""
    monkeypatch.setattr(outputs, "picture", lambda run, planes, marks=(): None)
    monkeypatch.setattr(outputs, "figures", SimpleNamespace(save=lambda figure, path: path.touch()))
