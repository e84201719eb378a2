"""Trainings that are cut off like by a power cut, and what is looked at to see whether going on changed anything."""

import torch
from lightning.pytorch import Callback, seed_everything
from training import quiet_trainer

from rnnzoo.callbacks import BestCheckpoint, EarlyStop, GradientNorms, NonFinite, ResumePoint, Throughput
from rnnzoo.callbacks.gradient_norm_trace import GradientNormTrace
from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.tasks.sequence_classification import SequenceClassifier

DATA = {"length": 5, "batch_size": 50, "shuffle": True}  # 6 batches an epoch


class CutOff(Exception):
    pass


class CutOffAt(Callback):
    """Ends the training at the n-th thing that happens in it."""

    def __init__(self, moment):
        self.left = moment

    def count(self, *_):
        self.left -= 1
        if self.left == 0:
            raise CutOff

    on_train_epoch_start = on_train_batch_start = on_before_optimizer_step = on_validation_batch_start = count
    on_validation_end = on_train_epoch_end = count

    def on_train_batch_end(self, *_):
        self.count()


class Seen(Callback):
    """What a training shows, by the step in which it does: later parts of a training overwrite earlier ones."""

    def __init__(self):
        self.losses, self.validations, self.epochs, self.rates = {}, {}, {}, {}

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        key = (trainer.current_epoch, batch_idx)
        self.losses[key] = (float(outputs["loss"]), batch.inputs.sum().item())
        self.rates[key] = trainer.optimizers[0].param_groups[0]["lr"]

    def on_validation_end(self, trainer, module):
        found = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("val/")}
        self.validations[trainer.global_step, trainer.current_epoch] = found

    def on_train_epoch_end(self, trainer, module):
        if trainer.is_last_batch:
            self.epochs[trainer.current_epoch] = (float(module.train_loss.total), float(module.train_loss.weight))


def train(folder, seen, *more, checkpoint=None, model=None, every=0.0, **options):
    """A small training; gives everything that is to be the same however often it was interrupted."""
    seed_everything(3, verbose=False)
    data = DigitSum(**DATA)
    data.bucketing = True
    settings = {"hidden_size": 8, "dropout": 0.3, "schedule": "cosine", "warmup": 0.1, **(model or {})}
    task = SequenceClassifier(data.spec, "gru", **settings)
    best, speed, stop = BestCheckpoint("loss", dirpath=folder), Throughput(), EarlyStop("loss", patience=30)
    norms, trace = GradientNorms(every_n_steps=3, path=folder / "norms.csv"), GradientNormTrace()
    resume = ResumePoint(folder / "last.ckpt", every_seconds=every)
    callbacks = [seen, *more, NonFinite(), trace, norms, speed, stop, resume, best]
    trainer = quiet_trainer(folder, callbacks=callbacks, **{"max_epochs": 3, **options})
    try:
        trainer.fit(task, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    except CutOff:
        return None
    return {
        "weights": torch.nn.utils.parameters_to_vector(task.parameters()).detach(),
        "random": torch.rand(4),
        "losses": seen.losses,
        "rates": seen.rates,
        "validations": seen.validations,
        "epochs": seen.epochs,
        "best": (best.best_step, best.best_results, float(best.best_model_score)),
        "speed": (speed.samples, speed.steps),
        "norms": (norms.history, (folder / "norms.csv").read_text()),
        "trace": trace.records,
        "stop": (stop.wait_count, float(stop.best_score)),
        "counters": (trainer.current_epoch, trainer.global_step, trainer.fit_loop.epoch_loop._batches_that_stepped),
    }


def differences(found, expected):
    """The names of what is not the same to the last bit."""
    return [
        name
        for name, value in expected.items()
        if not (torch.equal(value, found[name]) if isinstance(value, torch.Tensor) else value == found[name])
    ]
