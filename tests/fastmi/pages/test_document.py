"""The file of a page: it holds all that it needs, harms nobody, and is written whole or not."""

import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from fastmi import pages
from fastmi.pages import Column, Curve, Page, View, document
from tests.unpacked import unpacked

EVIL = "</script><img src=x onerror='alert(1)'>\"&<!--data-->"


def made(name="hidden", **changes):
    view = View(
        {"sample": name},
        np.array([0, 5]),
        [name, "output"],
        {"i_xt": np.array([[1.0, 2.0], [np.nan, 4.0]]), "verdict": np.array([[1, 3], [0, 4]])},
        (10.0, 1.0),
        f"n = 3, {name}",
        reasons=[["why", "so"], ["then", name]],
    )
    columns = [Column("i_xt", "I(X;T)"), Column("verdict", "verdict", ("", "a", "b", "c", "d"))]
    return Page(**{"title": "A page", "views": [view], "columns": columns} | changes)


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and the ids."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_data_are_layers_of_steps_with_their_looks():
    data = unpacked(pages.html(made()))
    (view,) = data["views"]
    assert view["columns"]["i_xt"] == [[1, None], [2, 4]]
    assert view["reasons"] == [["why", "then"], ["so", "hidden"]]
    assert view["layers"] == [0, 1]
    assert [layer["name"] for layer in data["layers"]] == ["hidden", "output"]
    assert [layer["symbol"] for layer in data["layers"]] == ["circle", "square"]
    assert len({layer["color"] for layer in data["layers"]}) == 2
    assert data["switches"] == []
    assert view["choice"] == []


def test_curves_and_their_seeds_are_there():
    curve = Curve("loss", np.array([0, 5]), np.array([2.5, np.nan]), "training")
    data = unpacked(pages.html(made(curves=[("7", curve)])))
    assert data["curves"] == [
        {"seed": "7", "name": "loss", "sample": "training", "steps": [0, 5], "values": [2.5, None]}
    ]


def test_names_that_are_html_do_no_harm():
    text = pages.html(
        made(EVIL, title=EVIL, warnings=[EVIL], card={EVIL: EVIL}, notes={EVIL: EVIL})
    )
    tags = Tags(text).tags
    assert "img" not in {tag for tag, _ in tags}
    assert not [attrs for _, attrs in tags if any(name.startswith("on") for name in attrs)]
    assert sum(tag == "script" for tag, _ in tags) == 3
    data = unpacked(text)
    assert data["views"][0]["caption"] == f"n = 3, {EVIL}"
    assert data["layers"][0]["name"] == EVIL


def test_nothing_is_fetched():
    text = pages.html(made())
    for tag, attrs in Tags(text).tags:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert attrs.get(name, "data:,").startswith("data:"), (tag, attrs)
    own = re.sub(r"<script[^>]*gzip[^<]*</script>", "", text)
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest|WebSocket", own)


def test_the_same_page_gives_the_same_bytes_and_is_small():
    text = pages.html(made())
    assert pages.html(made()) == text
    assert len(text) < 2_500_000
    assert unpacked(text, "plotly").startswith("/**\n* plotly.js v")


def test_a_page_that_is_read_again_says_so():
    assert '<meta name="renewal"' not in pages.html(made())
    told = '<meta name="renewal" data-every="5" data-written="1700000000" data-patience="60">'
    assert told in pages.html(made(), pages.Renewal(5, 1_700_000_000, 60))


def test_ids_are_used_once_and_labels_name_what_there_is():
    text = pages.html(made())
    ids = [attrs["id"] for _, attrs in Tags(text).tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in Tags(text).tags:
        for name in ("for", "aria-labelledby"):
            assert attrs.get(name, ids[0]) in ids
    script = (document.HERE / "page.js").read_text()
    assert set(re.findall(r'\$\("([a-z-]+)"\)', script)) <= set(ids)


def test_without_plotly_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    document._plotly.cache_clear()
    with pytest.raises(ImportError, match=r"Plotly is not installed.*fastmi\[report\]"):
        pages.html(made())


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    pages.write(tmp_path / "page.html", "é")
    assert (tmp_path / "page.html").read_bytes() == "é".encode()
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        pages.write(tmp_path / "nowhere" / "page.html", "")
    with pytest.raises(UnicodeEncodeError):
        pages.write(tmp_path / "page.html", "\ud800")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ["é".encode()]
