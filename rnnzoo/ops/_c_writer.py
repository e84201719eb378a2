"""What both loops of a gated recurrence in C are written with: names of what they get, and a stage's update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnnzoo.ops._channel_loops import Loop, schedule
from rnnzoo.ops._gated_plan import Plan, Step
from rnnzoo.ops._scalars import COMPARISONS, CUMULATIVE, OF_A_ROW, Program, Scalar

TILE = 64
"""Rows that go through time together, at most; their states and a panel of the weight share the nearest cache. Without
products there is nothing to share, and each goes alone."""

INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}


def arrays_of(plan: Plan, backward: bool) -> list[str]:
    """The names of the arrays, in the order in which the C function takes them."""
    states, stages = range(plan.states), range(len(plan.steps))
    common = ["hoisted", *[f"state{i}" for i in states], *[f"vector{v}" for v in plan.vectors]]
    common += [f"weight{s}" for s in stages] + [f"product{s}" for s in stages] + [f"kept{v}" for v in plan.kept]
    if not backward:
        return [*common, *[f"bias{s}" for s in stages], "y", *[f"final{i}" for i in states]]
    grads = ["grad_y", *[f"grad_final{i}" for i in states], "grad_hoisted", *[f"grad_product{s}" for s in stages]]
    return [*common, *grads, *[f"grad_state{i}" for i in states], *[f"grad_vector{v}" for v in plan.vectors]]


def sizes(plan: Plan, backward: bool) -> list[str]:
    """The names of the whole numbers, in the order in which the C function takes them.

    Backward it runs the steps from ``first`` up to ``stop``; ``grad_product0``, ... have these alone, ``grad_hoisted``
    has ``room`` steps a row, of which the first is ``begin``.
    """
    some = ["first", "stop", "begin", "room"] if backward else []
    widths = [f"width{v}" for v in range(plan.values)]
    return ["T", "W", *some, *widths, *[f"N{s}" for s in range(len(plan.steps))]]


class Writer:
    """Lines of C with their indentation, and what both directions share."""

    name: str

    def __init__(self, plan: Plan, programs: Sequence[Program]) -> None:
        self.plan, self.programs = plan, programs
        self.schedules = [schedule(program) for program in programs]
        self.lines: list[str] = []
        self.depth = 0

    def put(self, *lines: str) -> None:
        for line in lines:
            self.depth -= line.startswith("}")
            self.lines.append("    " * self.depth + line)
            self.depth += line.endswith("{")

    def begin(self) -> None:
        """The function's head: arrays and sizes under their names."""
        backward = self.name == "backward"
        self.put(
            f"int {self.name}(void **array, const int64_t *size, const int64_t *order, int64_t count, "
            "const int64_t *lengths) {"
        )
        for i, name in enumerate(arrays_of(self.plan, backward)):
            self.put(f"REAL *const {name} = array[{i}];")
        for i, name in enumerate(sizes(self.plan, backward)):
            self.put(f"const int64_t {name} = size[{i}];")

    def buffer(self, rows: Sequence[str]) -> None:
        """Room for a tile of rows of so many numbers each, and for what the loops over channels of a row store."""
        stored = [f"{len(each.places)} * N{i}" for i, each in enumerate(self.schedules) if each.places]
        more = "".join(f" + {row}" for row in stored)
        self.put(
            f"REAL *const buffer = malloc(sizeof(REAL) * {'(' * bool(more)}TILE * ({' + '.join(rows) or '1'}){more}"
            f"{')' * bool(more)});",
            "if (!buffer) return 1;",
            "REAL *free_room = buffer;",
        )

    def scratch(self) -> None:
        """What is left of the buffer, where anything is to be stored between loops over channels."""
        if any(each.places for each in self.schedules):
            self.put("REAL *const scratch = free_room;")

    def tiles(self) -> None:
        """The loop over tiles of rows, with each row's number and length."""
        self.put("for (int64_t base = 0; base < count; base += TILE) {")
        self.put(
            "const int64_t n = count - base < TILE ? count - base : TILE;",
            "const int64_t *row = order + base;",
            "int64_t end[TILE];",
            "for (int64_t r = 0; r < n; r++) end[r] = lengths ? lengths[row[r]] : T;",
        )

    def inputs(self, step: Step, index: int) -> list[str]:
        """For each argument of the stage's update, where its row begins in the loop over r."""
        stage = step.stage
        found = []
        if stage.inputs:
            found.append(f"hoisted + at * W + {self.column(index)}")
        if stage.products and not stage.summed:
            found.append(f"u{index}[r]")
        return found + [self.row(ref) for ref in step.reads]

    def row(self, ref: int) -> str:
        """Where row r of a value begins."""
        return f"vector{ref}" if ref in self.plan.vectors else f"v{ref}[r]"

    def column(self, index: int) -> str:
        """Where the stage's columns of the hoisted product begin."""
        before = [f"{s.stage.inputs} * N{i}" for i, s in enumerate(self.plan.steps[:index]) if s.stage.inputs]
        return f"({' + '.join(before) or '0'})"

    def update(self, index: int, program: Program, reads: list[str], writes: list[tuple[str, int, str]]) -> None:
        """The program over the stage's N channels of row r.

        Args:
            index: the stage.
            program: the scalars.
            reads: where row r of each argument begins.
            writes: for each result that is wanted: where its row begins, the scalar's number (-1: zero), and the
                assignment, "=" or "+=".
        """
        used = sorted({s.arguments for s in program.scalars if s.operation == "input"})
        for argument, block in used:
            self.put(f"const REAL *const i{argument}_{block} = {reads[argument]} + {block} * N{index};")
        for number, (place, _, _) in enumerate(writes):
            self.put(f"REAL *const o{number} = {place};")
        loops, places = self.schedules[index]
        for number, at in places.items():
            self.put(f"REAL *const m{number} = scratch + {at} * N{index};")
        texts: dict[int, str] = {
            n: _constant(s.arguments[0]) for n, s in enumerate(program.scalars) if s.operation == "constant"
        }
        for loop in loops:
            for number in loop.before:
                self._before(number, index, program, texts)
            last = writes if loop is loops[-1] else []
            if loop.stores or last:
                self._loop(loop, index, program, dict(texts), last)

    def _before(self, number: int, index: int, program: Program, texts: dict[int, str]) -> None:
        """A scalar that all channels share, or a cumulative sum, which goes to its place."""
        scalar = program.scalars[number]
        if scalar.operation in OF_A_ROW or scalar.operation in CUMULATIVE:
            (argument,) = scalar.arguments
            taken = program.scalars[argument]
            row = "i{}_{}".format(*taken.arguments) if taken.operation == "input" else f"m{argument}"
            if scalar.operation in CUMULATIVE:
                self.put(f"{scalar.operation}_(N{index}, {row}, m{number});")
            else:
                self._define(number, f"{scalar.operation}_(N{index}, {row})", texts)
        elif scalar.operation == "channels":
            self._define(number, f"(REAL)N{index}", texts)
        elif scalar.operation in COMPARISONS:
            texts[number] = _expression(scalar, texts)
        else:
            self._define(number, _expression(scalar, texts), texts)

    def _define(self, number: int, text: str, texts: dict[int, str]) -> None:
        self.put(f"const REAL s{number} = {text};")
        texts[number] = f"s{number}"

    def _loop(
        self, loop: Loop, index: int, program: Program, texts: dict[int, str], writes: list[tuple[str, int, str]]
    ) -> None:
        """One loop over channels."""
        self.put("#pragma GCC ivdep", f"for (int64_t j = 0; j < N{index}; j++) {{")
        for number in loop.loads:
            self._define(number, f"m{number}[j]", texts)
        for number in loop.body:
            text = _expression(program.scalars[number], texts)
            if program.scalars[number].operation in COMPARISONS:
                texts[number] = text
            else:
                self._define(number, text, texts)
        for number in loop.stores:
            self.put(f"m{number}[j] = {texts[number]};")
        for i, (_, scalar_number, how) in enumerate(writes):
            self.put(f"o{i}[j] {how} {'0' if scalar_number < 0 else texts[scalar_number]};")
        self.put("}")


def _expression(scalar: Scalar, texts: Mapping[int, str]) -> str:
    """One scalar in C, of its arguments' texts."""
    operation, arguments = scalar
    if operation == "input":
        return "i{}_{}[j]".format(*arguments)
    if operation == "constant":
        return _constant(arguments[0])
    given = [texts[argument] for argument in arguments]
    if operation in INFIX:
        return f"{given[0]} {INFIX[operation]} {given[1]}"
    if operation in COMPARISONS:
        return f"({given[0]} {COMPARISONS[operation]} {given[1]})"
    if operation == "where":
        return f"{given[0]} ? {given[1]} : {given[2]}"
    return f"-{given[0]}" if operation == "negate" else f"{operation}_({', '.join(given)})"


def _constant(value: float) -> str:
    """A number in C, which has no words for those that are infinite or none."""
    if value != value:
        return '(REAL)__builtin_nan("")'
    if value in (float("inf"), -float("inf")):
        return f"(REAL){'-' if value < 0 else ''}__builtin_inf()"
    return f"(REAL){value!r}"
