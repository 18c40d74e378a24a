"""Drop-ins are loaded where they are first asked for, and nothing else is there."""

import subprocess
import sys

import pytest

from fastmi import compat
from tests import ROOT


def test_the_drop_ins_are_modules_by_their_names():
    assert dir(compat) == ["experimental_setup", "information_process", "sklearn"]
    for name in dir(compat):
        assert getattr(compat, name).__name__ == f"fastmi.compat.{name}"


def test_another_name_is_refused_with_those_that_there_are():
    with pytest.raises(
        AttributeError,
        match=r"'fastmi\.compat' has no attribute 'keras': it has experimental_setup, .*, sklearn",
    ):
        _ = compat.keras


def test_importing_the_room_loads_none_of_them():
    code = (
        "import sys, fastmi.compat as c; assert not {'torch', 'sklearn'} & sys.modules.keys(); "
        "c.information_process; print(sorted(m for m in sys.modules if 'fastmi.compat.' in m))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "['fastmi.compat.information_process']\n", done.stderr
