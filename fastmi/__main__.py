"""`fastmi ...` and `python -m fastmi ...`: the commands of the experiments, and `bench`.

The experiments are a package inside fastmi where that is installed, and a folder beside it in a
checkout. They are loaded as `fastmi.experiments` from there alone: another package of that name,
in the working directory say, is somebody else's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

__all__ = ["main"]

HERE = Path(__file__).parent
EXPERIMENTS, BENCH = "fastmi.experiments", "bench"
CALLED = "FASTMI_BENCH"  # tells the benchmarks what was typed to start them
ABOUT_BENCH = "the benchmarks, where they are: in a checkout"


def main(argv: Sequence[str] | None = None, prog: str = "fastmi") -> int:
    """Does what the command line asks -> the status with which the process ends.

    0 where all succeeded, 2 where the request was wrong or what it asks for is not here; as
    `experiments.__main__.main` and `python -m benchmarks` otherwise.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        if arguments[:1] == [BENCH]:
            return _bench(arguments[1:], f"{prog} {BENCH}")
        _load_experiments()
    except FileNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    program = import_module(f"{EXPERIMENTS}.__main__")
    return program.main(arguments, prog, {BENCH: ABOUT_BENCH})


def _load_experiments() -> None:
    if EXPERIMENTS in sys.modules:
        return
    folder = _folder("experiments")
    spec = spec_from_file_location(
        EXPERIMENTS, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = sys.modules[EXPERIMENTS] = module_from_spec(spec)
    spec.loader.exec_module(package)


def _bench(arguments: Sequence[str], prog: str) -> int:
    """Runs the benchmarks in a process of their own: they hold its threads before NumPy loads."""
    root = _folder("benchmarks").parent
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        return subprocess.call(  # -P: nor is a folder of that name where we are
            [sys.executable, "-P", "-m", "benchmarks", *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), CALLED: prog},
        )
    except KeyboardInterrupt:
        return 130


def _folder(name: str) -> Path:
    """Finds what belongs to this very fastmi: inside it, or beside it in a checkout.

    Raises:
        FileNotFoundError: it is in neither.
    """
    beside = HERE.parent
    places = [HERE / name, *([beside / name] if (beside / "pyproject.toml").is_file() else [])]
    for place in places:
        if (place / "__main__.py").is_file():
            return place
    raise FileNotFoundError(
        f"the {name} are not with the fastmi in '{HERE}': the experiments come with its wheel, and "
        "both they and the benchmarks with a checkout, where `fastmi` finds them after pip install "
        "-e ."
    )


if __name__ == "__main__":
    sys.exit(main(prog="python -m fastmi"))
