"""The parts of the measurement, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from _measurement import Plan

from parts import crf, every, first_use, forecast, gated, growth, matrix, memory, native, scan, search, step

if TYPE_CHECKING:
    from _options import Options


class Part(NamedTuple):
    """One question about speed."""

    description: str
    plan: Callable[[Options], Plan]


PARTS: dict[str, Part] = {
    "gated": Part("every layer of torchrecurrent, ours against theirs", gated.plan),
    "all": Part("every layer against torch.nn.GRU and torch.nn.LSTM", every.plan),
    "native": Part("RNN, LSTM and GRU against torch.nn's, under two allocators", native.plan),
    "scan": Part("the scan against one addition; minGRU and minLSTM against minGRU-pytorch", scan.plan),
    "matrix": Part("the matrix recurrence, native and in chunks, against its loop and fla-core's", matrix.plan),
    "crf": Part("the conditional random field against pytorch-crf's and a loop over sentences", crf.plan),
    "search": Part("writing sentences in batches against one at a time; a beam of 5 against greedily", search.plan),
    "forecast": Part("a forecast of 720 steps, one told to the next, against steps of its layers", forecast.plan),
    "step": Part("one step of a stream, every layer against torch.nn's cells", step.plan),
    "memory": Part("peak memory of a training step, ours against the peers'", memory.plan),
    "growth": Part("time of a training step against T, B and H", growth.plan),
    "first-use": Part("building native code at first use, and the time without it", first_use.plan),
}
