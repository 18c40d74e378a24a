"""A model that transformers' Trainer trains: its recorder, its log, and the same weights."""

import pytest
import torch
from torch import nn

from tests.fastmi.callbacks.frameworks import framework

transformers = framework("transformers")
from fastmi.callbacks.transformers import Watch  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")
TOKENS = torch.randint(0, 20, (64, 6), generator=torch.Generator().manual_seed(1))
LABELS = (TOKENS[:, 0] > 9).long()
ROWS = [{"input_ids": ids, "labels": y} for ids, y in zip(TOKENS, LABELS, strict=True)]
HELD_OUT = {"held-out": ROWS[48:]}


def trained(folder, callback=None, log=False, **options):
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=8,
        num_labels=2,
    )
    model = transformers.BertForSequenceClassification(config)
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=3,
        per_device_train_batch_size=16,
        report_to=[],
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
        seed=0,
        logging_steps=1,
    )
    trainer = transformers.Trainer(model, arguments, train_dataset=ROWS[:48])
    if callback is not None:
        trainer.add_callback(callback(trainer) if log else callback)
    trainer.train()
    return trainer


OPTIONS = {"layers": "bert.encoder.layer.0", "pool": "first"}


def test_one_line_records_every_epoch_and_leaves_the_training_as_it_was(tmp_path):
    watch = Watch(HELD_OUT, **OPTIONS)
    watched, alone = trained(tmp_path, watch), trained(tmp_path)
    assert watch.recorder.steps == [0, 1, 2, 3]
    for mine, other in zip(watched.model.parameters(), alone.model.parameters(), strict=True):
        assert torch.equal(mine, other)
    history = [
        line for line in watched.state.log_history if "counted/i_ty/bert.encoder.layer.0" in line
    ]
    values = watch.recorder.plane(measure="counted").i_ty[:, 0, 0].tolist()
    assert [line["counted/i_ty/bert.encoder.layer.0"] for line in history] == values
    assert [line["step"] for line in history] == [0, 3, 6, 9]
    watch.recorder.plot()


def test_by_its_trainer_numbers_reach_what_it_reports_to(tmp_path):
    said = []

    class Reporter(transformers.TrainerCallback):
        def on_log(self, args, state, control, logs=None, **kwargs):
            said.append(logs)

    made = []

    def both(trainer):
        trainer.add_callback(Reporter)
        made.append(Watch(HELD_OUT, every_n_steps=4, log=trainer.log, **OPTIONS))
        return made[0]

    trained(tmp_path, both, log=True)
    name = "counted/i_xt/bert.encoder.layer.0"
    assert made[0].recorder.steps == [0, 4, 8]
    plane = made[0].recorder.plane(measure="counted")
    assert [logs[name] for logs in said if name in logs] == plane.i_xt[:, 0, 0].tolist()


def test_other_ranks_do_not_read():
    state = transformers.TrainerState(is_world_process_zero=False)
    watch = Watch(HELD_OUT, **OPTIONS)
    watch.on_train_begin(None, state, None, model=nn.Linear(2, 2))
    watch.on_epoch_end(None, state, None)
    assert watch.recorder is None


def test_bad_options_are_said():
    with pytest.raises(ValueError, match="every_n_steps"):
        Watch(HELD_OUT, every_n_steps=0)
    with pytest.raises(TypeError, match="log"):
        Watch(HELD_OUT, log="tensorboard")
