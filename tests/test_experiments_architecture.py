"""The shape of the experiments: arrows only fall, and every module opens with one line."""

import ast

import pytest

from tests import ROOT

ROOM = ROOT / "experiments"
ORDER = (  # a module may import those before it
    "identity",
    "measures",
    "records",
    "catalog",
    "read_offs",
    "analyses",  # the table alone, which loads none of them
    "gallery",
    "layout",
    "mnist",
    "datasets",
    "networks",
    "determinism",
    "behind",
    "transfers",
    "checkpoints",
    "training",
    "scores",
    "drawing",
    "beliefs",
    "execution",
    "summary",
    "analyses.*",
    "manifests",
    "in_progress",
    "saving",
    "old_formats",
    "results",
    "pages",
    "times",
    "run_tables",
    "agreement",
    "reproduction",
    "lesson.*",
    "lesson",
    "attempts",
    "locks",
    "signals",
    "resources",
    "rereading",
    "unit_maps",
    "work",
    "sweeps.*",
    "sweeps",
    "commands.*",
    "__main__",
)


def read_sources():
    """{"identity": ..., "analyses": the table, "analyses.stopping": ...}, but for empty rooms."""
    names = {path: path.relative_to(ROOM).with_suffix("").parts for path in ROOM.rglob("*.py")}
    sources = {".".join(parts): path.read_text() for path, parts in names.items()}
    return {
        name.removesuffix(".__init__"): source
        for name, source in sources.items()
        if name not in ("__init__", "commands.__init__")
    }


def place_of(module):
    """Where it stands in the order; files of a room stand side by side."""
    room, _, name = module.partition(".")
    return ORDER.index(f"{room}.*" if name else room)


def imports(module, source, modules):
    """The modules that it imports, inside functions and for types too."""
    is_room = any(other.startswith(f"{module}.") for other in modules)  # whose dot is itself
    here = ["experiments", *module.split("."), *["__init__"][:is_room]]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            paths = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: -node.level] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            wholes = [f"{origin}.{alias.name}" for alias in node.names]
            paths = [
                path if path.removeprefix("experiments.") in modules else origin for path in wholes
            ]
        else:
            continue
        yield from (
            path.removeprefix("experiments.") for path in paths if path.startswith("experiments")
        )


def faults(sources):
    """Every arrow that runs back; the table of analyses alone names a type of its files."""
    return [
        f"{module} imports {target}"
        for module, source in sources.items()
        for target in imports(module, source, sources)
        if (module, target) != ("analyses", "analyses.analysis")
        and module.partition(".")[0] != target.partition(".")[0]
        and place_of(target) >= place_of(module)
    ]


def test_every_arrow_falls():
    sources = read_sources()
    assert faults(sources) == []
    assert {place_of(module) for module in sources} == set(range(len(ORDER)))


@pytest.mark.parametrize(
    ("module", "line", "fault"),
    [
        ("execution", "from experiments.commands import run", "execution imports commands.run"),
        ("execution", "from .commands import run", "execution imports commands.run"),
        ("training", "from experiments import execution", "training imports execution"),
        ("training", "from . import execution", "training imports execution"),
        ("lesson", "from ..commands import run", "lesson imports commands.run"),
        ("summary", "import experiments.saving", "summary imports saving"),
        (
            "layout",
            "def late():\n    from experiments.results import read",
            "layout imports results",
        ),
        (
            "analyses.stopping",
            "from .. import manifests",
            "analyses.stopping imports manifests",
        ),
    ],
)
def test_a_broken_copy_is_caught(module, line, fault):
    sources = read_sources()
    sources[module] += f"\n\n{line}\n"
    assert fault in faults(sources)


def test_each_is_found_under_any_name_of_the_package():
    """Where it is installed it is no top-level package: nothing names it from the outside."""
    absolute = [
        (name, ast.unparse(node))
        for name, source in read_sources().items()
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.ImportFrom) and not node.level and node.module.startswith("exper"))
        or (isinstance(node, ast.Import) and any("experiments" in a.name for a in node.names))
    ]
    assert absolute == []


def test_every_module_opens_with_one_line():
    opened = {name: ast.get_docstring(ast.parse(text)) for name, text in read_sources().items()}
    assert [
        name for name, text in opened.items() if not text or "\n" in text.split("\n\n")[0]
    ] == []
