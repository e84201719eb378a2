"""What both loops of a gated recurrence in Triton are written with: a stage's update, and the names of what they get.

A program of the grid takes a block of rows (BM) and a block of channels (BN) through the whole sequence; every value is
a tile (BM, BN) of float32 that stays in registers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnnzoo.ops._gated_plan import Plan, Step
from rnnzoo.ops._pointwise import NotPointwise
from rnnzoo.ops._scalars import COMPARISONS, Program, Scalar

INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
OWN = ("sigmoid", "tanh", "expm1", "log1p", "softplus", "sign", "maximum", "minimum")
"""Those of ``_triton_functions.py``."""
THEIRS = ("exp", "log", "sqrt", "rsqrt", "sin", "cos", "abs")
"""Those of Triton's language."""


def arrays_of(plan: Plan, backward: bool) -> list[str]:
    """The names of the arrays, in the order in which the Triton function takes them."""
    states, stages = range(plan.states), range(len(plan.steps))
    common = ["hoisted", *[f"state{i}" for i in states], *[f"vector{v}" for v in plan.vectors]]
    common += [f"weight{s}" for s in stages if plan.steps[s].source >= 0]
    common += [f"product{s}" for s in stages if is_separate(plan.steps[s])]
    common += [*[f"kept{v}" for v in plan.kept], "ends", "arrived"]
    if not backward:
        biases = [f"bias{s}" for s in stages if is_separate(plan.steps[s])]
        return [*common, *biases, "y", *[f"final{i}" for i in states]]
    grads = ["grad_y", *[f"grad_final{i}" for i in states], "grad_hoisted"]
    grads += [f"grad_product{s}" for s in stages if is_separate(plan.steps[s])]
    return [*common, *grads, *[f"grad_state{i}" for i in states], *[f"grad_vector{v}" for v in plan.vectors]]


def sizes(plan: Plan) -> list[str]:
    """The names of the whole numbers, in the order in which the Triton functions take them."""
    return [
        "T",
        "B",
        "first",
        "W",
        *[f"width{v}" for v in range(plan.values)],
        *[f"N{s}" for s in range(len(plan.steps))],
    ]


def is_separate(step: Step) -> bool:
    """Whether the stage has a recurrent product that is not added to the input's."""
    return step.source >= 0 and not step.stage.summed


OPTIONS = ("BM", "BN", "BK", "PARTS", "WHOLE", "KEEP", "RAGGED", "OUT", "AHEAD", "PRECISION", "WIDE")
"""What a function is compiled for: rows, channels and inner width of a tile; programs that share the rows; whether one
of them holds every weight; whether a backward pass follows; whether rows have lengths; whether the output has an array
of its own; loop steps whose loads are under way together; how products are multiplied."""


class Writer:
    """Lines of Triton with their indentation, and what both directions share."""

    name: str

    def __init__(self, plan: Plan, programs: Sequence[Program]) -> None:
        self.plan, self.programs = plan, programs
        self.lines: list[str] = []
        self.depth = 0

    def put(self, *lines: str) -> None:
        """Write lines; one that ends in a colon opens a block, which `end` closes."""
        for line in lines:
            self.lines.append("    " * self.depth + line)
            self.depth += line.endswith(":")

    def end(self) -> None:
        self.depth -= 1

    def begin(self) -> None:
        """The function's head, and which rows and channels the program has."""
        given = [*arrays_of(self.plan, self.name == "backward"), *sizes(self.plan)]
        options = [f"{name}: tl.constexpr" for name in OPTIONS]
        self.put('@triton.jit(do_not_specialize=["T", "B", "first"])')
        self.put(f"def {self.name}({', '.join([*given, *options])}):")
        self.put(
            "program = first + tl.program_id(0)",
            "rows = (program // PARTS) * BM + tl.arange(0, BM)[:, None]",
            "cols = (program % PARTS) * BN + tl.arange(0, BN)[None, :]",
            "live = rows < B",
            "arrived += (program // PARTS) * 32",
            "expected = 0",
            "long = rows.to(tl.int64)",
            "zero = tl.zeros((BM, BN), tl.float32)",
        )
        self.put("if RAGGED:", "end = tl.load(ends + rows, mask=live, other=0)")
        self.end()
        self.put("else:", "end = tl.zeros((BM, 1), tl.int64) + T")
        self.end()
        for ref in self.plan.vectors:
            self.put(f"v{ref} = tl.load(vector{ref} + cols, mask=cols < width{ref}, other=0).to(tl.float32)")

    def hold_weights(self) -> None:
        """Where one program has all channels, every weight is read once, (width of source, N) for each product."""
        if any(step.source >= 0 for step in self.plan.steps):
            self.put("inner = tl.arange(0, BN)[:, None]", "if WHOLE:")
            for s, step in enumerate(self.plan.steps):
                if step.source < 0:
                    continue
                for p in range(step.stage.products):
                    width, block = f"width{step.source}", f"({p} * N{s} + cols)"
                    mask = f"(inner < {width}) & (cols < N{s})"
                    self.put(f"w{s}_{p} = tl.load(weight{s} + {block} * {width} + inner, mask={mask}, other=0)")
            self.end()

    def meet(self) -> None:
        """Every program of these rows waits for the others."""
        self.put("expected += PARTS", "meet(arrived, expected, PARTS > 1)")

    def column(self, index: int) -> str:
        """Where the stage's columns of the hoisted product begin."""
        before = [f"{s.stage.inputs} * N{i}" for i, s in enumerate(self.plan.steps[:index]) if s.stage.inputs]
        return f"({' + '.join(before) or '0'})"

    def slot(self, ref: int, time: str = "t + 1") -> str:
        """Where the rows of a kept value lie; of a state, with that before the first step in front, (B, T + 1, width).

        Args:
            ref: the value.
            time: of a state, how many steps have been done.
        """
        steps = f"(long * (T + 1) + {time})" if ref in self.plan.final else "(long * T + t)"
        return f"kept{ref} + {steps} * width{ref}"

    def load(self, name: str, place: str, width: str, rows: str = "live") -> None:
        self.put(f"{name} = tl.load({place} + cols, mask={rows} & (cols < {width}), other=0).to(tl.float32)")

    def store(self, place: str, width: str, value: str, rows: str = "alive") -> None:
        self.put(f"tl.store({place} + cols, {value}, mask={rows} & (cols < {width}))")

    def blocks_of(self, step: Step) -> list[tuple[str, int]]:
        """What the update gets before what it reads: "x" or "u" with its number of blocks."""
        found = [("x", step.stage.inputs)] if step.stage.inputs else []
        return found + ([("u", step.stage.products)] if is_separate(step) else [])

    def pointwise(self, index: int, program: Program, reads: Mapping[int, str]) -> list[list[str | None]]:
        """The program over the stage's channels.

        Args:
            index: the stage.
            program: the scalars.
            reads: the name of each argument behind the blocks of x and u, by its number.

        Returns:
            For each result the names of its blocks, ``None`` for zero.

        Raises:
            NotPointwise: an operation has no form in Triton.
        """
        blocks = self.blocks_of(self.plan.steps[index])
        texts: list[str] = []
        for number, scalar in enumerate(program.scalars):
            operation, arguments = scalar
            if operation == "input":
                argument, block = arguments
                here = f"{blocks[argument][0]}{index}_{block}" if argument < len(blocks) else reads[argument]
                texts.append(here)
                continue
            name = f"s{index}_{number}"
            self.put(f"{name} = {_expression(scalar, texts)}")
            texts.append(name)
        return [[None if number is None else texts[number] for number in result] for result in program.results]


def _expression(scalar: Scalar, texts: Sequence[str]) -> str:
    """One scalar in Triton, of its arguments' texts.

    Raises:
        NotPointwise: it has no form there.
    """
    operation, arguments = scalar
    if operation == "constant":
        value = arguments[0]
        text = repr(value) if value - value == 0 else f"float({str(value)!r})"
        return f"tl.full((BM, BN), {text}, tl.float32)"
    given = [texts[argument] for argument in arguments]
    if operation in INFIX:
        return f"{given[0]} {INFIX[operation]} {given[1]}"
    if operation in COMPARISONS:
        return f"{given[0]} {COMPARISONS[operation]} {given[1]}"
    if operation in ("negate", "detach"):
        return f"{'-' if operation == 'negate' else ''}{given[0]}"
    if operation == "where":
        return f"tl.where({', '.join(given)})"
    if operation in OWN:
        return f"{operation}_({', '.join(given)})"
    if operation in THEIRS:
        return f"tl.{operation}({given[0]})"
    raise NotPointwise(f"{operation} has no form in Triton")
