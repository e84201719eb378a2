"""The norms are those of the gradients, measured when they say, and kept where they say."""

import csv

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.loggers import CSVLogger
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.callbacks import GradientNorms
from rnnzoo.callbacks.gradient_norms import read_gradient_norms
from rnnzoo.tasks.sequence_classification import SequenceClassifier


class Witness(Callback):
    """Keeps the gradients themselves."""

    def __init__(self):
        self.before, self.after = [], []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self.before.append({name: p.grad.clone() for name, p in pl_module.named_parameters()})

    def on_after_clipping(self, trainer, pl_module):
        self.after.append({name: p.grad.clone() for name, p in pl_module.named_parameters()})


def train(folder, norms, *more, **options):
    torch.manual_seed(0)
    trainer = quiet_trainer(folder, callbacks=[norms, *more], **{"max_epochs": 1, **options})
    trainer.fit(SequenceClassifier(spec(), "none"), loader([make_batch(4, seed=seed) for seed in range(5)]))


def test_norms_are_those_of_the_gradients_before_and_after_clipping(tmp_path):
    norms, witness = GradientNorms(every_n_steps=2, path=tmp_path / "n.csv"), Witness()
    train(tmp_path, norms, witness, gradient_clip_val=0.1)
    assert {row.step for row in norms.history} == {0, 2, 4}
    for row in norms.history:
        for kept, value in ((witness.before[row.step], row.before), (witness.after[row.step], row.after)):
            parts = kept.values() if row.tensor == "total" else [kept[row.tensor]]
            assert value == pytest.approx(sum(float(g.double().square().sum()) for g in parts) ** 0.5, rel=1e-5)
    totals = [row for row in norms.history if row.tensor == "total"]
    assert all(row.after == pytest.approx(0.1, rel=1e-4) and row.before > 0.1 for row in totals)


def test_the_file_holds_the_history(tmp_path):
    norms = GradientNorms(every_n_steps=2)
    train(tmp_path, norms)
    assert read_gradient_norms(tmp_path / "gradient_norms.csv") == norms.history


def test_a_new_run_begins_a_new_file(tmp_path):
    for _ in range(2):
        norms = GradientNorms(every_n_steps=2, path=tmp_path / "n.csv")
        train(tmp_path, norms)
    assert len(read_gradient_norms(tmp_path / "n.csv")) == len(norms.history) == 3 * 4


def test_a_line_cut_short_is_left_out(tmp_path):
    path = tmp_path / "n.csv"
    train(tmp_path, GradientNorms(path=path))
    whole = read_gradient_norms(path)
    path.write_text(path.read_text() + "7,head.we")
    assert read_gradient_norms(path) == whole


def test_another_file_is_refused(tmp_path):
    (tmp_path / "n.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="expected the columns step, tensor, before, after"):
        read_gradient_norms(tmp_path / "n.csv")


def test_loggers_get_them_at_their_step(tmp_path):
    logger = CSVLogger(tmp_path, name="", version="")
    norms = GradientNorms(every_n_steps=3)
    train(tmp_path, norms, logger=logger, log_every_n_steps=1)
    with (tmp_path / "metrics.csv").open(newline="") as file:
        found = [row for row in csv.DictReader(file) if row["gradient_norm/total"]]
    totals = [row for row in norms.history if row.tensor == "total"]
    assert [int(row["step"]) for row in found] == [row.step for row in totals] == [0, 3]
    assert [float(row["gradient_norm/total"]) for row in found] == pytest.approx([row.before for row in totals])
    assert {"gradient_norm/head.bias", "gradient_norm/total_clipped"} <= found[0].keys()


def test_impossible_intervals_are_refused():
    with pytest.raises(ValueError, match="every_n_steps is 0"):
        GradientNorms(every_n_steps=0)
