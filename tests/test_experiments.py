"""The runs as data, the runner, the files it leaves and the command line."""

import csv
import itertools
import json
from dataclasses import replace
from pathlib import Path

import naive
import numpy as np
import pytest
import torch

from experiments import __main__ as cli
from experiments import mnist, outputs, runner
from experiments.catalog import CATALOG, Run
from experiments.datasets import load, simple_truth
from experiments.networks import build, watched
from experiments.runner import execute
from experiments.summary import compression_row, compression_table, findings, summary
from fastmi import Ensemble, InformationPlane, PlaneEstimator, use_backend

DATA = Path(__file__).parent / "data"
SHORT = replace(CATALOG["tishby-extended"], epochs=3, n_samples=200, copies=3)


@pytest.fixture(scope="module")
def result():
    return execute(SHORT)


def run(*words, out):
    return cli.main(["run", *words, "--out", str(out)])


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# --- the records ------------------------------------------------------------------------------------------------------


def test_the_catalogue_is_named_by_its_runs_and_no_two_share_an_id():
    assert all(name == run.name for name, run in CATALOG.items())
    assert len({run.id for run in CATALOG.values()}) == len(CATALOG) >= 3


def test_the_published_settings():
    extended, warm_up = CATALOG["tishby-extended"], CATALOG["warm-up"]
    assert extended.widths == (12, 10, 7, 5, 4, 3, 1)
    assert (extended.copies, extended.epochs, extended.batch_size, extended.learning_rate) == (5, 1000, 101, 0.2)
    assert extended.targets == (-1, 1)
    assert (warm_up.widths, warm_up.epochs, warm_up.copies, warm_up.targets) == ((12, 5, 1), 300, 1, (0, 1))
    assert np.array_equal(extended.binning.edges, np.linspace(-1, 1, 50).astype(np.float32))


@pytest.mark.parametrize("change", [{"epochs": 7}, {"seed": 1}, {"copies": 2}, {"edges": (-1.0, 1.0, 30)}, {"data": "other"}])
def test_the_id_changes_with_every_field_that_decides_the_numbers(change):
    assert replace(SHORT, **change).id != SHORT.id


def test_the_id_is_of_the_numbers_not_of_the_words():
    assert replace(SHORT, about="other words", published="other").id == SHORT.id


def test_a_record_is_frozen():
    with pytest.raises(AttributeError):
        SHORT.epochs = 5


# --- data and network -------------------------------------------------------------------------------------------------


def test_the_simple_data_has_the_distribution_that_enumeration_gives():
    data = load("simple", 200_000, seed=0)
    assert set(np.unique(data.x)) == {-1, 0, 1, 2, 3}
    assert abs(data.classes.mean() - 0.7601) < 0.004
    assert data.x.dtype == np.float32


def test_data_depend_on_the_seed_alone():
    assert np.array_equal(load("simple", 50, seed=3).x, load("simple", 50, seed=3).x)
    assert not np.array_equal(load("simple", 50, seed=3).x, load("simple", 50, seed=4).x)


def test_an_unknown_data_set_names_those_that_are_there():
    with pytest.raises(ValueError, match=r"data is 'cifar'.*simple"):
        load("cifar", 10, seed=0)


def test_the_network_is_drawn_from_its_seed_and_leaves_torch_alone():
    before = torch.get_rng_state()
    a, b, c = (build("tanh", (12, 5, 1), seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert not torch.equal(a[0].weight, c[0].weight)
    assert [name for name, _ in a.named_children()] == ["linear 1", "layer 1", "linear 2", "output"]


# --- the runner -------------------------------------------------------------------------------------------------------


def test_three_readings_side_by_side_for_every_epoch(result):
    assert list(result.planes) == ["mean", "each", "sampled", "mixture"]
    for reading, plane in result.planes.items():
        assert plane.epochs.tolist() == [0, 1, 2, 3]
        assert plane.layers == ("layer 1", "layer 2", "layer 3", "layer 4", "layer 5", "output")
        assert plane.i_xt.shape == (4, 3 if reading == "each" else 1, 6)
        assert plane.data == "simple"
        assert plane.n_copies == 3


def test_at_the_shared_initialisation_all_readings_agree(result):
    single = result.planes["each"].i_xt[0, 0]
    for reading in ("mean", "sampled", "mixture"):
        np.testing.assert_allclose(result.planes[reading].i_xt[0, 0], single, atol=1e-12)


def test_the_recorded_numbers_are_those_of_the_definition():
    """The last epoch again, by hand: train, forward copy by copy, and count in the oracle."""
    small = replace(SHORT, epochs=2, n_samples=120)
    data_seed, init_seed, copies_seed, who_seed = np.random.SeedSequence(small.seed).generate_state(4, np.uint64).tolist()
    data = load("simple", 120, data_seed)
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.classes * 2.0 - 1).float()[:, None]
    ensemble = Ensemble(build("tanh", small.widths, init_seed >> 1), 3, watch=torch.nn.Tanh, seed=copies_seed >> 1)
    for _ in range(2):
        rows = ensemble.draw(120, 101)
        ensemble.step(x[rows], y[rows])
    who = np.random.default_rng(who_seed).integers(3, size=(3, 120))[2]
    layers = [layer.numpy() for layer in ensemble.activations(x)]
    edges = [float(edge) for edge in small.binning.edges]
    planes = execute(small).planes
    for i, layer in enumerate(layers):
        chosen = layer[who, np.arange(120)].tolist()
        codes = naive.digitise(chosen, edges)
        h = naive.entropy(codes)
        assert planes["sampled"].i_xt[-1, 0, i] == pytest.approx(h, abs=1e-12)
        assert planes["sampled"].i_ty[-1, 0, i] == pytest.approx(
            naive.mutual_information(codes, data.classes.tolist()), abs=1e-12
        )


def test_one_copy_has_one_reading():
    assert list(execute(replace(CATALOG["warm-up"], epochs=1)).planes) == ["each"]


def test_the_chunks_of_snapshots_leave_no_trace(result, monkeypatch):
    monkeypatch.setattr(runner, "MODELS", 1)
    again = execute(SHORT)
    for reading, plane in result.planes.items():
        assert np.array_equal(plane.i_xt, again.planes[reading].i_xt)
        assert np.array_equal(plane.i_ty, again.planes[reading].i_ty)


def test_copies_beyond_the_first_do_not_change_the_first(result):
    fewer = execute(replace(SHORT, copies=2))
    np.testing.assert_allclose(result.planes["each"].i_xt[:, :2], fewer.planes["each"].i_xt, atol=0.1)
    assert np.array_equal(result.planes["each"].i_xt[0, :2], fewer.planes["each"].i_xt[0])


@pytest.fixture
def few_images(monkeypatch):
    """A stand-in for MNIST that has its shapes and dark and bright blocks."""
    pixels = np.random.default_rng(0).integers(0, 256, (50, 28, 28)).astype(np.uint8)
    pixels[:, :4] = 255
    monkeypatch.setattr(mnist, "find", lambda: mnist.Images(pixels, np.arange(50, dtype=np.uint8) % 10))
    return pixels


def by_hand(rule, rows):
    """Classes of a complicated data set without its noise: above the mean score."""
    scores = [rule([int(value) for value in row]) for row in rows.tolist()]
    return np.array(scores) > np.mean(scores)


def test_the_complicated_labels_as_published_depend_on_the_first_input_alone():
    data = load("complicated", 4000, seed=0)
    quiet = by_hand(lambda row: -(row[0] ** 2), data.x)
    assert (data.classes == quiet).mean() > 0.99  # noise of 0.2 against steps of one and more
    assert data.name == "complicated"


def test_the_complicated_labels_as_intended_depend_on_the_products_in_the_sample():
    data = load("complicated-intended", 4000, seed=0)
    quiet = by_hand(lambda row: sum(row[i] * row[i + 1] for i in (2, 4, 6, 8, 10)) - row[0] ** 2, data.x)
    assert (data.classes == quiet).mean() > 0.97


def test_pooling_wraps_as_published_and_does_not_as_intended(few_images):
    wrapped, widened = (load(name, 200, seed=1) for name in ("mnist-pooled", "mnist-widened"))
    assert np.array_equal(wrapped.classes, widened.classes)
    assert widened.x.reshape(-1, 14, 14)[:, :2].min() == 4 * 255 // 20
    assert wrapped.x.reshape(-1, 14, 14)[:, :2].max() == (4 * 255 % 256) // 20
    assert wrapped.x.max() <= 255 // 20
    assert widened.x.shape == (200, 196)


def test_a_pooled_pixel_is_the_sum_of_its_block(few_images):
    data = load("mnist-widened", 1, seed=3)
    block = few_images[np.random.default_rng(3).integers(50, size=1)[0], 10:12, 6:8]
    assert data.x[0].reshape(14, 14)[5, 3] == sum(int(value) for value in block.ravel()) // 20


def test_the_digits_need_no_files():
    data = load("digits", 300, seed=0)
    assert (data.name, data.x.shape, data.x.max()) == ("digits", (300, 196), 16)
    assert set(data.classes) == set(range(10))


def test_the_convolutional_network_is_the_published_one():
    network = build("digits-cnn", (10, 10), seed=0)
    assert watched(network) == ["layer 1", "output"]
    out = network(torch.rand(5, 196))
    assert out.shape == (5, 10)
    assert torch.allclose(out.sum(dim=1), torch.ones(5))
    assert sum(parameter.numel() for parameter in network.parameters()) == (16 + 1) + (90 + 10) + (100 + 10)


def test_var_u_is_the_whole_population_of_the_paper():
    data = load("var-u", 4096, seed=0)
    assert np.array_equal(data.x @ (1 << np.arange(12)[::-1]), np.arange(4096))
    h_y = naive.entropy(data.classes.tolist())
    assert h_y == pytest.approx(0.9991571208502711, abs=1e-15)
    with np.load(DATA / "idnns.npz") as golden:  # the reference's own copy of the labels, for its own copy of the patterns
        rows = golden["tanh_init/X"] @ (1 << np.arange(12)[::-1])
        assert np.array_equal(data.classes[rows], golden["tanh_init/labels"][:, 0])  # columns: class 1, class 0


def test_a_part_of_var_u_is_refused():
    with pytest.raises(ValueError, match=r"n_samples is 100, but 'var-u' is a whole population of 4096 patterns"):
        load("var-u", 100, seed=0)


def test_the_original_network_is_the_published_one():
    network = build("tanh-softmax", (12, 10, 7, 5, 4, 3, 2), seed=0)
    assert watched(network) == ["layer 1", "layer 2", "layer 3", "layer 4", "layer 5", "output"]
    assert [type(module).__name__ for module in network[1::2]] == ["Tanh"] * 5 + ["Softmax"]
    assert all(
        (module.bias == 0).all() and module.weight.abs().max() <= 2 * module.in_features**-0.5 for module in network[::2]
    )
    assert type(build("relu-softmax", (12, 3, 2), seed=0)[1]).__name__ == "ReLU"


def test_the_recorded_epochs_are_spaced_in_the_logarithm():
    recorded = CATALOG["original"].recorded
    assert recorded[:4] == [0, 1, 2, 3]
    assert recorded[-1] == 8000
    assert len(recorded) == len(set(recorded)) == 276
    assert max(b / a for a, b in itertools.pairwise(recorded[10:])) < 1.15
    assert SHORT.recorded == [0, 1, 2, 3]


def test_a_pass_is_every_row_once_for_every_copy():
    ensemble = Ensemble(build("tanh", (12, 1), seed=0), 3)
    batches = list(runner._batches(replace(SHORT, epoch="pass", batch_size=64), ensemble))
    assert [tuple(rows.shape) for rows in batches] == [(3, 64), (3, 64), (3, 64), (3, 8)]
    rows = torch.cat(batches, dim=1)
    assert all(sorted(row.tolist()) == list(range(200)) for row in rows)
    assert not torch.equal(rows[0], rows[1])


def test_the_cross_entropy_is_that_of_torch():
    scores, classes = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 2, 1, 0])
    one_hot = torch.nn.functional.one_hot(classes, 3).float()
    found = runner._cross_entropy(scores.softmax(dim=1), one_hot)
    torch.testing.assert_close(found, torch.nn.functional.cross_entropy(scores, classes))
    assert torch.isfinite(runner._cross_entropy(torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 0.0]])))


def test_one_hot_targets_and_single_values():
    classes = np.array([0, 2, 1])
    one_hot = runner._targets(replace(CATALOG["digits"], widths=(10, 3)), classes)
    assert one_hot.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert runner._targets(replace(SHORT, targets=(-1.0, 1.0, 5.0)), classes).tolist() == [[-1], [5], [1]]


@pytest.mark.parametrize("name", list(CATALOG))
@pytest.mark.parametrize("twin", ["numba", "torch"])
def test_every_entry_runs_a_few_epochs_on_both_twins(name, twin, few_images):
    with use_backend(twin):
        found = execute(replace(CATALOG[name], epochs=2))
    assert all(np.isfinite(plane.i_xt).all() for plane in found.planes.values())
    assert all((plane.i_ty <= plane.entropy_y).all() for plane in found.planes.values())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", list(CATALOG))
def test_every_entry_runs_a_few_epochs_on_a_gpu(name, few_images):
    found = execute(replace(CATALOG[name], epochs=2), device="cuda")
    assert found.device.startswith("cuda")
    assert all(np.isfinite(plane.i_xt).all() for plane in found.planes.values())


def test_the_runner_gives_torch_its_threads_back():
    before = torch.get_num_threads()
    execute(replace(SHORT, epochs=1))
    assert torch.get_num_threads() == before


# --- the files --------------------------------------------------------------------------------------------------------


def test_a_finished_run_leaves_a_whole_folder(tmp_path, capsys):
    assert run("tishby-extended", "--epochs", "2", "--copies", "2", out=tmp_path) == 0
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert {path.name for path in folder.iterdir()} == {
        *("plane.csv", "plane.png", "plane.svg", "manifest.json", "mean.npz", "each.npz", "sampled.npz", "mixture.npz")
    }
    rows = rows_of(folder / "plane.csv")
    assert len(rows) == 3 * 6 * (1 + 2 + 1 + 1)
    assert {row["data"] for row in rows} == {"simple"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["id"] == folder.name
    assert manifest["run"]["epochs"] == 2
    assert manifest["data"] == "simple"
    plane = InformationPlane.load(folder / "sampled.npz")
    written = [float(row["i_xt_bits"]) for row in rows if row["reading"] == "sampled"]
    assert written == plane.i_xt.ravel().tolist()
    shown = capsys.readouterr().out
    assert "sampled" in shown
    assert "H(Y)" in shown
    assert str(folder) in shown


def test_the_same_run_writes_the_same_csv(tmp_path):
    for out in (tmp_path / "a", tmp_path / "b"):
        assert run("warm-up", "--epochs", "3", "--seed", "5", out=out) == 0
    a, b = (next(out.glob("*/plane.csv")).read_bytes() for out in (tmp_path / "a", tmp_path / "b"))
    assert a == b


def test_a_run_that_fails_is_a_row_with_its_reason_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    def broken(record: Run, *arguments, **options):
        if record.name == "warm-up":
            raise RuntimeError("the power went out")
        return execute(record, *arguments, **options)

    monkeypatch.setattr(cli, "execute", broken)
    assert run("warm-up", "tishby", "--epochs", "1", out=tmp_path) == 1
    failed, done = rows_of(tmp_path / outputs.LEDGER)
    assert (failed["run"], failed["status"]) == ("warm-up", "failed")
    assert "the power went out" in failed["reason"]
    assert failed["data"] == "simple"
    assert (done["run"], done["status"]) == ("tishby", "done")
    assert (tmp_path / done["folder"] / "plane.csv").exists()
    assert "failed: warm-up" in capsys.readouterr().err


def test_a_result_that_cannot_be_finished_leaves_the_old_one_whole(tmp_path, monkeypatch, result):
    folder = outputs.save(result, tmp_path)
    before = (folder / "plane.csv").read_bytes()

    def broken(*arguments, **options):
        raise OSError("disk full")

    monkeypatch.setattr(outputs.figures, "information_plane", broken)
    with pytest.raises(OSError, match="disk full"):
        outputs.save(result, tmp_path)
    assert (folder / "plane.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_second_result_replaces_the_first(tmp_path, result):
    folder = outputs.save(result, tmp_path)
    (folder / "stray").touch()
    assert outputs.save(result, tmp_path) == folder
    assert not (folder / "stray").exists()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


# --- the words --------------------------------------------------------------------------------------------------------


def test_findings_read_the_path(result):
    plane = result.planes["mean"]
    for i, row in enumerate(findings(plane)):
        assert row["i_xt_start"] == plane.i_xt[0, 0, i]
        assert row["i_xt_peak"] == plane.i_xt[:, 0, i].max()
        assert plane.i_xt[row["peak_epoch"], 0, i] == row["i_xt_peak"]
        assert row["i_ty_end"] == plane.i_ty[-1, 0, i]


def test_the_summary_says_what_the_sample_cannot_support(result):
    text = summary(result)
    assert "In layer 1" in text
    assert "cannot size" in text
    assert "not information lost" in text


def test_the_summary_says_when_rows_of_x_repeat(result):
    planes = {reading: replace(plane, entropy_x=2.0) for reading, plane in result.planes.items()}
    assert "Rows of x repeat: H(X) = 2.000" in summary(replace(result, planes=planes))


def test_the_compression_table_is_computed_from_its_rows():
    plane = execute(replace(CATALOG["tishby"], epochs=4)).planes["each"]
    row = compression_row(0, plane)
    assert row["fell"] == plane.i_xt[:, 0, -1].max() - plane.i_xt[-1, 0, -1]
    page = compression_table("tishby", [row, {**row, "seed": 1, "fell": row["fell"] + 1}], "the command")
    assert f"| 1 | {row['i_xt_start']:.3f} |" in page
    assert f"{row['fell'] + 0.5:.3f}" in page
    assert "`the command`" in page


# --- the command line -------------------------------------------------------------------------------------------------


def test_list_names_every_run(capsys):
    assert cli.main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in CATALOG)


def test_an_unknown_run_is_refused_before_any_work(tmp_path, capsys):
    assert run("warm-up", "exp-9", out=tmp_path / "new") == 2
    assert "NAME is 'exp-9': the runs are warm-up, tishby" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("device", ["tpu9", "meta", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_before_any_work(device, tmp_path, capsys):
    assert run("warm-up", "--device", device, out=tmp_path / "new") == 2
    assert f"device is '{device}'" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_an_output_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert run("warm-up", out=tmp_path / "file") == 2
    error = capsys.readouterr().err
    assert "cannot be written" in error
    assert "--out FOLDER" in error


def test_all_is_every_run(tmp_path, monkeypatch):
    tried = []
    monkeypatch.setattr(cli, "_attempt", lambda record, device, out: tried.append(record.name) or True)
    assert run("all", out=tmp_path) == 0
    assert tried == list(CATALOG)


def test_mnist_that_is_not_there_is_a_failed_row_with_the_ways_to_supply_it(tmp_path, monkeypatch):
    monkeypatch.delenv(mnist.VARIABLE, raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "none"))
    assert run("mnist", "warm-up", "--epochs", "1", out=tmp_path / "out") == 1
    failed, done = rows_of(tmp_path / "out" / outputs.LEDGER)
    assert "pass --mnist PATH or set FASTMI_MNIST" in failed["reason"]
    assert done["status"] == "done"


def test_a_wrong_place_for_mnist_is_said_before_any_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(mnist.VARIABLE, "restored afterwards")
    assert run("mnist", "--mnist", str(tmp_path / "nowhere"), out=tmp_path / "out") == 2
    assert "neither a folder nor a file" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--epochs", "0"], ["--copies", "-1"], ["--seed", "x"], ["--epochs", "1.5"]])
def test_numbers_out_of_range_are_refused(words, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("warm-up", *words, out=tmp_path)
    assert stopped.value.code == 2
    assert f"{words[1]!r} is not a whole number" in capsys.readouterr().err


def test_the_compression_command_writes_its_page(tmp_path, capsys):
    page = tmp_path / "compression.md"
    assert cli.main(["compression", "--seeds", "2", "--epochs", "2", "--out", str(page)]) == 0
    assert page.read_text().startswith("# Fitting, then compression")
    assert "--seeds 2 --epochs 2" in page.read_text()


def test_the_estimator_of_a_run_takes_repeated_x():
    plane = PlaneEstimator(np.array([[0], [0], [1], [1]]), [0, 0, 1, 1], SHORT.binning)
    assert plane.entropy_x == 1.0


def test_finished_runs_are_drawn_again_side_by_side(tmp_path, capsys):
    run("tishby-extended", "--epochs", "2", "--copies", "2", out=tmp_path)
    run("tishby-extended", "--epochs", "3", "--copies", "2", "--init", "independent", out=tmp_path)
    folders = [str(path) for path in sorted(tmp_path.iterdir()) if path.is_dir()]
    assert len(folders) == 2  # --init decides the numbers, so it is part of the id
    figure = tmp_path / "drawn.svg"
    assert cli.main(["draw", *folders, "--reading", "mixture", "--color", "epoch", "--out", str(figure)]) == 0
    assert figure.read_text().count("mixture over copies") == 2
    assert cli.main(["draw", folders[0], "--out", str(tmp_path / "one.png")]) == 0
    assert (tmp_path / "one.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "RESULT is 'nowhere', which is no folder that `run` left"),
        (["{done}", "--reading", "sampled"], "has no reading 'sampled': it has each"),
        (["{done}", "--out", "plane.jpeg"], "out is 'plane.jpeg': a figure's name ends in .png, .svg or .pdf"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path, capsys, words, message):
    run("warm-up", "--epochs", "1", out=tmp_path)
    done = next(path for path in tmp_path.iterdir() if path.is_dir())
    assert cli.main(["draw", *(word.format(done=done) for word in words)]) == 2
    assert message in capsys.readouterr().err


def test_a_ledger_that_is_none_is_said_before_any_run(tmp_path, capsys):
    (tmp_path / outputs.LEDGER).write_text("other,columns\n1,2\n")
    assert run("warm-up", "--epochs", "1", out=tmp_path) == 2
    assert "is not the ledger of runs, its columns are others: move it away" in capsys.readouterr().err
    assert (tmp_path / outputs.LEDGER).read_text() == "other,columns\n1,2\n"
    (tmp_path / "b" / outputs.LEDGER).mkdir(parents=True)
    assert run("warm-up", "--epochs", "1", out=tmp_path / "b") == 2
    assert "cannot be read as the ledger of runs" in capsys.readouterr().err


def test_an_interrupted_run_is_a_row_and_ends_the_others(tmp_path, monkeypatch, capsys):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "execute", interrupted)
    assert run("warm-up", "tishby", out=tmp_path) == 130
    (row,) = rows_of(tmp_path / outputs.LEDGER)
    assert (row["run"], row["status"]) == ("warm-up", "interrupted")
    assert "interrupted" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_said_before_any_seed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli, "execute", lambda *arguments, **options: pytest.fail("work was done"))
    assert cli.main(["compression", "--out", str(tmp_path)]) == 2
    assert "which is a folder: pass the name of a file" in capsys.readouterr().err


def test_another_device_has_a_folder_of_its_own(tmp_path, result):
    folders = [outputs.save(replace(result, device=device), tmp_path).name for device in ("cpu", "cuda:0")]
    assert folders == [SHORT.id, f"{SHORT.id}-cuda0"]


def test_the_truth_of_the_simple_data_by_enumeration():
    assert simple_truth() == pytest.approx((0.7601, 0.7949, 0.6036), abs=5e-5)
