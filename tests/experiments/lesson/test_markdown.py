"""Tables, lists and paragraphs."""

import pytest

from experiments.lesson.markdown import bits, end, ends, listed, text, words


def test_a_table_shows_the_end_of_each_layer(material):
    plane = material.plane
    lines = ends(plane, ("n_symbols", "i_ty", "verdict"), "name")
    assert lines[0] == "| name | codes | I(T;Y) | verdict |"
    assert len(lines) == 2 + len(plane.layers)
    last = plane.i_ty[-1, 0]
    for line, layer, value in zip(lines[2:], plane.layers, last, strict=True):
        assert line.startswith(f"| {layer} | ")
        assert f" | {value:.3f} | " in line
        assert end(plane, "i_ty")[layer] == value
    assert words(plane, "unresolved", "bounded", "resolved") == list(plane.layers)
    assert words(plane) == []


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (0.12345, ".3f", "0.123"),
        (-0.0001, ".3f", "0.000"),
        (-0.25, ".2f", "-0.25"),
        ("bounded", ".3f", "bounded"),
        (1234.0, ",.0f", "1,234"),
    ],
)
def test_zero_has_no_sign(value, form, shown):
    assert bits(value, form) == shown


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ([], "no layer"),
        (["layer 1"], "layer 1"),
        (["layer 1", "output"], "layer 1 and the output"),
        (["a", "b", "c"], "a, b and c"),
    ],
)
def test_names_are_listed(names, line):
    assert listed(names) == line


def test_paragraphs_alone_are_wrapped():
    long = "word " * 40
    filled = text(f"# {long}\n\n{{what}} {long}\n\n{{table}}\n\n- {long}", what=1, table=["|", "|"])
    head, paragraph, table, item = filled.split("\n\n")
    assert len(head) > 100
    assert len(item) > 100
    assert table == "|\n|"
    assert paragraph.startswith("1 word")
    assert max(map(len, paragraph.splitlines())) <= 100
