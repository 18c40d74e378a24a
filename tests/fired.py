"""fastmi, imported with a note of every error that it makes.

Which `raise` no test reaches is known once all have run.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

NOTE = "__fastmi_fired__"  # a set of places in builtins, which every module sees
Place = tuple[str, int]  # the module, the line


def is_error_made(node: ast.AST) -> bool:
    """Tells whether a node is `raise SomeError(...)`, or `return SomeError(...)`.

    The caller of the latter raises it; a bare `raise` makes none.
    """
    if isinstance(node, ast.Raise):
        return node.exc is not None
    value = node.value if isinstance(node, ast.Return) else None
    return isinstance(value, ast.Call) and ast.unparse(value.func).endswith("Error")


def made(module: str, tree: ast.AST) -> set[Place]:
    return {
        (module, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise | ast.Return) and is_error_made(node)
    }


class _Notes(ast.NodeTransformer):
    """A note before each error, on its own line: tracebacks stay as they are."""

    def __init__(self, module: str) -> None:
        self.module = module

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            lines = getattr(node, name, None)
            if isinstance(lines, list):
                setattr(node, name, [noted for line in lines for noted in self._noted(line)])
        return node

    def _noted(self, node: ast.AST) -> list[ast.AST]:
        if not (isinstance(node, ast.stmt) and is_error_made(node)):
            return [node]
        (note,) = ast.parse(f"{NOTE}.add(({self.module!r}, {node.lineno}))").body
        for inner in ast.walk(note):
            if isinstance(inner, ast.expr | ast.stmt):
                inner.lineno = inner.end_lineno = node.lineno
        return [note, node]


def noted(module: str, source: str, path: str) -> CodeType:
    """Compiles the source as Python does, with its notes."""
    tree = _Notes(module).visit(ast.parse(source, path))
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        """Compiles anew, never from or into a cache of bytecode, which others read."""
        path = self.get_filename(fullname)
        return noted(fullname, self.get_data(path).decode(), path)


class _Finder(MetaPathFinder):
    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != self.package:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def watch(package: str) -> None:
    """Notes errors from now on; what is loaded already stays without notes."""
    setattr(builtins, NOTE, set())
    sys.meta_path.insert(0, _Finder(package))


def so_far() -> set[Place]:
    """Gives the errors that were made so far, in this process."""
    return set(getattr(builtins, NOTE))


def silent(folder: Path, elsewhere: set[Place] | None = None) -> list[Place]:
    """Lists the errors of a package's sources that nothing has made so far, here or elsewhere."""
    places = set[Place]()
    for path in sorted(folder.rglob("*.py")):
        module = ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        )
        places |= made(module, ast.parse(path.read_text()))
    return sorted(places - so_far() - (elsewhere or set()))
