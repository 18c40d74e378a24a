"""The figure of a sweep: means over seeds at the right places, hollow where n cannot size."""

import numpy as np
import pytest

from experiments.sweeps import figure, table
from tests.experiments.sweeps.compared import EDGES, plan


def rows_of(planned, **others):
    """Made-up rows of one layer, whose numbers tell where they come from."""
    rows = []
    for i, point in enumerate(planned.points):
        values = {name: table.written(value) for name, value in point.values.items()}
        for sample in ("training", "held-out"):
            row = {"run": point.run.id, "measure_id": point.reads[0].id, "sample": sample}
            row |= {"sample_kind": sample, "reading": "each", "layer": "output", "chance": 0.1}
            row |= {"i_xt_end": float(i), "i_ty_end": i / 10, "verdict": "resolved"}
            rows.append(row | {"verdict_xt": "below the ceiling"} | values | others)
    return rows


def marks(axes):
    """The marks of means: place, height, colour of the face."""
    drawn = [line for line in axes.lines if line.get_zorder() == 4]
    return [(*line.get_xydata()[0], line.get_markerfacecolor()) for line in drawn]


def test_the_first_axis_is_drawn_along_and_seeds_are_averaged():
    planned = plan(3, learning_rate=[0.1, 0.2])
    drawn = figure.picture(planned, rows_of(planned))
    of_x, of_y, held_out = drawn.axes
    assert of_x.get_ylabel() == "I(X;T)  [bits]\ntraining"
    assert held_out.get_ylabel() == "I(T;Y)  [bits]\nheld-out"
    assert held_out.get_xlabel() == "learning_rate"
    assert [label.get_text() for label in held_out.get_xticklabels()] == ["0.1", "0.2"]
    # points are seed by seed: 0, 2, 4 have the first rate
    assert [(x, y) for x, y, _ in marks(of_x)] == [(0, 2), (1, 3)]
    assert [y for _, y, _ in marks(of_y)] == pytest.approx([0.2, 0.3])
    (bars,) = (container[2][0] for container in of_x.containers)
    heights = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
    assert heights == pytest.approx([2 * np.std([0, 2, 4], ddof=1)] * 2)
    assert "mean and sd of 3 seeds" in drawn.get_suptitle()


def test_other_axes_are_columns_of_panels(swept):
    planned, out = swept
    drawn = figure.picture(planned, table.rows(planned, out, "cpu"))
    assert len(drawn.axes) == 3  # along the edges, for the seeds are spread
    assert drawn.axes[-1].get_xlabel() == "edges"
    both = plan(2, learning_rate=[0.1, 0.2], edges=EDGES)
    drawn = figure.picture(both, rows_of(both))
    assert len(drawn.axes) == 6
    assert [axes.get_title() for axes in drawn.axes[:2]] == ["edges -1:1:9", "edges -1:1:30"]


def test_seeds_alone_are_drawn_along():
    planned = plan(3)
    drawn = figure.picture(planned, rows_of(planned))
    assert drawn.axes[-1].get_xlabel() == "seed"
    assert len(marks(drawn.axes[0])) == 3


def test_a_mark_is_hollow_where_one_seed_cannot_be_sized():
    planned = plan(2, learning_rate=[0.1, 0.2])
    rows = rows_of(planned)
    rows[0] |= {"verdict": "unresolved", "verdict_xt": "at the ceiling"}
    drawn = figure.picture(planned, rows)
    for axes in drawn.axes[:2]:
        (_, _, first), (_, _, second) = marks(axes)
        assert first == "white"
        assert second != "white"


def test_many_combinations_are_not_all_drawn_and_it_is_said():
    planned = plan(1, learning_rate=[0.1], copies=range(1, 15))
    drawn = figure.picture(planned, rows_of(planned))
    assert len(drawn.axes) == 3 * figure.MOST_COLUMNS
    assert "the first 12 of 14 combinations, all are in sweep.csv" in drawn.get_suptitle()


def test_what_a_measure_does_not_say_is_left_out():
    planned = plan(1, learning_rate=[0.1, 0.2])
    rows = [
        {key: value for key, value in row.items() if key != "i_xt_end"} for row in rows_of(planned)
    ]
    drawn = figure.picture(planned, rows)
    assert marks(drawn.axes[0]) == []
    assert len(marks(drawn.axes[1])) == 2
