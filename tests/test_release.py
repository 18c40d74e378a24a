"""A version is said in three places, which agree: the package, its changelog, its citation.

That wheel and sdist carry them is asked in tests/test_installed.py.
"""

import re
from datetime import date

import pytest

import fastmi
from tests import ROOT

NAMES = ("fastmi/__init__.py", "CHANGELOG.md", "CITATION.cff")


def read():
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}


def faults(sources):
    """What does not agree."""
    package, changes, citation = (sources[name] for name in NAMES)
    (version,) = re.findall(r'^__version__ = "(\d+\.\d+\.\d+)"$', package, re.MULTILINE)
    top = re.search(r"^## (.*)$", changes, re.MULTILINE)
    cited = dict(re.findall(r"^([a-z-]+): (\S.*)$", citation, re.MULTILINE))
    heading = f"{version} - {cited['date-released']}"
    return [
        *([f"CITATION is of {cited['version']}"] if cited["version"] != version else []),
        *([f"CHANGELOG begins with {top[1]}"] if not top or top[1] != heading else []),
    ]


def test_version_changelog_and_citation_agree():
    assert faults(read()) == []
    assert f'__version__ = "{fastmi.__version__}"' in read()[NAMES[0]]


def test_versions_are_dated_and_fall():
    heads = re.findall(r"^## (.*)$", read()["CHANGELOG.md"], re.MULTILINE)
    dated = [
        (tuple(map(int, head.split(" - ")[0].split("."))), head.split(" - ")[1]) for head in heads
    ]
    assert dated == sorted(dated, reverse=True)
    assert [date.fromisoformat(day).isoformat() for _, day in dated] == [day for _, day in dated]


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("fastmi/__init__.py", fastmi.__version__, "9.9.9", f"CITATION is of {fastmi.__version__}"),
        (
            "CITATION.cff",
            f"version: {fastmi.__version__}",
            "version: 9.9.9",
            "CITATION is of 9.9.9",
        ),
        ("CHANGELOG.md", "## ", "## 9.9.9 - unreleased\n\n## ", "CHANGELOG begins with 9.9.9"),
    ],
)
def test_what_lags_behind_is_caught(name, old, new, fault):
    sources = read()
    changed = sources[name].replace(old, new, 1)
    assert changed != sources[name]
    assert any(line.startswith(fault) for line in faults({**sources, name: changed}))
