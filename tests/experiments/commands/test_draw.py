"""What is drawn of finished runs by `draw`, or refused."""

import pytest

from tests.experiments.shortened import draw, left_by


def test_finished_runs_are_drawn_again_side_by_side(short_runs, tmp_path, capsys):
    figure = tmp_path / "drawn.svg"
    words = [
        short_runs["copies"],
        short_runs["warm-up"],
        "--reading",
        "mean",
        "--color",
        "epoch",
        "--out",
        figure,
    ]
    assert draw(*words) == 2  # one network has no mean of several
    assert "has no reading 'mean': it has each" in capsys.readouterr().err
    assert (
        draw(short_runs["copies"], "--reading", "mixture", "--color", "epoch", "--out", figure) == 0
    )
    assert figure.read_text().count("mixture over copies") == 1
    assert capsys.readouterr().out == f"drawn: {figure}\n"


@pytest.mark.parametrize("more", [[], ["--overlay"]])
def test_one_result_given_twice_is_refused(short_runs, tmp_path, capsys, more):
    trained = short_runs["copies"].parent
    assert draw(short_runs["copies"], trained, *more, "--out", tmp_path / "drawn.png") == 2
    ids = f"{trained.name}/{short_runs['copies'].name}"
    assert (
        capsys.readouterr().err == f"error: RESULT is given twice: {ids}; a result is drawn once\n"
    )
    assert not (tmp_path / "drawn.png").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "RESULT is 'nowhere', which is no folder that `run` left"),
        (["{warm-up}", "--reading", "sampled"], "has no reading 'sampled': it has each"),
        (
            ["{warm-up}", "--out", "plane.jpeg"],
            "out is 'plane.jpeg': a figure's name ends in .png, .svg or .pdf",
        ),
        (
            ["{warm-up}", "--layers", "layer 9"],
            "layers names 'layer 9': the layers are layer 1, output",
        ),
        (
            ["{warm-up}", "{stopping}"],
            "the runs were read on different numbers of samples: draw them apart",
        ),
        (
            ["{warm-up}", "{ten}", "--overlay"],
            "recorded at different epochs, so they cannot be overlaid",
        ),
        (
            ["{warm-up}", "{seeds}", "--overlay"],
            "several seeds and some have one: draw them side by side",
        ),
        (
            ["{warm-up}", "{copies}", "--overlay"],
            "not the same samples and readings, so they cannot be overlaid",
        ),
        (
            ["{warm-up}", "{original}", "--overlay"],
            "not the same samples and readings, so they cannot be overlaid",
        ),
    ],
)
def test_what_cannot_be_drawn_is_said(short_runs, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert draw(*(word.format(**short_runs) for word in words)) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_null_of_other_readings_is_refused_and_one_reading_of_it_is_not(
    short_runs, tmp_path, undrawn, capsys
):
    null = left_by("warm-up", "--epochs", "3", "--shuffle-labels", out=tmp_path / "null")
    figure = tmp_path / "drawn.svg"
    assert draw(short_runs["copies"], null, "--out", figure) == 2
    assert "cannot stand below each other: pass --reading" in capsys.readouterr().err
    assert draw(short_runs["copies"], null, "--reading", "each", "--out", figure) == 0
    assert figure.exists()
