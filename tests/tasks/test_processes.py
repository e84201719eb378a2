"""Two processes measure, and learn, what one does."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import itertools, json, sys, warnings
import torch
from lightning.pytorch import Trainer
from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.tasks.sequence_classification import SequenceClassifier

warnings.simplefilter("ignore")
torch.set_num_threads(1)
found = []
for processes, accumulated, reduction in itertools.product((2, 1), (1, 4), ("mean", "sum")):
    torch.manual_seed(0)
    data = DigitSum(length=5, batch_size=14 // processes, eval_batch_size=33)  # 300 and 100 rows: fillers, and a rest
    task = SequenceClassifier(
        data.spec, "gru", hidden_size=8, optimizer="sgd", loss_reduction=reduction,
        learning_rate=0.5 if reduction == "mean" else 0.5 / 14,
    ).double()
    trainer = Trainer(
        accelerator="cpu", devices=processes, strategy="ddp_fork" if processes > 1 else "auto", max_epochs=1,
        accumulate_grad_batches=accumulated, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, default_root_dir=sys.argv[1],
    )
    trainer.fit(task, datamodule=data)
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
    weights = torch.nn.utils.parameters_to_vector(task.parameters()).tolist()
    found.append({"processes": processes, "how": [accumulated, reduction], "metrics": metrics, "weights": weights})
with open(sys.argv[1] + "/found.json", "w") as file:
    json.dump(found, file)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
def test_one_process_and_two_agree(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    found = {(run["processes"], *run["how"]): run for run in json.loads((tmp_path / "found.json").read_text())}
    assert len(found) == 8
    for how in itertools.product((1, 4), ("mean", "sum")):
        one, two = found[(1, *how)], found[(2, *how)]
        for name in ("val/accuracy", "val/loss", "train/loss"):
            assert two["metrics"][name] == pytest.approx(one["metrics"][name], rel=1e-6), name
        assert two["weights"] == pytest.approx(one["weights"], rel=1e-6, abs=1e-9)
