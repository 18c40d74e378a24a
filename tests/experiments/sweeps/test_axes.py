"""Axes are values of the fields' own types, or one clear sentence."""

import pytest

from experiments.catalog import CATALOG
from experiments.sweeps import axes

TISHBY, RESNET = CATALOG["tishby"], CATALOG["resnet"]


def read(*texts, run=TISHBY):
    return axes.read(axes.split(texts), run)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("learning_rate=.05,.1,1e-3", (0.05, 0.1, 0.001)),
        ("copies=1, 5", (1, 5)),
        ("seed=0..3", (0, 1, 2, 3)),
        ("seed=7,0..2", (7, 0, 1, 2)),
        ("widths=12-10-8-1,12:3:1", ((12, 10, 8, 1), (12, 3, 1))),
        ("targets=none,-1-1,0:1", (None, (-1.0, 1.0), (0.0, 1.0))),
        ("edges=-1:1:30,-1--0.5-9", ((-1.0, 1.0, 30), (-1.0, -0.5, 9))),
        ("n_recorded=none,1..2", (None, 1, 2)),
        ("init=shared,independent", ("shared", "independent")),
        ("optimizer=adam", ("adam",)),
        ("measure=counted,probe", ("counted", "probe")),
        ("labels=shuffled", ("shuffled",)),
    ],
)
def test_a_text_is_read_by_the_type_of_its_field(text, values):
    (read_values,) = read(text).values()
    assert read_values == values
    assert [type(value) for value in read_values] == [type(value) for value in values]


def test_what_is_written_is_read_back():
    texts = ["learning_rate=0.05,0.1", "widths=12-3-1", "edges=-1:1:30", "n_recorded=none,4"]
    for text in texts:
        ((name, values),) = read(text).items()
        assert f"{name}={','.join(map(axes.written, values))}" == text
    assert axes.written(0.1 + 0.2) == "0.30000000000000004"


def test_values_may_be_given_as_such():
    given = {"seed": range(3), "widths": [[12, 3, 1]], "learning_rate": (1, 0.5)}
    assert axes.read(given, TISHBY) == {
        "seed": (0, 1, 2),
        "widths": ((12, 3, 1),),
        "learning_rate": (1.0, 0.5),
    }


def test_fields_of_reading_are_those_of_the_measures():
    assert read("k=16,32", run=RESNET) == {"k": (16, 32)}
    assert read("measure=probe", "hidden=0,8") == {"measure": ("probe",), "hidden": (0, 8)}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (
            ["lerning_rate=.1"],
            "'lerning_rate' is no field of 'tishby': did you mean learning_rate?",
        ),
        (["zzz=1"], "'zzz' is no field of 'tishby': it has edges, out_of_range, measure, data, "),
        (["measure=probe", "k=3"], "'k' is no field of 'tishby' read by probe: it has hidden, "),
        (["seed"], "--axis is 'seed': pass NAME=VALUE,VALUE, as learning_rate=.05,.1 or seed=0..9"),
        (["=1"], "--axis is '=1': pass NAME=VALUE,VALUE"),
        (["seed=1", "seed=2"], "seed is given twice: pass all of its values at once"),
        (["seed="], "seed has '', which is no whole number"),
        (["learning_rate=.1,,.2"], "learning_rate has '', which is no number"),
        (["seed=1.5"], "seed has '1.5', which is no whole number"),
        (["learning_rate=nan"], "learning_rate has 'nan', which is no number"),
        (["network="], "network has '', which is no value"),
        (["seed=9..0"], "seed has '9..0': a range goes up from its first number"),
        (["seed=0..99999999999"], "through at most 100,000"),
        (["learning_rate=0..3"], "'0..3': a range is of whole numbers, and learning_rate not"),
        (["learning_rate=.1,.2,.10"], "learning_rate has 0.1 twice: pass each value once"),
        (["init=shard"], "init has 'shard': did you mean shared? it is one of shared, independent"),
        (["init=x"], "init has 'x': it is one of shared, independent"),
        (["edges=1-2"], "edges has '1-2', 2 numbers joined by - or :, where 3 should be"),
        (["widths=12-x"], "widths has 'x', which is no whole number"),
        (["seed=0..99999", "copies=1,2"], "the grid of seed, copies has 200,000 points"),
    ],
)
def test_what_is_none_is_said(texts, said):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read(*texts)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seed": []}, "seed has no values: pass at least one"),
        ({"seed": [0, "1"]}, "axis seed is '1', where a whole number should be"),
        ({"widths": [3]}, "axis widths is 3, where a list should be"),
    ],
)
def test_values_of_another_type_are_said(given, said):
    with pytest.raises(ValueError, match=said):
        axes.read(given, TISHBY)
