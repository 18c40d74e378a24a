"""The shape of it all: arrows only fall, importing is light, tests lie where modules lie."""

import ast
import importlib
import inspect
import itertools
import json
import os
import pkgutil
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import fastmi
from tests import ROOT

PACKAGE = Path(fastmi.__file__).parent
ORDER = (  # a room may import those before it
    "backends",
    "arrays",
    "inputs",
    "frames",
    "checks",
    "files",
    "printing",
    "from_json",
    "binning",
    "labels",
    "figures",
    "screens",
    "pages",
    "coding",
    "discretizing",
    "counting",
    "contingency",
    "entropies",
    "belief",
    "crossing",
    "information",
    "heatmaps",
    "pairs",
    "reports",
    "ranks",
    "spilling",
    "answers",
    "streams",
    "shards",
    "tasks",
    "distributed",
    "resampling",
    "features",
    "points",
    "measures",
    "choosing",
    "units",
    "planes",
    "gathering",
    "tables",
    "networks",
    "recorders",
    "callbacks",
    "compat",
    "__main__",
)
# for one release
MOVED = {
    "ensemble": "networks",
    "states": "networks",
    "stopping": "networks",
    "watching": "networks",
}
PACKAGES = (
    "backends",
    "belief",
    "binning",
    "callbacks",
    "compat",
    "compat.sklearn",
    "entropies",
    "measures",
    "networks",
    "pages",
    "recorders",
    "tables",
)
GROUND = {  # of those that may import less: backends stand alone, and figures draw arrays
    "backends": set(),
    # the last for names that moved there, one release long
    "figures": {"arrays", "checks", "files", "inputs", "screens"},
    "screens": {"arrays", "checks", "figures"},
    "pages": {"arrays", "checks", "figures", "files", "inputs"},
    "heatmaps": {"arrays", "inputs"},
}
HEAVY = ("torch", "numba", "sklearn", "matplotlib")


def read_sources() -> dict[str, str]:
    """{"binning": ..., "backends": ..., "backends.numba_twin": ..., "": the face}."""
    paths = [
        path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem not in MOVED
    ]
    names = (".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in paths)
    return {
        name.removesuffix("__init__").rstrip("."): path.read_text()
        for name, path in zip(names, paths, strict=True)
    }


@cache  # of two copies most modules are the same
def imports(module: str, source: str, modules: frozenset[str]) -> set[str]:
    """Dotted names of all that a module imports, inside functions too; `from fastmi import x` is
    module x if there is one.

    What other packages are asked for under TYPE_CHECKING is left out: it is never loaded.
    """
    found = set()
    tree = ast.parse(source)
    unloaded = {
        id(node) for block in ast.walk(tree) if is_type_checking(block) for node in foreign(block)
    }
    for node in ast.walk(tree):
        if id(node) in unloaded:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = module if module in ("", *PACKAGES) else module.rpartition(".")[0]
            here = ["fastmi", *filter(None, package.split("."))]
            base = (
                ".".join([*here[: len(here) + 1 - node.level], *filter(None, [node.module])])
                if node.level
                else node.module
            )
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                found.add(whole if whole.removeprefix("fastmi.") in modules else base)
    return found


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in (
        "TYPE_CHECKING",
        "typing.TYPE_CHECKING",
    )


def foreign(block: ast.If) -> list[ast.stmt]:
    return [
        node
        for node in block.body
        if "fastmi" not in ast.unparse(node) and not getattr(node, "level", 0)
    ]


def faults(sources: dict[str, str]) -> list[str]:
    """Every arrow that runs back, and every import of matplotlib outside figures and screens."""
    out = []
    for module, source in sources.items():
        room = module.partition(".")[0]
        if room and room not in ORDER:
            out.append(f"{module} has no place in the order")
            continue
        for target in imports(module, source, frozenset(sources)):
            top, _, inside = target.partition(".")
            if top == "matplotlib" and room not in ("figures", "heatmaps", "screens"):
                out.append(f"{module or 'the face'} imports matplotlib")
            if top != "fastmi" or not room:
                continue
            other = inside.partition(".")[0]
            allowed = GROUND.get(room, set(ORDER[: ORDER.index(room)])) | {room}
            if other not in allowed:
                out.append(f"{module} imports {other or 'the face'}")
    return out


# --- arrows ---------------------------------------------------------------------------------------


def test_every_arrow_falls():
    assert faults(read_sources()) == []


def test_the_whole_engine_was_read():
    engine = {
        "",
        "backends",
        "backends.numba_twin",
        "backends.torch_twin",
        *ORDER[1:5],
        *ORDER[6:11],
    }
    assert engine <= set(read_sources())


@pytest.mark.parametrize(
    ("module", "line", "fault"),
    [
        ("coding", "from fastmi.planes import PlaneEstimator", "coding imports planes"),
        ("binning", "from fastmi import coding", "binning imports coding"),
        ("binning", "import fastmi.coding", "binning imports coding"),
        ("binning", "import fastmi.coding as c", "binning imports coding"),
        ("checks", "from . import coding", "checks imports coding"),
        ("checks", "from .coding import encode", "checks imports coding"),
        ("binning.edges", "from ..coding import encode", "binning.edges imports coding"),
        (
            "entropies",
            "def late():\n    from fastmi.information import entropy",
            "entropies imports information",
        ),
        ("coding", "import fastmi", "coding imports the face"),
        ("coding", "from fastmi import encode", "coding imports the face"),
        ("coding", "from fastmi import *", "coding imports the face"),
        ("backends", "from fastmi import checks", "backends imports checks"),
        ("backends.torch_twin", "from fastmi import checks", "backends.torch_twin imports checks"),
        (
            "backends.torch_twin",
            "from ..binning import Edges",
            "backends.torch_twin imports binning",
        ),
        ("planes", "import matplotlib.pyplot as plt", "planes imports matplotlib"),
        ("planes", "def plot():\n    from matplotlib import pyplot", "planes imports matplotlib"),
        (
            "planes",
            "if TYPE_CHECKING:\n    from fastmi.tables import InformationPlane",
            "planes imports tables",
        ),
        ("figures", "from fastmi.binning import Edges", "figures imports binning"),
        (
            "tables",
            "from fastmi.compat.information_process import narrowed",
            "tables imports compat",
        ),
    ],
)
def test_a_broken_copy_is_caught(module, line, fault):
    sources = {"figures": "", **read_sources()}
    sources[module] += f"\n\n{line}\n"
    assert fault in faults(sources)


def test_a_module_without_a_place_is_caught():
    assert "helpers has no place in the order" in faults({**read_sources(), "helpers": ""})


@pytest.mark.parametrize(
    "line", ["from fastmi.backends import torch_twin", "from . import torch_twin", "import numpy"]
)
def test_an_arrow_inside_a_room_is_none(line):
    sources = read_sources()
    assert faults({**sources, "backends.numba_twin": line}) == faults(sources)


# --- the face -------------------------------------------------------------------------------------


def face_imports() -> list[str]:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    froms = [
        node
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module != "importlib"
    ]
    return [alias.asname or alias.name for node in froms for alias in node.names]


def test_the_face_is_a_sorted_list_of_what_it_imports():
    assert fastmi.__all__ == sorted(fastmi.__all__)
    assert sorted(face_imports()) == fastmi.__all__


def test_the_face_holds_plain_imports_and_no_logic():
    docstring, *lines = ast.parse((PACKAGE / "__init__.py").read_text()).body
    assert isinstance(docstring, ast.Expr)
    assert {type(line) for line in lines} <= {ast.ImportFrom, ast.Assign, ast.FunctionDef}
    assert [line.targets[0].id for line in lines if isinstance(line, ast.Assign)] == [
        "__all__",
        "__version__",
    ]
    assert [line.name for line in lines if isinstance(line, ast.FunctionDef)] == [
        "__getattr__",
        "__dir__",
    ]


def test_what_needs_more_is_there_without_another_import():
    code = (
        "import fastmi; print(fastmi.compat.sklearn.mutual_info_score([0, 1], [0, 1]), "
        "fastmi.figures.Panel.__name__)"
    )
    assert run(code).split()[-1] == "Panel"
    assert (
        run("import fastmi; print(fastmi.measures.KDEBounds(1))")
        == "KDE upper bounds, noise variance 1\n"
    )
    for place in ("fastmi", "fastmi.compat"):
        module = importlib.import_module(place)
        with pytest.raises(AttributeError, match=f"module '{place}' has no attribute 'nothing'"):
            _ = module.nothing
        assert all(hasattr(module, name) for name in dir(module))
    assert set(fastmi.__all__) < set(dir(fastmi))


def test_the_version_is_the_one_that_is_installed():
    assert fastmi.__version__ == version("fastmi")


def test_no_module_bears_the_name_of_something_in_the_face():
    modules = {info.name for info in pkgutil.iter_modules([str(PACKAGE)])}
    assert modules.isdisjoint(fastmi.__all__)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        *((f"fastmi.{old}", f"fastmi.{room}.{old}", None) for old, room in MOVED.items()),
        *(("fastmi.figures", "fastmi.screens", name) for name in ("Live", "place", "show")),
    ],
)
def test_what_has_moved_is_found_where_it_was_and_says_so(old, new, name):
    module = importlib.import_module(new)
    for moved in [name] if name else module.__all__:
        with pytest.warns(
            DeprecationWarning, match=re.escape(f"{old}.{moved} has moved: {new}.{moved}")
        ) as said:
            found = getattr(importlib.import_module(old), moved)
        assert found is getattr(module, moved)
        assert [warning.filename for warning in said] == [__file__]
    with pytest.raises(AttributeError):
        _ = importlib.import_module(old).nothing


REIMPORT = """
import importlib, inspect, itertools, json, random, sys
modules = json.loads(sys.argv[1])
shuffled = [random.Random(seed).sample(modules, len(modules)) for seed in range(2)]
orders = [modules, modules[::-1], *shuffled]
for order in orders:
    for name in [name for name in sys.modules if name.partition(".")[0] == "fastmi"]:
        del sys.modules[name]
    for name in order:
        importlib.import_module(f"fastmi.{name}")
    face = sys.modules["fastmi"]
    for name in face.__all__:
        value = getattr(face, name)
        assert callable(value) and not inspect.ismodule(value), (name, order)
print(len(orders))
"""


def run(code: str, *arguments: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_face_is_callable_after_every_order_of_import():
    modules = sorted(info.name for info in pkgutil.iter_modules([str(PACKAGE)]))
    assert (
        run(
            REIMPORT.replace("import importlib", "import torch\nimport importlib", 1),
            json.dumps(modules),
        )
        == "4\n"
    )


def test_import_fastmi_loads_no_heavy_library():
    loaded = run("import fastmi, json, sys; print(json.dumps(list(sys.modules)))")
    assert set(HEAVY).isdisjoint(json.loads(loaded))


def test_estimating_on_arrays_loads_no_torch():
    loaded = run(
        "import fastmi, json, sys; fastmi.entropy([0, 1]); print(json.dumps(list(sys.modules)))"
    )
    assert {"torch", "sklearn", "matplotlib"}.isdisjoint(json.loads(loaded))


# --- docstrings -----------------------------------------------------------------------------------


def test_every_module_opens_with_a_docstring():
    assert [
        name for name, source in read_sources().items() if not ast.get_docstring(ast.parse(source))
    ] == []


def documented_members():
    for name in fastmi.__all__:
        member = getattr(fastmi, name)
        yield name, member
        if inspect.isclass(member):
            own = (base for base in member.__mro__ if base.__module__.startswith("fastmi"))
            for key, value in itertools.chain.from_iterable(vars(base).items() for base in own):
                described = inspect.isfunction(value) or isinstance(
                    value, property | classmethod | staticmethod
                )
                if not key.startswith("_") and (described or hasattr(value, "func")):
                    yield f"{name}.{key}", value


def test_everything_in_the_face_has_a_docstring():
    members = list(documented_members())
    assert [name for name, member in members if not (member.__doc__ or "").strip()] == []
    assert len(members) > len(fastmi.__all__)


def test_every_module_lists_what_it_offers():
    for name in filter(None, read_sources()):
        try:
            module = importlib.import_module(f"fastmi.{name}")
        except ImportError:  # of a framework that is an extra; `make test-frameworks` has all
            assert name in ("callbacks.lightning", "callbacks.transformers")
            continue
        assert len(set(module.__all__)) == len(module.__all__)
        assert [offer for offer in module.__all__ if not hasattr(module, offer)] == []


# --- the kernels without a compiler ---------------------------------------------------------------

SMALL = """
import json, warnings
import numpy as np
import fastmi

warnings.simplefilter("ignore", fastmi.CoverageWarning)  # 40 samples of 40 units
np.seterr(all="raise")
rng = np.random.default_rng(0)
out = []
for edges in (np.linspace(-1, 1, 30), np.sort(rng.uniform(-1, 1, 30)), [-3e38, 3e38]):
    for d in (3, 40):  # packed, and hashed modulo 2^64
        t = rng.normal(size=(2, 40, d)).astype(np.float32)
        t[0, 0, :3] = np.inf, -3e38, 3.4e38
        for y in (np.arange(40), np.arange(40) % 2):  # pairs hashed, and in a table
            plane = fastmi.PlaneEstimator(rng.integers(0, 9, (40, 2)), y, fastmi.Edges(edges))
            out += [plane.estimate(t).tolist(), plane.mixture(t).tolist()]
        out.append(fastmi.encode(t, fastmi.Edges(edges)).tolist())
print(json.dumps(out))
"""


def test_the_kernels_are_plain_python_and_give_the_same_numbers():
    # NumPy scalars warn where codes wrap modulo 2^64
    plain = run(SMALL, NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="error")
    assert plain == run(SMALL)
    assert np.isfinite(json.loads(plain)[0]).all()


# --- where tests lie ------------------------------------------------------------------------------

MIRRORED = ("fastmi", "experiments", "benchmarks")
# a module, or a room's modules (with a slash), without files of their own -> who tests them, why
UNMIRRORED = {
    "fastmi/__init__.py": "tests/test_architecture.py: the face is a list",
    **{
        f"fastmi/{name}.py": "tests/test_architecture.py: what has moved says so, for one release"
        for name in MOVED
    },
    "fastmi/entropies/": "tests/fastmi/test_entropies.py: a row of ESTIMATORS for each",
    "benchmarks/peers/": "tests/benchmarks/test_peers.py: each is run and compared with one oracle",
}


def read_under(folder: Path, pattern: str) -> dict[str, str]:
    """{"fastmi/planes.py": its source, ...}"""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for path in sorted(folder.rglob(pattern))
    }


def read_modules() -> dict[str, str]:
    return {
        place: source
        for top in MIRRORED
        for place, source in read_under(ROOT / top, "*.py").items()
    }


def read_tests() -> dict[str, str]:
    return {
        place: source
        for top in MIRRORED
        for place, source in read_under(ROOT / "tests" / top, "test_*.py").items()
    }


def mirror_of(module: str) -> str:
    """fastmi/planes.py -> tests/fastmi/test_planes.py; a room is tested beside its folder."""
    path = Path("tests", module)
    path = path.parent if path.name == "__init__.py" else path.with_suffix("")
    return path.with_name(f"test_{path.name.strip('_')}.py").as_posix()


def defines_something(source: str) -> bool:
    """Whether there is anything to test: a function or a class, and not only names and tables."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return any(isinstance(node, kinds) for node in ast.walk(ast.parse(source)))


def is_aspect_of(test: str, file: str) -> bool:
    """Whether a file tests a part of what another one stands for: test_<module>_<aspect>.py."""
    return test == file or test.startswith(file.removesuffix(".py") + "_")


def unmirrored(
    modules: dict[str, str], tests: dict[str, str], exceptions: dict[str, str]
) -> list[str]:
    """Every module without its tests, every test without its module, every needless exception."""
    out, needed = [], set()
    for module, source in modules.items():
        if mirror_of(module) in tests or not defines_something(source):
            continue
        room = f"{Path(module).parent.as_posix()}/"
        excepted = {module, room} & exceptions.keys()
        needed |= excepted
        if not excepted:
            out.append(f"{module} has no tests in {mirror_of(module)}")
    out += [f"{name} needs no exception" for name in exceptions if name not in needed]
    files = [mirror_of(module) for module in modules]
    for test, source in tests.items():
        if not any(is_aspect_of(test, file) for file in files):
            out.append(f"{test} tests no module")
        if not re.search(r"^def test_", source, re.MULTILINE):
            out.append(f"{test} holds no test")
    return out


def test_tests_lie_where_their_modules_lie():
    assert unmirrored(read_modules(), read_tests(), UNMIRRORED) == []


def test_what_is_excepted_is_tested_where_it_is_said():
    for reason in UNMIRRORED.values():
        assert (ROOT / reason.partition(":")[0]).is_file(), reason


DEFINED, TESTED = "def new(): ...", "def test_new(): ..."


@pytest.mark.parametrize(
    ("modules", "tests", "exceptions", "fault"),
    [
        (
            {"fastmi/new.py": DEFINED},
            {},
            {},
            "fastmi/new.py has no tests in tests/fastmi/test_new.py",
        ),
        (
            {"fastmi/new.py": DEFINED, "fastmi/measures/new.py": DEFINED},
            {"tests/fastmi/test_new.py": TESTED},  # of the other room
            {},
            "fastmi/measures/new.py has no tests in tests/fastmi/measures/test_new.py",
        ),
        (
            {"experiments/new/__init__.py": DEFINED},
            {},
            {},
            "experiments/new/__init__.py has no tests in tests/experiments/test_new.py",
        ),
        (
            {"fastmi/new.py": DEFINED},
            {"tests/fastmi/test_new_part.py": TESTED},  # an aspect is not the whole
            {},
            "fastmi/new.py has no tests in tests/fastmi/test_new.py",
        ),
        (
            {},
            {"tests/fastmi/test_new.py": TESTED},
            {},
            "tests/fastmi/test_new.py tests no module",
        ),
        (
            {},
            {"tests/experiments/test_planes.py": TESTED},  # fastmi's
            {},
            "tests/experiments/test_planes.py tests no module",
        ),
        (
            {},
            {"tests/fastmi/test_planesque.py": TESTED},
            {},
            "tests/fastmi/test_planesque.py tests no module",
        ),
        (
            {"fastmi/new.py": DEFINED},
            {"tests/fastmi/test_new.py": "def made(): ..."},
            {},
            "tests/fastmi/test_new.py holds no test",
        ),
        ({}, {}, {"fastmi/planes.py": "tested"}, "fastmi/planes.py needs no exception"),
        ({}, {}, {"fastmi/gone.py": "not there"}, "fastmi/gone.py needs no exception"),
        ({}, {}, {"fastmi/networks/": "all tested"}, "fastmi/networks/ needs no exception"),
    ],
)
def test_what_is_not_mirrored_is_caught(modules, tests, exceptions, fault):
    assert unmirrored(
        {**read_modules(), **modules}, {**read_tests(), **tests}, {**UNMIRRORED, **exceptions}
    ) == [fault]


def test_a_module_that_goes_leaves_no_tests():
    modules = read_modules()
    del modules["fastmi/streams.py"]
    assert unmirrored(modules, read_tests(), UNMIRRORED) == [
        "tests/fastmi/test_streams.py tests no module",
        "tests/fastmi/test_streams_interrupted.py tests no module",
    ]


@pytest.mark.parametrize(
    ("module", "file"),
    [
        ("fastmi/planes.py", "tests/fastmi/test_planes.py"),
        ("fastmi/binning/edges.py", "tests/fastmi/binning/test_edges.py"),
        ("fastmi/entropies/__init__.py", "tests/fastmi/test_entropies.py"),
        ("experiments/__main__.py", "tests/experiments/test_main.py"),
    ],
)
def test_a_module_has_one_place_for_its_tests(module, file):
    assert mirror_of(module) == file


def test_names_and_tables_alone_need_no_tests():
    modules = {**read_modules(), "fastmi/names.py": "ROWS = {'a': 1}\nfrom fastmi import planes"}
    assert unmirrored(modules, read_tests(), UNMIRRORED) == []
