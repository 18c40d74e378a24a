"""A module that Lightning trains: its recorder, its log, and a training that is as it was alone."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import fastmi
from tests.fastmi.callbacks.frameworks import framework
from tests.fastmi.recorders.models import samples

pl = framework("lightning.pytorch")
from lightning.pytorch.loggers import CSVLogger  # noqa: E402

from fastmi.callbacks.lightning import Watch  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")
X, Y = samples(64)
HELD_OUT = {"held-out": samples(40, seed=9)}


class Net(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Dropout(0.2), nn.Linear(3, 2))

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, _):
        x, y = batch
        loss = nn.functional.cross_entropy(self(x), y)
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.5)


def fitted(folder, *callbacks, epochs=3, **options):
    torch.manual_seed(0)
    model = Net()
    loader = DataLoader(TensorDataset(X, Y), batch_size=16, shuffle=True)
    options = {"logger": CSVLogger(folder), "enable_checkpointing": False} | options
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=list(callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        **options,
    )
    trainer.fit(model, loader)
    return model, trainer


def test_one_line_records_every_epoch_and_leaves_the_training_as_it_was(tmp_path):
    watch = Watch(HELD_OUT, layers=nn.ReLU)
    assert watch.recorder is None
    watched, trainer = fitted(tmp_path, watch)
    alone, _ = fitted(tmp_path)
    assert watch.recorder.steps == [0, 1, 2, 3]
    for mine, other in zip(watched.parameters(), alone.parameters(), strict=True):
        assert torch.equal(mine, other)
    plane = watch.recorder.plane(measure="counted")
    assert (plane.layers, plane.sample, plane.data) == (("net.1",), "held-out", "Net")
    last = float(trainer.callback_metrics["counted/i_ty/net.1"])
    assert last == pytest.approx(plane.i_ty[-1, 0, 0])
    again = fastmi.watch(watched, HELD_OUT, plane_bins(watch), layers=nn.ReLU).update(0)
    assert again["i_ty/net.1"] == plane.i_ty[-1, 0, 0]
    watch.recorder.plot()


def plane_bins(watch):
    return watch.recorder._estimators.bins["counted"]


def test_numbers_stand_in_the_log_of_the_trainer(tmp_path):
    watch = Watch(HELD_OUT, layers=nn.ReLU)
    fitted(tmp_path, watch)
    lines = (tmp_path / "lightning_logs" / "version_0" / "metrics.csv").read_text().splitlines()
    names = lines[0].split(",")
    at = names.index("counted/i_ty/net.1")
    logged = [float(line.split(",")[at]) for line in lines[1:] if line.split(",")[at]]
    assert logged == pytest.approx(watch.recorder.plane(measure="counted").i_ty[:, 0, 0].tolist())


def test_every_so_many_steps(tmp_path):
    watch = Watch(HELD_OUT, every_n_steps=5, module=lambda module: module.net, layers="1")
    fitted(tmp_path, watch)
    assert watch.recorder.steps == [0, 5, 10]
    assert watch.recorder.plane(measure="counted").layers == ("1",)


def test_a_number_may_be_monitored(tmp_path):
    stop = pl.callbacks.EarlyStopping(
        "counted/chance/net.1", patience=0, mode="max", check_on_train_epoch_end=True
    )
    watch = Watch(HELD_OUT, layers=nn.ReLU)
    fitted(tmp_path, watch, stop, epochs=50)
    assert len(watch.recorder.steps) < 51


def test_other_ranks_read_only_when_they_merge(tmp_path):
    class Elsewhere:
        is_global_zero, current_epoch, global_step, loggers = False, 0, 0, ()

    watch = Watch(HELD_OUT, layers=nn.ReLU)
    watch.on_train_start(Elsewhere(), Net())
    watch.on_train_epoch_end(Elsewhere(), None)
    assert watch.recorder is None
    merging = Watch(HELD_OUT, layers=nn.ReLU, merge_ranks=True)
    merging.on_train_start(Elsewhere(), Net())
    assert merging.recorder.steps == [0]


def test_bad_options_are_said():
    with pytest.raises(ValueError, match="every_n_steps"):
        Watch(HELD_OUT, every_n_steps=0)
