"""The callbacks' room: each framework is imported by who asks for it, and only then."""

import importlib
import subprocess
import sys

import pytest

import fastmi


def test_a_callback_loads_its_framework_alone():
    code = (
        "import sys, fastmi; assert 'callbacks' in dir(fastmi); fastmi.callbacks; "
        "print([name for name in ('torch', 'lightning', 'transformers') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
    assert dir(fastmi.callbacks) == ["lightning", "transformers"]
    with pytest.raises(AttributeError, match="has no attribute 'keras': it has lightning, trans"):
        fastmi.callbacks.keras  # noqa: B018


@pytest.mark.parametrize("name", ["lightning", "transformers"])
def test_a_framework_that_is_not_there_is_said(name, monkeypatch):
    for module in (name, f"{name}.pytorch"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, f"fastmi.callbacks.{name}", raising=False)
    with pytest.raises(
        ImportError, match=rf"fastmi.callbacks.{name} needs {name}: pip install 'fastmi\[{name}\]'"
    ):
        importlib.import_module(f"fastmi.callbacks.{name}")
