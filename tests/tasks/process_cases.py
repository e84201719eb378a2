"""Every task trained by 1, 2 and 3 processes, for ``test_processes``: ``python process_cases.py FOLDER``.

The processes are forked once for each number of them. The first of each writes FOLDER/<number>.json: what a case gave.
"""

import functools
import inspect
import json
import os
import socket
import sys
import warnings
from pathlib import Path

import torch
from lightning.pytorch import Callback, Trainer, seed_everything
from lightning.pytorch.strategies import ModelParallelStrategy
from torch import distributed, multiprocessing
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor

from rnnzoo.callbacks import EarlyStop
from rnnzoo.registry import DATA, TASKS

NUMBERS = (1, 2, 3)
BY_THREE = ("sequence_classification", "language_model")  # of independent rows, and of streams; the others by 1 and 2
STEPS = 8
BATCH = 5  # divides by none of the numbers of processes but 1, nor by their products with the parts
EVALUATION_BATCH = 2
SPREAD = [("mean", 1), ("mean", 3), ("sum", 2)]  # reduction of the loss, parts of a batch
ALONE = [*SPREAD, ("sum", 1)]


@functools.cache
def cases():
    """A task with a dataset of each sort that it accepts: of tokens and of channels, of rows and of streams.

    Where there is a choice, one whose rows differ in length.
    """
    found = {}
    for task in TASKS.entries():
        for data in DATA.entries():
            if data.kind in task.accepts:
                tiny = data.target.tiny()
                ragged = len({int(batch.lengths.min()) for batch in tiny.loader("train", batch_size=1)}) > 1
                sort = (task.name, data.kind, tiny.spec["input"], tiny.spec["streaming"])
                found.setdefault(sort, {})[ragged] = (task.name, data.name)
    return [choice.get(True) or choice[False] for choice in found.values()]


def cases_of(number):
    """Those that so many processes make."""
    return [case for case in cases() if number < 3 or case[0] in BY_THREE]


class Losses(Callback):
    """The loss of every step, as it is logged."""

    def __init__(self):
        self.values = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.global_step > len(self.values):
            self.values.append(float(trainer.callback_metrics["train/loss_step"]))


def make(case, reduction="mean", parts=1, sharded=False, **settings):
    """The data and the model of a case, the same in every process; nothing is dropped at random."""
    seed_everything(1, verbose=False)
    task, data = (registry.entry(name) for registry, name in zip((TASKS, DATA), case, strict=True))
    module = data.target.tiny()
    module.batch_size, module.eval_batch_size = BATCH, EVALUATION_BATCH
    module.bucketing = True
    module.take_steps_in(parts)
    kept = {name: 0.0 for name in inspect.signature(task.target).parameters if name.endswith("dropout")}
    target = type("Sharded", (task.target,), {"configure_model": shard}) if sharded else task.target
    return module, target(module.spec, loss_reduction=reduction, **kept, **settings)


def shard(task):
    """Lightning's hook: each process keeps its share of every parameter, as FSDP has it; this one runs on CPUs too."""
    if not isinstance(task, FSDPModule):
        fully_shard(task, mesh=task.device_mesh["data_parallel"])


def trainer(number, folder, **options):
    """A quiet Trainer of all the processes."""
    return Trainer(
        accelerator="cpu", devices=number, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, default_root_dir=folder, **options,
    )  # fmt: skip


def measure(case, number, folder):
    """The numbers of validation and test before any training, so that the weights are the same."""
    data, task = make(case)
    one = trainer(number, folder)
    one.validate(task, datamodule=data, verbose=False)
    one.test(task, datamodule=data, verbose=False)
    return task.results


def train(case, number, folder, reduction, parts, sharded=False):
    """The losses of the first steps, and validation and test behind them."""
    data, task = make(case, reduction, parts, sharded)
    losses = Losses()
    strategy = ModelParallelStrategy(data_parallel_size=number, tensor_parallel_size=1) if sharded else "auto"
    one = trainer(
        number, folder, callbacks=[losses], max_steps=STEPS, log_every_n_steps=1, accumulate_grad_batches=parts,
        strategy=strategy,
    )  # fmt: skip
    one.fit(task, datamodule=data)
    assert sharded == isinstance(one.optimizers[0].param_groups[0]["params"][0], DTensor)
    one.test(task, datamodule=data, verbose=False)
    return {"losses": losses.values, "results": task.results}


def stop(case, number, folder):
    """The step at which the training was stopped early, in each process; and how many it would have had."""
    data, task = make(case, optimizer="sgd", learning_rate=3.0)
    metric = next(m.name for m in sorted(task.metric_specs, key=lambda m: m.higher_is_better))
    one = trainer(number, folder, callbacks=[EarlyStop(metric, patience=1)], max_epochs=30)
    one.fit(task, datamodule=data)
    stops = [one.global_step] * number
    if number > 1:
        distributed.all_gather_object(stops, one.global_step)
    return stops, one.estimated_stepping_batches


def work(rank, number, port, folder):
    """One of ``number`` processes."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(number), LOCAL_WORLD_SIZE=str(number), GROUP_RANK="0",
        MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), TORCHELASTIC_RUN_ID="test",
    )  # fmt: skip
    found = {}
    for case in cases_of(number):
        of = functools.partial(train, case, number, folder)
        trained = {
            f"{reduction} {parts}": of(reduction, parts) for reduction, parts in (ALONE if number == 1 else SPREAD)
        }
        if number > 1:
            trained["sharded"] = of("mean", 3, sharded=True)
        stops, steps = stop(case, number, folder)
        given = {**trained, "untrained": measure(case, number, folder), "stops": stops, "all steps": steps}
        found["-".join(case)] = given
    if rank == 0:
        (Path(folder) / f"{number}.json").write_text(json.dumps(found))


def free_port():
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


if __name__ == "__main__":
    for how_many in NUMBERS:
        multiprocessing.start_processes(
            work, args=(how_many, free_port(), sys.argv[1]), nprocs=how_many, start_method="fork"
        )
