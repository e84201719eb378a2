"""What a gated recurrence is made of: stages by name, and the same resolved to numbered values for the fast path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

from rnnzoo.registry import unknown


class Stage(NamedTuple):
    """One stage of a gated recurrence: at most one recurrent product, then a weight-free row-wise function.

    ``update(x, u, *reads)`` gets the stage's blocks of the input product, x (..., inputs, N), those of the recurrent
    product, u (..., products, N), and what it reads, each (..., N); it returns a tuple, one tensor (..., N) for each
    name in ``writes``. It must work on any number of leading dimensions and change none of its arguments.
    """

    source: str | None
    """The value (a state, or an earlier stage's result) that the recurrent weight multiplies; ``None``: no product."""
    inputs: int
    """Blocks of the hoisted input product it takes; 0: ``x`` is ``None``."""
    products: int
    """Blocks of its recurrent product; 0: ``u`` is ``None``."""
    update: Callable[..., tuple[Tensor, ...]]
    """The equations."""
    reads: tuple[str, ...]
    """Further values it reads: states, earlier results, or vectors (per-channel weights, shape (N,))."""
    writes: tuple[str, ...]
    """Names of what it returns; a state's name replaces that state, for later stages too."""
    pointwise: bool = True
    """Output channel j depends on channel j of each argument alone; false where there are sums over channels."""
    summed: bool = False
    """The equations need only x + u (inputs == products): ``update`` gets the sum as ``x`` and ``None`` as ``u``."""
    size: int | None = None
    """N of this stage where it is not the cell's hidden size."""
    gates: Callable[..., tuple[Tensor, ...]] | None = None
    """What ``update`` itself calls, with its own arguments, for the values of the gates, (..., N) or (N,) each."""
    gate_names: tuple[str, ...] = ()
    """Names of what ``gates`` returns first; what more it returns is the update's own affair."""
    input_bias: bool = True
    """Whether its input blocks have biases where the cell has any; the cell's affair, and nothing to the recurrence."""
    recurrent_bias: bool = True
    """The same of its recurrent product."""


class Structure(NamedTuple):
    """A gated recurrence apart from its numbers: hashable, and the arguments of `Plan`."""

    stages: tuple[Stage, ...]
    states: tuple[str, ...]
    vectors: tuple[str, ...]
    output: str
    width: int
    """W, the columns of the input product."""


class Step(NamedTuple):
    """A stage with its names resolved to numbers of values."""

    stage: Stage
    source: int  # -1 where there is no product
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    size: int  # N
    columns: slice  # of the hoisted input product


class Plan:
    """The stages of a recurrence with every value numbered: states as a step begins, vectors, then results in order.

    Raises:
        ValueError: a stage reads a name nothing has written, a state is never written, or sizes do not fit.
    """

    def __init__(
        self, stages: Sequence[Stage], states: Sequence[str], vectors: Sequence[str], output: str, width: int
    ) -> None:
        self.states, self.vectors = len(states), range(len(states), len(states) + len(vectors))
        number = {name: i for i, name in enumerate((*states, *vectors))}
        self.values = len(number)
        free = sum(stage.inputs for stage in stages if stage.size is None)
        fixed = sum(stage.inputs * stage.size for stage in stages if stage.size is not None)
        default = (width - fixed) // free if free else 0
        if fixed + free * default != width:
            raise ValueError(
                f"x: the input product has {width} columns; stages take {fixed} + {free} blocks of one size."
            )
        steps, column = [], 0
        for stage in stages:
            if stage.summed and stage.inputs != stage.products:
                raise ValueError(f"a summed stage needs inputs == products, got {stage.inputs} and {stage.products}.")
            used = stage.reads if stage.source is None else (*stage.reads, stage.source)
            for name in used:
                if name not in number:
                    raise ValueError(f"stage writing {stage.writes}: {unknown('value', name, number)}")
            source = -1 if stage.source is None else number[stage.source]
            reads = tuple(number[name] for name in stage.reads)
            writes = tuple(range(self.values, self.values + len(stage.writes)))
            number.update(zip(stage.writes, writes, strict=True))
            self.values += len(stage.writes)
            size = default if stage.size is None else stage.size
            columns = slice(column, column + stage.inputs * size)
            column = columns.stop
            steps.append(Step(stage, source, reads, writes, size, columns))
        self.steps = tuple(steps)
        first_result = len(states) + len(vectors)
        self.final = tuple(number[name] for name in states)  # the value each state has as a step ends
        for name in (*states, output):
            if number.get(name, 0) < first_result:
                raise ValueError(f"'{name}' is a state or the output, and no stage writes it.")
        self.output = number[output]
        used_refs = {ref for step in steps for ref in (*step.reads, step.source)}
        carried = {self.final[ref] for ref in used_refs if 0 <= ref < self.states}
        self.kept = sorted({ref for ref in used_refs if ref >= first_result} | carried)  # what a backward pass needs
