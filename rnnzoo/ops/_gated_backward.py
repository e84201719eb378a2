"""The backward loop of the fast gated recurrence.

It works through chunks of steps, last first. For each chunk it evaluates every pointwise update once for all its steps
and takes all partial derivatives (an update's channels are independent, so one sweep an output gives them); what is
left for the loop is a multiply-add for each of them and a product for each stage. Gradients of what does not feed the
recurrence (inputs, vectors, weights) are then taken from the whole chunk at once. A chunk is small enough to stay in
the cache, and nothing of the size of the sequence is kept beyond what the forward kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from rnnzoo.ops._gated_forward import Trace
from rnnzoo.ops._gated_plan import Plan
from rnnzoo.ops._gated_stages import PointwiseStage, RowwiseStage

CHUNK_ELEMENTS = 1 << 17  # of one value in a chunk: half a megabyte in float32

Grads = list["Tensor | None"]


@dataclass(frozen=True)
class Needs:
    """Which gradients the caller wants."""

    inputs: bool
    input_weight: bool
    input_bias: bool
    state: bool
    weights: Sequence[bool]
    biases: Sequence[bool]
    vectors: Sequence[bool]

    @property
    def hoisted(self) -> bool:
        """Whether the gradient of the hoisted product is needed by anything."""
        return self.inputs or self.input_weight or self.input_bias


class Backward:
    """One backward pass; ``run`` fills the gradients."""

    def __init__(self, plan: Plan, trace: Trace, needs: Needs, grad_y: Tensor | None, grad_final: Grads) -> None:
        self.plan, self.trace, self.needs, self.grad_y, self.grad_final = plan, trace, needs, grad_y, grad_final
        self.starts = [0, *accumulate(trace.sizes)]
        rows = trace.hoisted.shape[0]
        x = trace.hoisted if trace.inputs is None else trace.inputs
        zeros = torch.zeros_like
        self.inputs = x.new_empty(rows, x.shape[1]) if needs.inputs else None
        self.input_weight = zeros(trace.input_weight) if needs.input_weight and trace.input_weight is not None else None
        self.input_bias = trace.hoisted.new_zeros(trace.hoisted.shape[1]) if needs.input_bias else None
        self.state: Grads = [None] * plan.states
        self.weights = [
            zeros(w) if n and w is not None else None for w, n in zip(trace.weights, needs.weights, strict=True)
        ]
        self.biases = [
            w.new_zeros(w.shape[0]) if n and w is not None else None
            for w, n in zip(trace.weights, needs.biases, strict=True)
        ]
        self.vectors = [zeros(v) if n else None for v, n in zip(trace.vectors, needs.vectors, strict=True)]

    def run(self) -> None:
        """Go through the chunks, last first."""
        sizes, steps = self.trace.sizes, len(self.trace.sizes)
        widest = max([value.shape[1] for value in self.trace.values.values()], default=1)
        length = max(1, CHUNK_ELEMENTS // (sizes[0] * max(widest, 1)))
        for stop in range(steps, 0, -length):
            Chunk(self, max(stop - length, 0), stop).run()

    def widen(self, t: int) -> None:
        """Let the sequences that end at step ``t`` enter, each with the gradient of its final state."""
        n = self.trace.sizes[t]
        before = self.trace.sizes[t + 1] if t + 1 < len(self.trace.sizes) else 0
        if before == n:
            return
        for i, final in enumerate(self.grad_final):
            carried = self.state[i]
            if before == 0:
                self.state[i] = None if final is None else final[:n]
            else:
                self.state[i] = _stacked(carried, None if final is None else final[before:n], before, n - before)


def _stacked(top: Tensor | None, end: Tensor | None, top_rows: int, end_rows: int) -> Tensor | None:
    """``top`` over ``end``, where ``None`` stands for zeros; ``None`` where both are."""
    some = top if top is not None else end
    if some is None:
        return None
    top = some.new_zeros(top_rows, some.shape[1]) if top is None else top
    end = some.new_zeros(end_rows, some.shape[1]) if end is None else end
    return torch.cat([top, end])


class Chunk:
    """The steps ``first <= t < stop`` of a backward pass."""

    def __init__(self, whole: Backward, first: int, stop: int) -> None:
        self.whole, self.plan, self.trace = whole, whole.plan, whole.trace
        self.first, self.stop = first, stop
        self.sizes = self.trace.sizes[first:stop]
        self.rows = slice(whole.starts[first], whole.starts[stop])
        self.read: dict[int, Tensor] = {}

    def value(self, ref: int) -> Tensor:
        """A value over the chunk's rows: a result, a vector, or a state as each step begins; (rows, N)."""
        if ref in self.plan.vectors:
            vector = self.trace.vectors[ref - self.plan.states]
            return vector.expand(self.rows.stop - self.rows.start, -1)
        if ref not in self.read:
            results = self.trace.values
            self.read[ref] = self._before(ref) if ref < self.plan.states else results[ref][self.rows]
        return self.read[ref]

    def _before(self, ref: int) -> Tensor:
        sizes, starts = self.trace.sizes, self.whole.starts
        results, begin = self.trace.values[self.plan.final[ref]], max(self.first, 1)
        pieces = [self.trace.state[ref]] if self.first == 0 else []
        if begin < self.stop:
            if sizes[begin - 1] == sizes[self.stop - 1]:
                pieces.append(results[starts[begin - 1] : starts[self.stop - 1]])
            else:
                pieces += [results[starts[t - 1] :][: sizes[t]] for t in range(begin, self.stop)]
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def run(self) -> None:
        """Differentiate the updates, run the loop, then gather what the chunk gives as a whole."""
        whole, plan, trace = self.whole, self.plan, self.trace
        hoisted = trace.hoisted[self.rows]
        direct = whole.inputs is not None and trace.inputs is None
        grad_hoisted = whole.inputs[self.rows] if direct and whole.inputs is not None else torch.empty_like(hoisted)
        stages = [
            (PointwiseStage if step.stage.pointwise else RowwiseStage)(self, i, step, hoisted, grad_hoisted)
            for i, step in enumerate(plan.steps)
        ]
        grad_ys = None if whole.grad_y is None else whole.grad_y[self.rows].split(self.sizes)
        for t in range(self.stop - 1, self.first - 1, -1):
            whole.widen(t)
            at = t - self.first
            grads: Grads = [None] * plan.values
            for carried, ref in zip(whole.state, plan.final, strict=True):
                grads[ref] = carried
            if grad_ys is not None:
                so_far = grads[plan.output]
                grads[plan.output] = grad_ys[at] if so_far is None else so_far + grad_ys[at]
            last = t == 0 and not whole.needs.state
            for stage in reversed(stages):
                stage.step(at, grads, last)
            whole.state = grads[: plan.states]
        for stage in stages:
            stage.finish()
        self._inputs(grad_hoisted, direct)

    def _inputs(self, grad_hoisted: Tensor, direct: bool) -> None:
        whole, trace = self.whole, self.trace
        if whole.input_weight is not None and trace.inputs is not None:
            whole.input_weight.addmm_(grad_hoisted.t(), trace.inputs[self.rows])
        if whole.input_bias is not None:
            whole.input_bias += grad_hoisted.sum(0)
        if whole.inputs is not None and not direct and trace.input_weight is not None:
            torch.mm(grad_hoisted, trace.input_weight, out=whole.inputs[self.rows])
