"""``--compile``: the model through ``torch.compile``, where its cell declares that and where it is quicker here."""

from __future__ import annotations

import contextlib
import itertools
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.strategies import FSDPStrategy

from rnnzoo.bench.errors import TableError

LOOKED_AT = 8  # batches among which different shapes are looked for
SHAPES = 3  # of which so many are timed
ROUNDS = 5  # times each, the two ways in turn
FEW = 8  # graphs made during a training that are not worth a word: other modes, the last batch of an epoch


@dataclass(frozen=True)
class Verdict:
    """What was found about a compiled model on this machine."""

    used: bool
    why: str
    ratio: float | None = None  # compiled step over eager step; None where it was not measured
    graphs: int = 0  # compiled for the batches that were tried

    def to_dict(self) -> dict[str, Any]:
        """Its primitives, for a result row."""
        return asdict(self)


def judge(pairs: Sequence[tuple[float, float]], graphs: int) -> Verdict:
    """Whether to go on compiled, from the seconds of (eager, compiled) steps, each pair of one batch.

    What counts is the median of the pairs' ratios: one step that something else held up does not decide.
    """
    ratio = statistics.median(compiled / eager for eager, compiled in pairs)
    what = f"a compiled step takes {ratio:.2f} times an eager one"
    if ratio < 1:
        return Verdict(True, f"{what}: the training is compiled", round(ratio, 3), graphs)
    return Verdict(False, f"{what}: the training goes on without --compile", round(ratio, 3), graphs)


class Compile(Callback):
    """Compiles the model before the first step, times both ways on the training's first batches, and keeps the quicker.

    Nothing of it reaches the training: batches come from a loader of its own, gradients are not kept, and buffers,
    modes and random states are put back. Where the first batches have different shapes, lengths and rows are unknowns
    of the graphs; a model that is compiled anew even so, for every length, goes on without. So does one that cannot be
    compiled here. Of several processes the first one decides. It stands before callbacks that measure memory.

    Args:
        tell: what is done with the sentence that says what was found.
        backend: of ``torch.compile``.
        clock: gives seconds.

    Attributes:
        verdict: what was found; None before.
    """

    def __init__(
        self,
        tell: Callable[[str], None] | None = None,
        *,
        backend: Any = "inductor",
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.tell = tell or _say
        self.backend = backend
        self.clock = clock or time.perf_counter
        self.verdict: Verdict | None = None
        self._graphs = 0

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compile, time, decide, tell; the model is on its device by now."""
        if isinstance(trainer.strategy, FSDPStrategy):
            raise TableError("--compile: FSDP leaves no device the whole model; use the strategy ddp.")
        torch.compiler.reset()  # an earlier run's graphs count against the number that torch allows a function
        with untouched(pl_module):
            found = self._try(trainer, pl_module)
        self.verdict = trainer.strategy.broadcast(found)
        if not self.verdict.used:
            _forget(pl_module)
        self._graphs = _graphs()
        if trainer.is_global_zero:
            self.tell(f"--compile: {self.verdict.why}.")

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell where torch had to compile again and again."""
        more = _graphs() - self._graphs
        if trainer.is_global_zero and self.verdict and self.verdict.used and more > FEW:
            self.tell(f"--compile: torch made {more} more graphs during the training, for batches of other shapes.")

    def _try(self, trainer: Trainer, module: LightningModule) -> Verdict:
        batches = list(itertools.islice(trainer.datamodule.train_dataloader(), LOOKED_AT))  # type: ignore[attr-defined]
        shapes = {_shape(batch): batch for batch in reversed(batches)}
        timed = [trainer.strategy.batch_to_device(batch) for batch in list(shapes.values())[:SHAPES]]
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]

        def step(batch: Any) -> float:
            begin = self.clock()
            with trainer.precision_plugin.forward_context():
                losses = module.losses(module(batch.inputs, batch.lengths), batch)  # type: ignore[operator]
                total = (losses * batch.weights).sum()
            torch.autograd.grad(total, parameters, allow_unused=True)
            if module.device.type == "cuda":
                torch.cuda.synchronize(module.device)
            return self.clock() - begin

        for batch in timed:
            step(batch)
        before, made = _graphs(), 0
        try:
            module.compile(backend=self.backend, dynamic=True if len(shapes) > 1 else None)
            for number, batch in enumerate(timed):
                step(batch)
                if number and _graphs() - before > made:
                    return Verdict(
                        False,
                        "torch compiles it anew for every length: the training goes on without",
                        None,
                        _graphs() - before,
                    )
                made = _graphs() - before
            pairs = []
            for _ in range(ROUNDS):
                for batch in timed:
                    with _eagerly(module):
                        eager = step(batch)
                    pairs.append((eager, step(batch)))
        except Exception as error:  # whatever a compiler has to say, it is to cost no training
            return Verdict(False, f"torch.compile failed, the training goes on without: {_reason(error)}")
        return judge(pairs, made)


@contextlib.contextmanager
def untouched(module: LightningModule) -> Iterator[None]:
    """Inside, a module in training mode; after it, its buffers, its modes and the random states are what they were."""
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    modes = {part: part.training for part in module.modules()}
    devices = [module.device] if module.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        module.train()
        try:
            yield
        finally:
            for part, mode in modes.items():
                part.training = mode
            with torch.no_grad():
                for name, buffer in module.named_buffers():
                    buffer.copy_(buffers[name])


@contextlib.contextmanager
def _eagerly(module: torch.nn.Module) -> Iterator[None]:
    """Inside, a call of a compiled module runs its own code."""
    compiled = module._compiled_call_impl
    _forget(module)
    try:
        yield
    finally:
        module._compiled_call_impl = compiled


def _forget(module: torch.nn.Module) -> None:
    """Undo ``module.compile()``; torch has no call for it."""
    module._compiled_call_impl = None


def _shape(batch: Any) -> tuple[tuple[int, ...], ...]:
    inputs = batch.inputs.values() if isinstance(batch.inputs, dict) else [batch.inputs]
    return tuple(tuple(value.shape) for value in inputs)


def _graphs() -> int:
    """How many graphs torch has compiled in this process."""
    from torch._dynamo.utils import counters  # nothing public counts them

    return int(counters["stats"]["unique_graphs"])


def _reason(error: Exception) -> str:
    """The two lines in which torch says what failed and what that said."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}"


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
