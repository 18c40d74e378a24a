"""A recorder: a row of the tables at each update, equal to what an estimator says of the layers."""

import csv
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import fastmi
from fastmi import PlaneEstimator
from fastmi.gathering import Gathering
from fastmi.measures import KDEBounds, VectorQuantized
from fastmi.pages import Curve
from tests.fastmi.recorders.models import Tuples, mlp, samples
from tests.unpacked import unpacked, view_of

BINS = fastmi.UniformBins(4, range=(-2, 2))
X, Y = samples(60)


def layers_of(model, x=X):
    """The outputs of a Sequential's modules, one batch: (n, d)."""
    out = {}
    with torch.no_grad():
        for name, module in model.eval().named_children():
            x = module(x)
            out[name] = x.clone().numpy()
    return out


def watched(model=None, given=None, measures=BINS, **options):
    options.setdefault("layers", [nn.Tanh, nn.ReLU])
    return fastmi.watch(model or mlp(), (X, Y) if given is None else given, measures, **options)


def step(model):
    with torch.no_grad():
        for leaf in model.parameters():
            leaf.mul_(1.5)


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, "training", "held-out"])
def test_a_table_is_that_of_an_estimator(kind):
    model, points = mlp(), []
    recorder = watched(model, (X, Y) if kind is None else {kind: (X, Y)}, batch_size=60)
    estimator = PlaneEstimator(np.arange(60), Y, BINS, sample=kind)
    for at in (0, 3, 7):
        recorder.update(at)
        layers = {name: layers_of(model)[name] for name in "13"}
        points.append(estimator.readings(layers)["each"].map(lambda column: column[None]))
        step(model)
    expected = fastmi.InformationPlane.collect(
        estimator, points, epochs=[0, 3, 7], layers=["1", "3"], sample=kind or "sample"
    )
    plane = recorder.plane()
    for name, column in expected.points.present.items():
        np.testing.assert_array_equal(plane.points.present[name], column, err_msg=name)
    for name in ("layers", "n_samples", "entropy_x", "entropy_y", "sample_kind", "method"):
        assert getattr(plane, name) == getattr(expected, name)
    assert plane.epochs.tolist() == recorder.steps == [0, 3, 7]
    assert plane.sample == (kind or "sample")
    assert plane.binning == f"{BINS}; pool flatten; X is the row's index"


def test_batches_leave_no_trace():
    model = mlp().double()  # in float64 the last bits of float32 do not depend on the batch
    x = X.double()
    numbers = [watched(model, (x, Y), batch_size=size).update(0) for size in (7, 60, 256)]
    assert numbers[0] == numbers[1] == numbers[2]


def test_the_example_of_the_first_page():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    train_set, (x_val, y_val) = torch.utils.data.TensorDataset(X, Y), samples(40, seed=9)
    given = {"training": train_set, "held-out": (x_val, y_val)}
    with fastmi.watch(model, given, layers=nn.ReLU) as recorder:
        for epoch in range(3):
            loss = nn.functional.cross_entropy(model(X), Y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            numbers = recorder.update(epoch)
    held_out, training = (recorder.plane(name, "counted") for name in ("held-out", "training"))
    assert numbers["held-out/counted/i_ty/1"] == held_out.i_ty[-1, 0, 0]
    assert numbers["training/counted/chance/1"] == training.chance[-1, 0, 0]
    assert numbers["held-out/vector-quantized/n_symbols/1"] <= 32
    assert recorder.verdicts["held-out/counted/verdict/1"] in ("resolved", "bounded", "unresolved")
    assert not any("verdict" in name for name in numbers)
    assert held_out.sample_kind == "held-out"
    figure = recorder.plot()
    assert len(figure.axes) == 2
    gap = training.gap(held_out)
    assert gap.bits.shape == (3, 1)


def test_several_sets_of_labels_and_measures_have_names_of_their_own():
    odd = Y.flip(0)
    both = {"class": Y, "shuffled": odd}
    recorder = watched(given={"a": (X, both), "b": (X + 1, both)}, measures=[BINS, KDEBounds(0.1)])
    numbers = recorder.update(0)
    alone = watched(recorder._watching.model, (X, odd)).update(0)
    assert numbers["a/shuffled/counted/i_ty/1"] == alone["i_ty/1"]
    assert {name.count("/") for name in numbers} == {4}
    assert len(recorder.planes) == 8
    plane = recorder.plane("a", labels="shuffled", measure="counted")
    assert plane.data == "Sequential, y: shuffled"
    with pytest.raises(ValueError, match="labels is None: choose one of 'class', 'shuffled'"):
        recorder.plane("a", "counted")
    with pytest.raises(ValueError, match="sample is 'c': choose one of 'a', 'b'"):
        recorder.plane("c")


def test_classes_may_be_known_beforehand():
    both = {"class": Y, "twice": Y}
    model, lower = mlp(), []
    for n_classes in (None, 9, {"twice": 9}):
        numbers = watched(model, (X, both), n_classes=n_classes).update(0)
        lower.append([numbers[f"{name}/mean_lower/1"] for name in both])
    assert lower[0][0] == lower[0][1] == lower[2][0]
    assert lower[1][0] == lower[1][1] == lower[2][1] < lower[0][0]


def test_an_x_with_repeats_counts():
    model = mlp()
    halves = np.arange(60) // 2
    recorder = watched(model, (X, Y), inputs=halves)
    numbers = recorder.update(0)
    layers = {name: layers_of(model)[name] for name in "13"}
    expected = PlaneEstimator(halves, Y, BINS).estimate(layers)
    assert [numbers["i_xt/1"], numbers["i_xt/3"]] == expected[:, 0].tolist()
    assert recorder.plane().binning.endswith("X is an input that was given")


def test_layers_stand_in_the_order_of_their_calls():
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.act, self.first = nn.Linear(3, 2), nn.Tanh(), nn.Linear(4, 3)

        def forward(self, x):
            return self.act(self.last(self.act(self.first(x))))

    recorder = watched(Backwards(), layers=[nn.Linear, nn.Tanh])
    assert recorder.layers == ("first", "act", "last", "act#2")
    assert watched(Backwards(), layers="act", measures={"act": BINS}).update(0).keys() >= {
        "i_ty/act",
        "i_ty/act#2",
    }


def test_what_returns_no_plain_tensor_is_read():
    recorder = watched(Tuples(), layers=["pair", "record"])
    numbers = recorder.update(0)
    alone = PlaneEstimator(np.arange(60), Y, BINS).estimate([X.numpy(), 2 * X.numpy()])
    assert [numbers["i_ty/pair"], numbers["i_ty/record"]] == alone[:, 1].tolist()


def conv():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2), nn.Tanh())


def test_positions_are_samples_and_nothing_is_said_of_their_belief():
    x, y = samples(40, (1, 6, 6))
    model = conv()
    recorder = watched(model, (x, y), pool={"1": "positions"}, batch_size=40)
    numbers = recorder.update(0)
    with torch.no_grad():
        maps = model[1](model[0](x)).flatten(2).permute(2, 0, 1).numpy()  # positions, n, channels
    mixture = PlaneEstimator(np.arange(40), y, BINS).readings({"1": maps})["mixture"]
    assert numbers["i_xt/1"] == mixture.i_xt[0]
    assert numbers["i_ty/1"] == mixture.i_ty[0]
    assert "chance/1" not in numbers
    assert "chance/4" in numbers
    assert recorder.verdicts.keys() == {"verdict/4", "verdict_xt/4"}
    plane = recorder.plane()
    assert "pool positions (1), flatten (4)" in plane.binning
    assert "hang together" in recorder.reasons()["1"]
    assert np.isnan(plane.verdict[-1, 0, 0])
    recorder.plot()


def test_maps_are_flattened_unless_they_are_pooled():
    x, y = samples(40, (1, 6, 6))
    model = conv()
    whole = watched(model, (x, y), batch_size=40, layers="1").update(0)
    means = watched(model, (x, y), batch_size=40, layers="1", pool="mean").update(0)
    with torch.no_grad():
        maps = model[1](model[0](x))
    of = PlaneEstimator(np.arange(40), y, BINS).estimate(
        [maps.flatten(1).numpy(), maps.mean((2, 3)).numpy()]
    )
    assert [whole["i_xt/1"], means["i_xt/1"]] == of[:, 0].tolist()


def test_tokens_ask_for_a_choice_before_the_training():
    x, y = samples(20, (5, 4))
    model = nn.Sequential(nn.Linear(4, 3), nn.GELU())
    with pytest.raises(ValueError, match=r"layer '1' is \(20, 5, 3\).*choose pool="):
        watched(model, (x, y), layers=nn.GELU)
    assert watched(model, (x, y), layers=nn.GELU, pool="mean").update(0)["i_xt/1"] > 0


# --- bins -----------------------------------------------------------------------------------------


def test_bins_are_fitted_at_the_first_reading_and_kept():
    model = mlp()
    recorder = watched(model, measures=fastmi.QuantileBins(3))
    recorder.update(0)
    first = recorder.plane().binning
    fits = {name: fastmi.QuantileBins(3).fit(layers_of(model)[name]) for name in ("1", "3")}
    assert first.startswith(f"1: {fits['1']}; 3: {fits['3']}")
    step(model)
    recorder.update(1)
    assert recorder.plane().binning == first
    estimator = PlaneEstimator(np.arange(60), Y, fits)
    expected = estimator.estimate({name: layers_of(model)[name] for name in fits})
    np.testing.assert_array_equal(recorder.plane().points.bits[1, 0], expected)


def test_by_default_bins_fit_themselves():
    recorder = watched(measures=None)
    recorder.update(0)
    counted = recorder.plane(measure="counted").binning
    assert counted.startswith("1: 6 bins on [-")
    assert "3: 5 bins on [0, " in counted


def test_a_caption_does_not_spell_the_bins_of_each_layer():
    recorder = watched(measures=[None, fastmi.QuantileBins(3), BINS])
    with pytest.raises(ValueError, match="nothing was read yet"):
        _ = recorder.measures
    recorder.update(0)
    words = texts(recorder.plot())
    assert "counted-1: bins of each layer" in words
    assert "counted-2: bins of each layer" in words
    assert f"counted-3: {BINS}" in words
    titles = [axes.get_title() for axes in recorder.plot().axes]
    assert titles[:2] == ["counted-1: bins of each layer", "counted-2: bins of each layer"]
    assert "[-" in recorder.plane(measure="counted-1").binning


def test_panels_of_several_label_sets_and_measures_say_which_they_are():
    x, y = GIVEN["held-out"]
    sets = {"class": y, "parity": y % 2}
    recorder = fastmi.watch(Both(), {"held-out": (x, sets)}, [BINS, fastmi.measures.PerUnit(BINS)])
    with pytest.warns(fastmi.CoverageWarning):
        recorder.update(0)
    titles = [axes.get_title().replace("\n", " ") for axes in recorder.plot().axes]
    assert len(set(titles)) == 4
    assert [title.split("; ")[-1] for title in titles] == 2 * ["y: class"] + 2 * ["y: parity"]
    assert titles[0].startswith("counted: ")
    one = [axes.get_title() for axes in recorder.plot(measure="counted").axes]
    assert one == ["y: class", "y: parity"]


def texts(figure):
    found = figure.findobj(lambda one: hasattr(one, "get_text"))
    return " ".join(" ".join(text.get_text() for text in found).split())


def test_runs_by_the_bins_of_the_first_one_are_a_band():
    recorders = []
    for seed in range(3):
        torch.manual_seed(seed)
        measures = recorders[0].measures if recorders else None
        recorders.append(watched(mlp(), {"held-out": (X, Y)}, measures, seed=seed))
        recorders[-1].update(0)
    for measure in ("counted", "vector-quantized"):
        planes = [recorder.plane(measure=measure) for recorder in recorders]
        assert [plane.seed for plane in planes] == [0, 1, 2]
        assert len({plane.binning for plane in planes}) == 1
        assert "3 seeds" in texts(fastmi.plot(planes))
    with pytest.raises(ValueError, match="seed must be an integer of at least 0, not -1"):
        watched(seed=-1)


# --- measures that are fitted ---------------------------------------------------------------------


class Both(nn.Module):
    """Shows what it gets to a layer of one unit and to one of 300."""

    def __init__(self):
        super().__init__()
        self.narrow, self.wide = nn.Tanh(), nn.ReLU()
        self.register_buffer("weights", torch.randn(4, 300))

    def forward(self, x):
        self.narrow(torch.round(x[:, :1]).clip(0, 1))
        return self.wide(x @ self.weights)


def classes(n, seed):
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(3, (n,), generator=generator)
    return nn.functional.one_hot(y, 4) + 0.2 * torch.randn(n, 4, generator=generator), y


GIVEN = {"training": classes(300, 1), "held-out": classes(200, 2)}


def test_each_layer_is_drawn_by_the_measure_that_its_verdict_supports():
    recorder = fastmi.watch(Both(), GIVEN)
    with pytest.raises(ValueError, match="nothing was read yet"):
        recorder.plot()
    for at in range(2):
        numbers = recorder.update(at)
    verdicts = recorder.verdicts
    assert verdicts["held-out/counted/verdict/narrow"] == "bounded"
    assert verdicts["held-out/counted/verdict/wide"] == "unresolved"
    assert verdicts["held-out/vector-quantized/verdict/wide"] == "bounded"
    assert numbers["held-out/vector-quantized/mean_lower/wide"] > 0.5
    figure = recorder.plot()
    words = " ".join(
        text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text"))
    )
    assert "narrow (counted)" in words
    assert "wide (vector-quantized)" in words
    assert "each layer by the measure its verdict supports" in words.replace("\n", " ")
    planes = recorder._supported_planes()
    assert [plane.sample for plane in planes] == ["training", "held-out"]
    for plane in planes:
        for i, name in enumerate(("counted", "vector-quantized")):
            single = recorder.plane(plane.sample, name)
            assert np.array_equal(plane.i_ty[..., i], single.i_ty[..., i])
            assert np.array_equal(plane.mean_lower[..., i], single.mean_lower[..., i])
    assert len(recorder.plot(measure="counted").axes) == 2
    assert "of counted rows of float32" in texts(recorder.plot(measure="counted"))
    assert "of counted rows" not in texts(recorder.plot(measure="vector-quantized"))
    across = {over: recorder.plot(over=over).axes[-1].get_xlabel() for over in (None, "plane")}
    assert across == {None: "step", "plane": "I(X;T)  [bits]"}
    counted, codes = (recorder.plot(measure=one) for one in ("counted", "vector-quantized"))
    assert counted.axes[-1].get_xlabel() == "I(X;T)  [bits]"
    assert codes.axes[-1].get_xlabel() == "step"
    with pytest.raises(ValueError, match="measure is 'kde': choose one of 'counted', 'vector-q"):
        recorder.plot(measure="kde")


def test_training_and_held_out_are_read_by_equal_codes_that_each_update_fits_anew():
    model = Both()
    recorder = fastmi.watch(model, GIVEN, VectorQuantized(4, max_fit=100), layers="wide")
    for at in range(2):
        recorder.update(at)
        layers = {name: torch.relu(x @ model.weights).numpy() for name, (x, _) in GIVEN.items()}
        book = VectorQuantized(4, max_fit=100).fit(layers["training"])
        for name, (_, y) in GIVEN.items():
            expected = PlaneEstimator(np.arange(len(y)), y, book).estimate(layers[name])[0]
            points = recorder.plane(name).points.bits[-1, 0, 0]
            assert points == pytest.approx(expected, abs=1e-12)
        model.weights += torch.randn(4, 300)
    fixed = fastmi.watch(model, GIVEN, book, layers="wide")
    fixed.update(0)
    assert fixed._estimators.most_rows == 0


class Rows(VectorQuantized):
    """Notes how many rows it is given at a time, and of what."""

    seen: list[tuple[int, ...]] = []  # noqa: RUF012

    def fit(self, layer, y=None):
        self.seen.append(tuple(layer.shape))
        return super().fit(layer, y)


def test_no_more_than_max_fit_rows_are_kept_and_no_layer():
    recorder = fastmi.watch(Both(), GIVEN, Rows(4, max_fit=50), batch_size=32)
    Rows.seen.clear()
    recorder.update(0)
    assert Rows.seen == [(50, 1), (50, 300)]
    for place in recorder._estimators.places:
        estimator = recorder._estimators.fitted(place)
        gathering = Gathering([estimator])
        (x, _) = GIVEN[place[0]]
        gathering.add("wide", torch.relu(x @ recorder._watching.model.weights))
        ((kept, _),) = gathering._pieces["wide"]
        assert kept.codes.size == len(x)


def test_infinities_do_not_end_a_training():
    class Grows(nn.Module):
        def forward(self, x):
            return torch.where(x == x.max(), torch.inf, x)

    recorder = fastmi.watch(nn.Sequential(Grows()), (X, Y), layers="0")
    numbers = recorder.update(0)
    assert numbers["vector-quantized/n_symbols/0"] > 1
    assert recorder.steps == [0]


# --- precision ------------------------------------------------------------------------------------


def test_the_precision_of_autocast_is_read_and_recorded():
    model = mlp()
    recorder = watched(model, layers="0")
    with torch.autocast("cpu", torch.bfloat16):
        recorder = watched(model, layers="0")
        numbers = recorder.update(0)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        layer = model[0](X).float().numpy()
    assert numbers["i_xt/0"] == PlaneEstimator(np.arange(60), Y, BINS).estimate(layer)[0, 0]
    assert "read in bfloat16, counted in float32" in recorder.plane().binning


# --- what goes wrong ------------------------------------------------------------------------------


def test_nan_is_marked_and_the_training_goes_on():
    model, logged = mlp(), []
    recorder = watched(model, log=lambda numbers, step: logged.append((step, numbers)))
    recorder.update(0)
    kept = model[2].weight.detach().clone()
    with torch.no_grad():
        model[2].weight[0, 0] = torch.nan
    with pytest.warns(UserWarning, match=r"NaN in the layers '3' at step 1: .*marked"):
        numbers = recorder.update(1)
    assert numbers["nan/3"] == pytest.approx(1 / 3)
    assert numbers["i_ty/1"] > 0
    assert not any(name.endswith("/3") for name in numbers if not name.startswith("nan"))
    assert recorder.marked == {1: {"3": "33.3 % of it NaN"}}
    with torch.no_grad():
        model[2].weight.copy_(kept)
    recorder.update(2)
    plane = recorder.plane()
    assert plane.epochs.tolist() == recorder.steps == [0, 1, 2]
    for name, column in plane.points.present.items():
        before, marked, after = column[:, 0]
        np.testing.assert_array_equal(before, after, err_msg=name)
        assert np.isnan(marked).tolist() == [False, True], name  # the other layer keeps its numbers
        assert marked[0] == before[0], name
    assert [at for at, _ in logged] == [0, 1, 2]
    with pytest.raises(ValueError, match="step is 2, and step 2 was read before"):
        recorder.update(2)


def spoil(model, at=2):
    with torch.no_grad():
        model[at].weight[0, 0] = torch.nan


def test_a_marked_row_has_empty_cells_and_a_gap_in_the_figure(tmp_path):
    model = mlp()
    recorder = watched(model, {"training": (X, Y), "held-out": (X + 1, Y)})
    recorder.update(0)
    kept = model[2].weight.detach().clone()
    spoil(model)
    with pytest.warns(UserWarning, match="NaN in the layers '3' at step 1"):
        recorder.update(1)
    assert recorder.reasons("training")["3"] == "not judged: it has no point at the last epoch"
    training, held_out = recorder.plane("training"), recorder.plane("held-out")
    assert training.gap(held_out).words[1] == "not judged"
    assert np.isnan(training.mean().i_ty[1, 0]).tolist() == [False, True]
    training.to_csv(tmp_path / "plane.csv")
    lines = (tmp_path / "plane.csv").read_text().splitlines()
    *_, before, marked = csv.DictReader(lines)
    assert (before["epoch"], before["layer"]) == ("1", "1")
    assert (marked["epoch"], marked["layer"]) == ("1", "3")
    filled = {name for name, cell in before.items() if cell}
    of_points = {column.header for column in fastmi.Points.columns()}
    assert {name for name, cell in marked.items() if cell} == filled - of_points
    training.save(tmp_path / "plane.npz")
    again = fastmi.InformationPlane.load(tmp_path / "plane.npz")
    for name, column in training.points.present.items():
        np.testing.assert_array_equal(again.points.present[name], column, err_msg=name)
    recorder.plot()
    with torch.no_grad():
        model[2].weight.copy_(kept)
    recorder.update(2)
    ends = [line.get_xdata()[-1] for line in recorder.plot().axes[0].lines]
    assert training.i_xt[0, 0, 1] in ends
    assert recorder.plane("training").panel().chance is not None


def test_where_all_layers_hold_nan_the_row_is_empty():
    model = mlp()
    recorder = watched(model)
    recorder.update(0)
    spoil(model, 0)
    with pytest.warns(UserWarning, match="NaN in the layers '1', '3' at step 1"):
        assert recorder.update(1).keys() == {"nan/1", "nan/3"}
    plane = recorder.plane()
    assert np.isnan(plane.points.bits[1]).all()
    assert not np.isnan(plane.points.bits[0]).any()
    assert set(recorder.reasons().values()) == {"not judged: it has no point at the last epoch"}
    recorder.plot()


def test_a_first_reading_may_be_marked():
    model = mlp()
    kept = model[2].weight.detach().clone()
    spoil(model)
    recorder = watched(model)
    with pytest.warns(UserWarning, match="at step 0"):
        recorder.update(0)
    recorder.plot()
    with torch.no_grad():
        model[2].weight.copy_(kept)
    recorder.update(1)
    assert np.isnan(recorder.plane().i_ty[:, 0]).tolist() == [[False, True], [False, False]]


def test_nan_can_stop_the_training():
    model = mlp()
    recorder = watched(model, on_nan="raise")
    with torch.no_grad():
        model[2].weight[0, 0] = torch.nan
    with pytest.raises(FloatingPointError, match="NaN in the layers '3' at step 0"):
        recorder.update(0)
    assert (recorder.marked, recorder.steps) == ({}, [])


def test_a_sample_that_cannot_size_a_layer_is_said_once():
    model = nn.Sequential(nn.Linear(4, 40), nn.Tanh())
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        recorder = watched(model, layers="1")
        recorder.update(0)
        recorder.update(1)
    assert [each.category for each in said] == [fastmi.CoverageWarning]
    assert said[0].filename == __file__
    assert "unresolved: 1" in str(said[0].message)


def test_unasked_a_layer_is_warned_of_only_where_no_measure_sizes_it():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorder = fastmi.watch(Both(), GIVEN)
        recorder.update(0)
    assert recorder.verdicts["held-out/counted/verdict/wide"] == "unresolved"
    noise = classes(40, 1)[0], torch.arange(40) % 2
    few = fastmi.watch(Both(), noise, layers="wide")
    with pytest.warns(fastmi.CoverageWarning, match="unresolved: wide"):
        few.update(0)


@pytest.mark.parametrize("given", [0, -1, 1.5, "1", None, True])
def test_steps_are_whole_numbers_that_grow(given):
    recorder = watched()
    recorder.update(0)
    with pytest.raises(ValueError, match="step"):
        recorder.update(given)
    assert recorder.steps == [0]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("relu9", r"'relu9', which is none of the watched layers; near it are relu1, relu1#2$"),
        ("relu1#3", r"'relu1#3', .* near it are relu1"),
        ("first", r"'first', .*; they are relu1, relu1#2$"),  # a module, and not watched
        (nn.ReLU, "they are relu1, relu1#2$"),
    ],
)
def test_a_pooling_of_no_layer_is_refused(name, said):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.relu1 = nn.Linear(4, 3), nn.ReLU()

        def forward(self, x):
            return self.relu1(-self.relu1(self.first(x)))

    with pytest.raises(ValueError, match=f"pool names .*{said}"):
        watched(Twice(), layers=nn.ReLU, pool={"relu1": "max", name: "max"})
    watched(Twice(), layers=nn.ReLU, pool={"relu1": "max", "relu1#2": "mean"})


@pytest.mark.parametrize("measures", [None, fastmi.QuantileBins(4), [BINS, KDEBounds(0.1)]])
@pytest.mark.parametrize(
    "ask",
    [
        lambda one: one.plane(),
        lambda one: one.plane(measure="counted"),
        lambda one: one.planes,
        lambda one: one.reasons(),
        lambda one: one.plot(),
        lambda one: one.plot(measure="counted"),
    ],
)
def test_before_the_first_reading_there_is_no_table(ask, measures):
    with pytest.raises(ValueError, match=r"^nothing was read yet: call update\(step\) first$"):
        ask(watched(measures=measures))


def test_a_closed_recorder_keeps_its_tables():
    with watched() as recorder:
        with pytest.raises(ValueError, match="nothing was read yet"):
            recorder.plane()
        recorder.update(0)
    with pytest.raises(ValueError, match="the recorder is closed"):
        recorder.update(1)
    assert recorder.plane().epochs.tolist() == [0]
    assert repr(recorder) == "Recorder: 1 readings of 2 layers of Sequential on sample"


def test_what_fails_at_a_reading_is_not_recorded():
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    recorder = watched(model, layers=nn.Tanh)
    recorder.update(0)
    model[0] = nn.Linear(5, 3)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        recorder.update(1)
    assert recorder.steps == [0]
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


# --- a device -------------------------------------------------------------------------------------


@pytest.mark.gpu
def test_samples_are_moved_to_the_model_and_counted_there(cuda):
    model = mlp()
    expected = watched(model).update(0)
    numbers = watched(model.to(cuda)).update(0)
    assert numbers.keys() == expected.keys()
    for name, value in expected.items():
        assert numbers[name] == pytest.approx(value, abs=1e-9), name


@pytest.mark.gpu(alone="generators of its own")
def test_the_generators_of_cuda_are_left_as_they_were(cuda):
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Dropout()).to(cuda)
    torch.cuda.manual_seed_all(3)
    before = torch.cuda.get_rng_state_all()
    watched(model, layers=nn.Tanh).update(0)
    after = torch.cuda.get_rng_state_all()
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))


# --- pages ----------------------------------------------------------------------------------------


def test_a_page_shows_every_table_and_says_first_what_was_not_read(tmp_path):
    model = mlp()
    recorder = watched(model, {"training": (X, Y), "held-out": (X + 1, 1 - Y)})
    with pytest.raises(ValueError, match="nothing was read yet"):
        recorder.to_html(tmp_path / "page.html")
    recorder.update(0)
    with torch.no_grad():
        model[0].weight.fill_(float("nan"))
    for step in range(1, 9):
        with pytest.warns(UserWarning, match="NaN in the layers"):
            recorder.update(step)
    curve = Curve("accuracy", np.arange(9), np.linspace(0, 1, 9), "training")
    recorder.to_html(tmp_path / "page.html", curves=[curve])
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    data = unpacked(text)
    assert data["switches"] == [{"name": "sample", "values": ["training", "held-out"]}]
    expected = recorder.plane("held-out").i_ty[0, 0]
    shown = [column[0] for column in view_of(data, "held-out")["columns"]["i_ty"]]
    np.testing.assert_allclose(shown, expected, rtol=1e-5)
    assert view_of(data, "training")["columns"]["i_ty"][0][1:] == [None] * 8
    assert [one["name"] for one in data["curves"]] == ["accuracy"]
    assert "Step 1, 1: all of it NaN; it was not read there" in text
    assert "... and 6 more" in text


def test_a_page_opens_with_the_measure_that_most_verdicts_support(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    x = torch.tensor(rng.normal(size=(300, 40)) + 3 * y[:, None]).float()
    recorder = fastmi.watch(nn.Sequential(nn.Linear(40, 40), nn.ReLU()), {"held-out": (x, y)})
    recorder.update(0)
    assert recorder.verdicts["counted/verdict/1"] == "unresolved"
    recorder.to_html(tmp_path / "page.html")
    measures = unpacked((tmp_path / "page.html").read_text(encoding="utf-8"))["switches"][0]
    assert [words.split(":")[0] for words in measures["values"]] == ["vector-quantized", "counted"]
