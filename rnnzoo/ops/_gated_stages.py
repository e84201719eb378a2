"""How one stage is differentiated over a chunk of steps: pointwise updates at once, row-wise ones step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rnnzoo.ops._gated_plan import Step

if TYPE_CHECKING:
    from rnnzoo.ops._gated_backward import Chunk

Grads = list[Tensor | None]


class StageBackward:
    """What both kinds share: the arguments of the update over the chunk, and the recurrent product's gradients."""

    def __init__(self, chunk: Chunk, index: int, step: Step, hoisted: Tensor, grad_hoisted: Tensor) -> None:
        stage, trace, needs = step.stage, chunk.trace, chunk.whole.needs
        self.chunk, self.index, self.reads, self.writes, self.source = (
            chunk,
            index,
            step.reads,
            step.writes,
            step.source,
        )
        self.update, self.states = stage.update, chunk.plan.states
        self.weight = trace.weights[index]
        columns = grad_hoisted[:, step.columns]
        self.x = hoisted[:, step.columns].unflatten(1, (stage.inputs, step.size)) if stage.inputs else None
        self.grad_x = columns.unflatten(1, (stage.inputs, step.size)) if stage.inputs else None
        self.wants_x = stage.inputs > 0 and (stage.summed or needs.hoisted)
        self.summed = stage.summed
        self.u: Tensor | None = None
        self.grad_products: Tensor | None = None  # (rows, products * N)
        self.grad_u: Tensor | None = None  # the same memory, (rows, products, N)
        products = trace.products[index]
        if stage.summed:
            self.grad_products, self.grad_u = columns, self.grad_x
        elif products is not None:
            product = products[chunk.rows]
            self.grad_products = torch.empty_like(product)
            self.u, self.grad_u = (p.unflatten(1, (stage.products, -1)) for p in (product, self.grad_products))
        self.product_steps = None if self.grad_products is None else self.grad_products.split(chunk.sizes)

    def vector(self, ref: int) -> int:
        """The place of a value among the vectors, -1 where it is none."""
        return ref - self.states if ref in self.chunk.plan.vectors else -1

    def wanted(self, ref: int) -> bool:
        """Whether the gradient of what the stage reads is needed."""
        vector = self.vector(ref)
        return self.chunk.value(ref).is_floating_point() and (
            vector < 0 or self.chunk.whole.vectors[vector] is not None
        )

    def through_product(self, at: int, grads: Grads, last: bool) -> None:
        """Hand the product's gradient of one step on to its source."""
        if self.product_steps is None or self.weight is None or (last and self.source < self.states):
            return
        step, so_far = self.product_steps[at], grads[self.source]
        grads[self.source] = torch.mm(step, self.weight) if so_far is None else so_far.addmm(step, self.weight)

    def finish(self) -> None:
        """The weight's and the bias's gradient, from the whole chunk at once."""
        if self.grad_products is None:
            return
        weight, bias = self.chunk.whole.weights[self.index], self.chunk.whole.biases[self.index]
        if weight is not None:
            weight.addmm_(self.grad_products.t(), self.chunk.value(self.source))
        if bias is not None:
            bias += self.grad_products.sum(0)


class PointwiseStage(StageBackward):
    """All partial derivatives first, for every step of the chunk; then a multiply-add each and step."""

    def __init__(self, chunk: Chunk, index: int, step: Step, hoisted: Tensor, grad_hoisted: Tensor) -> None:
        super().__init__(chunk, index, step, hoisted, grad_hoisted)
        arguments = [self.x, self.u, *(chunk.value(ref) for ref in self.reads)]
        wanted = [self.wants_x, self.u is not None, *(self.wanted(ref) for ref in self.reads)]
        partials = _partials(self.update, arguments, wanted)  # [argument][output]
        of_x, of_u, of_reads = partials[0], partials[1], partials[2:]
        self.grad_u_steps = None if self.grad_u is None else self.grad_u.split(chunk.sizes)
        self.of_u = self._split(of_x if self.summed else of_u)
        self.of_reads = [
            (ref, self._split(of_read))
            for ref, of_read in zip(self.reads, of_reads, strict=True)
            if self.vector(ref) < 0 and any(p is not None for p in of_read)
        ]
        self.late_x = of_x if self.wants_x and not self.summed else None
        self.late_vectors = [
            (vector, of_read)
            for ref, of_read in zip(self.reads, of_reads, strict=True)
            if (vector := self.vector(ref)) >= 0 and any(p is not None for p in of_read)
        ]
        late = self.late_x is not None or self.late_vectors
        self.seen: list[list[Tensor | None]] | None = [[None] * len(chunk.sizes) for _ in self.writes] if late else None

    def _split(self, partials: Grads) -> list[tuple[int, tuple[Tensor, ...]]]:
        return [(j, p.split(self.chunk.sizes)) for j, p in enumerate(partials) if p is not None]

    def step(self, at: int, grads: Grads, last: bool) -> None:
        """One step: from the gradients of what the stage writes to those of what it reads."""
        given = [grads[ref] for ref in self.writes]
        if self.seen is not None:
            for seen, grad in zip(self.seen, given, strict=True):
                seen[at] = grad
        if self.grad_u_steps is not None:
            target, empty = self.grad_u_steps[at], True
            for j, steps in self.of_u:
                grad = given[j]
                if grad is not None:
                    if empty:
                        torch.mul(grad.unsqueeze(1), steps[at], out=target)
                    else:
                        target.addcmul_(grad.unsqueeze(1), steps[at])
                    empty = False
            if empty:
                target.zero_()
            self.through_product(at, grads, last)
        for ref, terms in self.of_reads:
            if last and ref < self.states:
                continue
            for j, steps in terms:
                grad, so_far = given[j], grads[ref]
                if grad is not None:
                    grads[ref] = grad * steps[at] if so_far is None else so_far.addcmul(grad, steps[at])

    def finish(self) -> None:
        """Add what only the chunk as a whole needs: inputs and vectors."""
        super().finish()
        if self.seen is None:
            return
        given = [self._joined(seen) for seen in self.seen]
        if self.late_x is not None and self.grad_x is not None:
            empty = True
            for grad, partial in zip(given, self.late_x, strict=True):
                if grad is not None and partial is not None:
                    if empty:
                        torch.mul(grad.unsqueeze(1), partial, out=self.grad_x)
                    else:
                        self.grad_x.addcmul_(grad.unsqueeze(1), partial)
                    empty = False
            if empty:
                self.grad_x.zero_()
        for vector, partials in self.late_vectors:
            total = self.chunk.whole.vectors[vector]
            for grad, partial in zip(given, partials, strict=True):
                if total is not None and grad is not None and partial is not None:
                    total += (grad * partial).sum(0)

    def _joined(self, seen: Grads) -> Tensor | None:
        some = next((grad for grad in seen if grad is not None), None)
        if some is None:
            return None
        shapes = zip(seen, self.chunk.sizes, strict=True)
        return torch.cat([some.new_zeros(n, some.shape[1]) if grad is None else grad for grad, n in shapes])


class RowwiseStage(StageBackward):
    """A step at a time: the update is evaluated again and differentiated with the gradients that arrive."""

    def __init__(self, chunk: Chunk, index: int, step: Step, hoisted: Tensor, grad_hoisted: Tensor) -> None:
        super().__init__(chunk, index, step, hoisted, grad_hoisted)
        sizes = chunk.sizes
        self.arguments = [None if a is None else a.split(sizes) for a in (self.x, self.u)] + [
            (chunk.trace.vectors[self.vector(ref)],) * len(sizes)
            if self.vector(ref) >= 0
            else chunk.value(ref).split(sizes)
            for ref in self.reads
        ]
        self.wants = [self.wants_x, self.u is not None, *(self.wanted(ref) for ref in self.reads)]
        self.targets = [None if g is None else g.split(sizes) for g in (self.grad_x, self.grad_u)]

    def step(self, at: int, grads: Grads, last: bool) -> None:
        """One step: from the gradients of what the stage writes to those of what it reads."""
        arguments = [None if a is None else a[at] for a in self.arguments]
        with torch.enable_grad():
            leaves = _leaves(arguments, self.wants)
            results = self.update(*leaves)
        pairs = [(r, grads[w]) for r, w in zip(results, self.writes, strict=True)]
        used = [(r, g) for r, g in pairs if g is not None and r.requires_grad]
        variables = [leaf for leaf, want in zip(leaves, self.wants, strict=True) if want and leaf is not None]
        found: Grads = [None] * len(variables)
        if used and variables:
            outs, outer = zip(*used, strict=True)
            found = list(torch.autograd.grad(outs, variables, outer, allow_unused=True))
        each = iter(found)
        x, u, *reads = [next(each) if want else None for want in self.wants]
        for want, target, grad in zip(self.wants, self.targets, (x, u), strict=False):
            if want and target is not None:
                target[at].zero_() if grad is None else target[at].copy_(grad)
        self.through_product(at, grads, last)
        for ref, grad in zip(self.reads, reads, strict=True):
            if grad is None:
                continue
            vector, so_far = self.vector(ref), grads[ref]
            if vector < 0:
                grads[ref] = grad if so_far is None else so_far + grad
            elif (total := self.chunk.whole.vectors[vector]) is not None:
                total += grad


def _leaves(arguments: Grads, wanted: list[bool]) -> Grads:
    pairs = zip(arguments, wanted, strict=True)
    return [None if a is None else a.detach().requires_grad_(want) for a, want in pairs]


def _partials(update: Callable[..., tuple[Tensor, ...]], arguments: Grads, wanted: list[bool]) -> list[Grads]:
    """d output / d argument for each channel on its own, by argument, then output; ``None`` where it is zero."""
    with torch.enable_grad():
        leaves = _leaves(arguments, wanted)
        results = update(*leaves)
    variables = [leaf for leaf, want in zip(leaves, wanted, strict=True) if want and leaf is not None]
    found: list[Grads] = []
    live = [result.requires_grad for result in results]
    for j, result in enumerate(results):
        if live[j] and variables:
            more = any(live[j + 1 :])
            ones = torch.ones((), dtype=result.dtype, device=result.device).expand_as(result)
            found.append(list(torch.autograd.grad(result, variables, ones, retain_graph=more, allow_unused=True)))
        else:
            found.append([None] * len(variables))
    by_variable = iter([list(column) for column in zip(*found, strict=True)])
    return [next(by_variable) if want else [None] * len(results) for want in wanted]
