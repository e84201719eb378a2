"""Mixed precision on a GPU: float16 with loss scaling and bfloat16 learn what float32 learns, and nothing stops them.

    python benchmarks/gpu/precision.py [--tiny] [--cpu] --out FOLDER

It prints whether each promise is kept, writes FOLDER/gpu_precision.jsonl, and ends with status 1 where one is missed:

- digit-sum (length 10, clipped to norm 1, `NonFinite` at every step): the training's loss of the last tenth
  of the steps is at most 2 % (and 0.01 nats) above float32's, the mean over the seeds, for cells of each kind;
- a loss scale that begins too high (2^24) costs the steps that it makes overflow, and no more;
- every registered layer: all losses of a short training on digit-sum are finite.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer, seed_everything
from lightning.pytorch.plugins import MixedPrecision

from rnnzoo.callbacks import NonFinite
from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.registry import LAYERS
from rnnzoo.tasks.sequence_classification import SequenceClassifier

CELLS = ("lstm", "gru", "peephole_lstm", "slstm", "mingru", "lru", "mamba", "rwkv4")
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
TOO_HIGH = 2.0**24


class Losses(Callback):
    """The loss of each step, without its scale, on the device until the end."""

    def __init__(self) -> None:
        self.found: list[torch.Tensor] = []

    def on_before_backward(self, trainer: Trainer, pl_module: Any, loss: torch.Tensor) -> None:
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        self.found.append(loss.detach() / (scaler.get_scale() if scaler else 1.0))


class Steps(Callback):
    """How many steps were taken: those that changed a weight."""

    def __init__(self) -> None:
        self.taken = 0
        self._before = torch.zeros(())

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
        self._before = pl_module.head_weight().clone()

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
        self.taken += int(not torch.equal(self._before, pl_module.head_weight()))


class Task(SequenceClassifier):
    """A classifier whose last layer can be looked at."""

    def head_weight(self) -> torch.Tensor:
        """The weight of the last layer."""
        return next(self.head.parameters()).detach()


def losses(cell: str, precision: str, seed: int, *, steps: int, device: str, scale: float | None = None) -> Any:
    """The losses of a training on digit-sum, and how many steps it took."""
    seed_everything(seed, verbose=False)
    data = DigitSum(length=10, batch_size=32, seed=seed)
    task = Task(data.spec, cell, hidden_size=32, embedding_size=32, learning_rate=5e-3)
    found, taken = Losses(), Steps()
    options: dict[str, Any] = {"precision": precision}
    if precision == "16-mixed":  # Lightning itself takes it on a GPU alone
        scaler = torch.amp.GradScaler(device, init_scale=scale or 2.0**16)
        options = {"plugins": [MixedPrecision("16-mixed", device, scaler)]}
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            accelerator="cpu" if device == "cpu" else "gpu", devices=1, max_steps=steps, max_epochs=-1, logger=False,
            gradient_clip_val=1.0, callbacks=[NonFinite(), found, taken], enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0, num_sanity_val_steps=0,
            default_root_dir=folder, **options,
        )  # fmt: skip
        trainer.fit(task, datamodule=data)
    return torch.stack(found.found).tolist(), taken.taken


class Promises:
    """What was promised and what was found, one line each."""

    def __init__(self, out: Path) -> None:
        self.path, self.missed = out / "gpu_precision.jsonl", 0
        out.mkdir(parents=True, exist_ok=True)

    def __call__(self, what: str, found: float, limit: float, **details: Any) -> None:
        """Print and write one; ``found`` is to be at most ``limit``."""
        kept = found <= limit
        self.missed += not kept
        print(f"{'KEPT  ' if kept else 'MISSED'} {what}: {found:.4f} (at most {limit:.4f})", flush=True)
        line = {"promise": what, "found": found, "limit": limit, "kept": kept, **details}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def main() -> int:
    """Check every promise; the number of those missed decides the status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="two cells, few steps")
    parser.add_argument("--cpu", action="store_true", help="on the CPU, to try this script itself")
    parser.add_argument("--out", required=True, type=Path, help="folder of the rows")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    device = "cpu" if given.cpu else "cuda"
    seeds, steps = (range(1), 20) if given.tiny else (range(3), 300)
    promise = Promises(given.out)
    about = {"device": device if given.cpu else torch.cuda.get_device_name(0), "steps": steps, "seeds": len(seeds)}
    for cell in CELLS[:2] if given.tiny else CELLS:
        last = {}
        for precision in PRECISIONS:
            runs = [losses(cell, precision, seed, steps=steps, device=device)[0] for seed in seeds]
            last[precision] = statistics.fmean(value for run in runs for value in run[-max(1, steps // 10) :])
        for precision in PRECISIONS[1:]:
            limit = 1.02 * last["32-true"] + 0.01
            promise(f"{cell} on digit-sum in {precision}, last loss", last[precision], limit, **about)
    found, taken = losses("gru", "16-mixed", 0, steps=steps, device=device, scale=TOO_HIGH)
    promise("gru in 16-mixed from a scale of 2^24, steps not taken", float(steps - taken), 16.0, **about)
    for name in LAYERS.names()[:2] if given.tiny else LAYERS.names():
        for precision in PRECISIONS[1:]:
            found, _ = losses(name, precision, 0, steps=5 if given.tiny else 20, device=device)
            bad = sum(value != value or abs(value) == float("inf") for value in found)
            promise(f"{name} in {precision}, losses that are not finite", float(bad), 0.0, **about)
    print(f"{promise.missed} missed")
    return 1 if promise.missed else 0


if __name__ == "__main__":
    sys.exit(main())
