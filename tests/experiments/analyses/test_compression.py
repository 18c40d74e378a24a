"""Compression over seeds, of finished runs or of runs made for it."""

import re

import numpy as np
import pytest

from experiments import __main__ as cli
from experiments.analyses import compression
from experiments.analyses.compression import Compression
from experiments.catalog import CATALOG
from experiments.commands import analyse
from experiments.execution import execute
from experiments.results import read
from experiments.summary import findings
from tests import runs
from tests.experiments.shortened import page_of


def test_the_compression_page_is_computed_from_its_rows():
    result = execute(CATALOG["tishby"].varied(epochs=4))
    plane = result.plane("each")
    (row,) = Compression().rows(result)
    assert row["fell"] == plane.i_xt[:, 0, -1].max() - plane.i_xt[-1, 0, -1]
    assert row["i_xt_late"] == pytest.approx(plane.i_xt[:, 0, -1].mean())
    assert Compression(late=2).rows(result)[0]["i_xt_late"] == pytest.approx(
        plane.i_xt[-2:, 0, -1].mean()
    )
    assert row.items() >= findings([plane])[-1].items()
    assert tuple(row) == compression.ANALYSIS.columns
    page = Compression().page(
        result.run, [row, {**row, "seed": 1, "fell": row["fell"] + 1}], "the command"
    )
    assert f"| 1 | {row['i_xt_start']:.3f} |" in page
    assert f"{row['fell'] + 0.5:.3f}" in page
    assert "`the command`" in page
    assert "| seed | start | peak | at step | end |" in page
    assert "4 steps of 101, 0.4 passes each." in page


def test_compression_of_finished_results_is_that_of_training_them(analysed, tmp_path, monkeypatch):
    trained_here = page_of(tmp_path, "compression", "--seeds", "1", "--epochs", "3")
    monkeypatch.setattr(analyse, "execute", lambda *words, **options: pytest.fail("it was trained"))
    page = page_of(tmp_path, "compression", analysed["seed 0"])
    assert page.splitlines()[3:] == trained_here.splitlines()[3:]
    of_three = page_of(tmp_path, "compression", analysed["seeds"], analysed["seed 0"].parent)
    assert [line.split(" | ")[0] for line in of_three.splitlines() if re.match(r"\| \d", line)] == [
        "| 1",
        "| 2",
        "| 0",
    ]


def test_beside_the_page_lies_its_figure(analysed, tmp_path):
    page = page_of(tmp_path, "compression", analysed["seed 0"], analysed["seeds"])
    (image,) = re.findall(r"^!\[(.*)\]\(page.png\)$", page, re.MULTILINE)
    assert image.endswith("over the steps, on the training sample: 3 seeds and their mean")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert page.index("![") < page.index("| seed |")


def test_the_figure_shows_the_output_of_each_seed_and_their_mean(analysed):
    planes = [plane for name in ("seed 0", "seeds") for plane in read(analysed[name]).planes]
    figure, _ = Compression().figure(CATALOG["tishby"], planes)
    trained = [plane for plane in planes if plane.sample == "training"]
    for axes, name in zip(figure.axes, ("i_xt", "i_ty"), strict=True):
        lines = [line.get_ydata() for line in axes.lines]
        for plane, line, peak in zip(trained, lines[0:6:2], lines[1:6:2], strict=True):
            np.testing.assert_array_equal(line, getattr(plane, name)[:, 0, -1])
            assert peak == line[plane.i_xt[:, 0, -1].argmax()]
        np.testing.assert_array_equal(lines[6], np.mean(lines[0:6:2], axis=0))


def test_a_page_that_has_the_name_of_its_figure_is_refused(analysed, tmp_path, capsys):
    out = tmp_path / "page.png"
    assert cli.main(["compression", str(analysed["seed 0"]), "--out", str(out)]) == 2
    assert "the figure of the page has that name: pass a name in .md" in capsys.readouterr().err
    assert not out.exists()


def test_a_page_into_a_stream_has_no_figure(analysed, capfd):
    assert cli.main(["compression", str(analysed["seed 0"]), "--out", "/dev/stdout"]) == 0
    assert "![" not in capfd.readouterr().out


def test_compression_of_results_of_an_earlier_version(tmp_path):
    page = page_of(tmp_path, "compression", runs.FORMAT_1 / "warm-up-1966dd320c")
    assert page.startswith("# Fitting, then compression: the output layer of `warm-up`")


def test_one_seed_has_no_spread():
    page = Compression().page(
        CATALOG["tishby"], Compression().rows(execute(CATALOG["tishby"].varied(epochs=1))), ""
    )
    assert "| sd | - | - |" in page


def test_of_shuffled_labels_the_page_says_that_x_tells_nothing():
    result = execute(CATALOG["tishby"].varied(epochs=1, labels="shuffled"))
    page = Compression().page(result.run, Compression().rows(result), "")
    assert page.startswith(
        "# Fitting, then compression: the output layer of `tishby`, trained on shuffled labels\n"
    )
    assert "I(X;Y) of x and\nshuffled labels is 0, so" in page
    assert "enumeration" not in page
