"""JSON from anybody's file: read as its standard has it, and of the types that a record states."""

from __future__ import annotations  # as the modules whose records these are

import json
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

import pytest

from fastmi.from_json import parse, typed


@dataclass(frozen=True)
class Inner:
    x: float
    name: str = ""


class Named(TypedDict):
    a: int
    b: NotRequired[list[Inner]]


def test_what_json_holds_is_what_python_reads():
    text = '{"a": [1, -2.5, 1e308, true, null, "\\u00e9"], "b": {"a": {}}}'
    assert parse(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NaN", "it holds the number NaN"),
        ('{"a": [Infinity]}', "it holds the number Infinity"),
        ("-Infinity", "it holds the number -Infinity"),
        ("1e999", "it holds the number 1e999"),
        ("-" + "9" * 400 + ".0", "it holds the number -9999"),
        ('{"a": 1, "b": 2, "a": 3}', "a name stands twice in one object"),
        ('[{"a": {"b": 1, "b": 1}}]', "a name stands twice in one object"),
        ("[" * 100_000, "it nests too deeply"),
        ('{"a":' * 100_000, "it nests too deeply"),
        ("9" * 10_000, "Exceeds the limit"),
        ("{'a': 1}", "Expecting property name"),
        ("", "Expecting value"),
        ("\ufeff1", "BOM"),
    ],
)
def test_what_is_no_json_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse(text)


@pytest.mark.parametrize(
    ("value", "hint", "found"),
    [
        (1, int, 1),
        (-(2**63) + 1, int, -(2**63) + 1),
        (True, bool, True),
        (1, float, 1.0),
        (0.5, float, 0.5),
        ("a", str, "a"),
        (None, int | None, None),
        (3, int | None, 3),
        ([1, 2.5], tuple[float, ...], (1.0, 2.5)),
        ((1, 2, 3), tuple[float, float, int], (1.0, 2.0, 3)),
        ([], list[str], []),
        ({"a": 1}, dict[str, float], {"a": 1.0}),
        ({"a": [1], "b": None}, dict[str, Any], {"a": [1], "b": None}),
        ("b", Literal["a", "b"], "b"),
        ({"x": 1}, Inner, Inner(1.0)),
        (None, Inner | None, None),
        ({"a": 1, "other": [None]}, Named, {"a": 1, "other": [None]}),
        ({"a": 1, "b": [{"x": 2, "name": "n"}]}, Named, {"a": 1, "b": [Inner(2.0, "n")]}),
    ],
)
def test_a_value_becomes_what_the_type_says(value, hint, found):
    again = typed("it", value, hint)
    assert again == found
    assert type(again) is type(found)


@pytest.mark.parametrize(
    ("value", "hint", "message"),
    [
        (True, int, "it is True, where a whole number should be"),
        (1.0, int, r"it is 1\.0, where a whole number should be"),
        (2**63, int, "it is a number beyond 64 bits"),
        (-(2**70), float, "where a number should be"),
        (True, float, "it is True, where a number should be"),
        ("1", float, "it is '1', where a number should be"),
        (1, bool, "it is 1, where true or false should be"),
        (None, str, "it is None, where a text should be"),
        ("a\n" * 1000, int, r"it is 'a\\na\\n.{0,60}, where"),
        ("c", Literal["a", "b"], "it is 'c', where one of 'a', 'b' should be"),
        (["a"], Literal["a", "b"], "it is a list, where one of"),
        ("ab", list[str], "it is 'ab', where a list should be"),
        ({"a": 1}, tuple[int, ...], "it is an object, where a list should be"),
        ("ab", tuple[str, str], "it is 'ab', where a list of 2 should be"),
        ([1, 2], tuple[int, int, int], "it has 2 values, where 3 should be"),
        ([1, "a"], list[int], r"it\[1\] is 'a', where a whole number should be"),
        ([], dict[str, int], "it is a list, where an object should be"),
        ({"a": {"b": []}}, dict[str, dict[str, int]], r"it\.a\.b is a list, where"),
        ({"b": []}, Named, "it has no 'a'"),
        ({"a": 1, "b": [{"x": []}]}, Named, r"it\.b\[0\]\.x is a list, where a number should be"),
        (3, Inner, "it is 3, where an object should be"),
    ],
)
def test_a_value_of_another_type_is_named_with_its_place(value, hint, message):
    with pytest.raises(ValueError, match=message) as caught:
        typed("it", value, hint)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("value", "name"), [({"x": 1.0, "colour": 2}, "colour"), ({}, "x")])
def test_other_fields_than_a_record_s_are_named(value, name):
    with pytest.raises(TypeError, match=name):
        typed("it", value, Inner)
