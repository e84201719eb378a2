"""A gated recurrence written out in C: both loops over time, for rows that a thread takes through the whole sequence.

What a function gets are the addresses `arrays_of` names, in that order, and the sizes `sizes` names; everything lies
batch first, (B, T, width). ``order`` are the rows to run, longest first; ``lengths`` may be null. The products and the
elementary functions are in ``c/recurrence.h``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from rnnzoo.ops._gated_plan import Plan, Step
from rnnzoo.ops._pointwise import trace
from rnnzoo.ops._scalars import COMPARISONS, Program, Scalar

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


def sizes(plan: Plan) -> list[str]:
    """The names of the whole numbers, in the order in which the C functions take them."""
    return ["T", "W", *[f"width{v}" for v in range(plan.values)], *[f"N{s}" for s in range(len(plan.steps))]]


def source(plan: Plan) -> str:
    """The C file of a plan whose stages are all pointwise.

    Raises:
        NotPointwise: an update does something that is not scalar arithmetic.
    """
    programs = [trace(*_arguments(step)) for step in plan.steps]
    return "\n".join(
        [
            '#include "recurrence.h"',
            f"#define TILE {TILE if any(step.source >= 0 for step in plan.steps) else 1}",
            _Forward(plan, [forward for forward, _ in programs]).text(),
            _Backward(plan, [backward for _, backward in programs]).text(),
        ]
    )


def _arguments(step: Step) -> tuple[Callable[..., tuple[Tensor, ...]], list[int | None]]:
    """The stage's update as a function of the arguments it really has, and the blocks of each."""
    stage = step.stage
    has = [bool(stage.inputs), bool(stage.products) and not stage.summed]

    def update(*given: Any) -> tuple[Tensor, ...]:
        rest = iter(given)
        x, u = (next(rest) if there else None for there in has)
        return stage.update(x, u, *rest)

    counts = [count for count, there in zip((stage.inputs, stage.products), has, strict=True) if there]
    return update, [*counts, *[None] * len(stage.reads)]


class _Writer:
    """Lines of C with their indentation, and what both directions share."""

    name: str

    def __init__(self, plan: Plan, programs: Sequence[Program]) -> None:
        self.plan, self.programs = plan, programs
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
        for i, name in enumerate(sizes(self.plan)):
            self.put(f"const int64_t {name} = size[{i}];")

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

    def pointwise(self, index: int, program: Program, reads: list[str], writes: list[tuple[str, int, str]]) -> None:
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
        self.put("#pragma GCC ivdep", f"for (int64_t j = 0; j < N{index}; j++) {{")
        texts: list[str] = []
        for number, scalar in enumerate(program.scalars):
            text = _expression(scalar, texts)
            if scalar.operation in COMPARISONS:
                texts.append(text)
            else:
                self.put(f"const REAL s{number} = {text};")
                texts.append(f"s{number}")
        for number, (_, scalar_number, how) in enumerate(writes):
            self.put(f"o{number}[j] {how} {'0' if scalar_number < 0 else texts[scalar_number]};")
        self.put("}")


def _expression(scalar: Scalar, texts: Sequence[str]) -> str:
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


class _Forward(_Writer):
    """The loop forward: every value a backward pass needs goes to its array, others to a buffer of two steps."""

    name = "forward"

    def text(self) -> str:
        plan = self.plan
        results = range(plan.states + len(plan.vectors), plan.values)
        stored = {ref: f"kept{ref}" for ref in plan.kept}  # null when nothing is kept
        self.begin()
        room = [f"2 * width{ref}" for ref in results]
        room += [f"{s.stage.products} * N{i}" for i, s in enumerate(plan.steps) if self._separate(s)]
        self.put(
            f"REAL *const buffer = malloc(sizeof(REAL) * TILE * ({' + '.join(room) or '1'}));", "if (!buffer) return 1;"
        )
        self.put("REAL *free_room = buffer;")
        for ref in results:
            self.put(f"REAL *const b{ref} = free_room; free_room += 2 * TILE * width{ref};")
        for i, step in enumerate(plan.steps):
            if self._separate(step):
                self.put(f"REAL *const p{i} = free_room; free_room += TILE * {step.stage.products} * N{i};")
        self.tiles()
        for ref in (*range(plan.states), *results):
            self.put(f"REAL *v{ref}[TILE];")
        for i, step in enumerate(plan.steps):
            if step.source >= 0:
                self.put(f"REAL *u{i}[TILE];")
        for i in range(plan.states):
            self.put(f"for (int64_t r = 0; r < n; r++) v{i}[r] = state{i} + row[r] * width{i};")
        self.put("int64_t live = n;")
        self.put("for (int64_t t = 0; t < T; t++) {")
        self.put("while (live && end[live - 1] <= t) live--;", "if (!live) break;")
        self.put("for (int64_t r = 0; r < live; r++) {", "const int64_t at = row[r] * T + t;")
        for ref in results:
            here = f"b{ref} + ((t & 1) * TILE + r) * width{ref}"
            if ref == plan.output:
                here = f"y + at * width{ref}"
            elif ref in stored:
                here = f"{stored[ref]} ? {stored[ref]} + at * width{ref} : {here}"
            self.put(f"v{ref}[r] = {here};")
        for i, step in enumerate(plan.steps):
            if step.source >= 0:
                columns = f"{step.stage.products} * N{i}"
                if self._separate(step):
                    self.put(f"u{i}[r] = product{i} ? product{i} + at * {columns} : p{i} + r * {columns};")
                else:
                    self.put(f"u{i}[r] = hoisted + at * W + {self.column(i)};")
        self.put("}")
        for i, step in enumerate(plan.steps):
            self._stage(i, step)
        for i, ref in enumerate(plan.final):
            self.put(
                "for (int64_t r = 0; r < live; r++) {",
                f"v{i}[r] = v{ref}[r];",
                f"if (end[r] == t + 1) memcpy(final{i} + row[r] * width{i}, v{ref}[r], sizeof(REAL) * width{i});",
                "}",
            )
        self.put("}", "}", "free(buffer);", "return 0;", "}")
        return "\n".join(self.lines)

    def _separate(self, step: Step) -> bool:
        return step.source >= 0 and not step.stage.summed

    def _stage(self, index: int, step: Step) -> None:
        if step.source >= 0:
            columns = f"{step.stage.products} * N{index}"
            if self._separate(step):
                self.put(
                    "for (int64_t r = 0; r < live; r++) {",
                    f"if (bias{index}) memcpy(u{index}[r], bias{index}, sizeof(REAL) * {columns});",
                    f"else memset(u{index}[r], 0, sizeof(REAL) * {columns});",
                    "}",
                )
            self.put(
                f"product(live, width{step.source}, {columns}, (const REAL *const *)v{step.source}, weight{index}, "
                f"u{index});"
            )
        program = self.programs[index]
        self.put("for (int64_t r = 0; r < live; r++) {")
        if step.stage.inputs:
            self.put("const int64_t at = row[r] * T + t;")
        numbers = [-1 if result[0] is None else result[0] for result in program.results]
        writes = [(f"v{ref}[r]", number, "=") for ref, number in zip(step.writes, numbers, strict=True)]
        self.pointwise(index, program, self.inputs(step, index), writes)
        self.put("}")


class _Backward(_Writer):
    """The loop backward: a row enters at its own end, with the gradient of its final state."""

    name = "backward"

    def text(self) -> str:
        plan = self.plan
        results = [ref for ref in range(plan.states + len(plan.vectors), plan.values) if ref not in plan.final]
        self.begin()
        room = [f"2 * width{i}" for i in range(plan.states)] + [f"width{ref}" for ref in results]
        self.put(f"REAL *const buffer = malloc(sizeof(REAL) * TILE * ({' + '.join(room)}));", "if (!buffer) return 1;")
        self.put("REAL *free_room = buffer;")
        for i in range(plan.states):
            self.put(f"REAL *const b{i} = free_room; free_room += 2 * TILE * width{i};")
        for ref in results:
            self.put(f"REAL *const b{ref} = free_room; free_room += TILE * width{ref};")
        self.tiles()
        read = self._read()
        for ref in sorted(read):
            self.put(f"REAL *v{ref}[TILE];")
        for ref in (*range(plan.states), *plan.final, *results):
            self.put(f"REAL *g{ref}[TILE];")
        for i, step in enumerate(plan.steps):
            if step.source >= 0:
                self.put(f"REAL *u{i}[TILE], *gu{i}[TILE];")
        self.put("for (int64_t r = 0; r < n; r++) {")
        for i, ref in enumerate(plan.final):
            self.put(
                f"g{ref}[r] = b{i} + r * width{i};",
                f"g{i}[r] = b{i} + (TILE + r) * width{i};",
                f"if (grad_final{i}) memcpy(g{ref}[r], grad_final{i} + row[r] * width{i}, sizeof(REAL) * width{i});",
                f"else memset(g{ref}[r], 0, sizeof(REAL) * width{i});",
            )
        for ref in results:
            self.put(f"g{ref}[r] = b{ref} + r * width{ref};")
        self.put("}", "int64_t live = 0;")
        self.put("for (int64_t t = T - 1; t >= 0; t--) {")
        self.put("while (live < n && end[live] > t) live++;", "if (!live) continue;")
        self.put("for (int64_t r = 0; r < live; r++) {", "const int64_t at = row[r] * T + t;")
        for ref in sorted(read):
            if ref < plan.states:
                width, final = f"width{ref}", plan.final[ref]
                self.put(f"v{ref}[r] = t ? kept{final} + (at - 1) * {width} : state{ref} + row[r] * {width};")
            else:
                self.put(f"v{ref}[r] = kept{ref} + at * width{ref};")
        for i, step in enumerate(plan.steps):
            columns = f"{step.stage.products} * N{i}"
            if step.source >= 0 and step.stage.summed:
                self.put(f"gu{i}[r] = grad_hoisted + at * W + {self.column(i)};")
            elif step.source >= 0:
                self.put(f"u{i}[r] = product{i} + at * {columns};", f"gu{i}[r] = grad_product{i} + at * {columns};")
        there = set(plan.final)
        output, width = plan.output, f"width{plan.output}"
        if output in there:
            self.put(f"if (grad_y) for (int64_t j = 0; j < {width}; j++) g{output}[r][j] += grad_y[at * {width} + j];")
        else:
            self.put(
                f"if (grad_y) memcpy(g{output}[r], grad_y + at * {width}, sizeof(REAL) * {width});",
                f"else memset(g{output}[r], 0, sizeof(REAL) * {width});",
            )
            there.add(output)
        self.put("}")
        for i in range(len(plan.steps) - 1, -1, -1):
            self._stage(i, plan.steps[i], there)
        for i, ref in enumerate(plan.final):
            self._ensure(i, there)
            self.put(f"for (int64_t r = 0; r < live; r++) {{ REAL *g = g{ref}[r]; g{ref}[r] = g{i}[r]; g{i}[r] = g; }}")
        self.put("}")
        self.put("for (int64_t r = 0; r < n; r++) {")
        for i, ref in enumerate(plan.final):
            self.put(f"memcpy(grad_state{i} + row[r] * width{i}, g{ref}[r], sizeof(REAL) * width{i});")
        self.put("}", "}", "free(buffer);", "return 0;", "}")
        return "\n".join(self.lines)

    def _read(self) -> set[int]:
        """The values that derivatives look at."""
        found = set()
        for step, program in zip(self.plan.steps, self.programs, strict=True):
            offset = bool(step.stage.inputs) + (bool(step.stage.products) and not step.stage.summed)
            for scalar in program.scalars:
                if scalar.operation == "input" and 0 <= scalar.arguments[0] - offset < len(step.reads):
                    found.add(step.reads[scalar.arguments[0] - offset])
        return found - set(self.plan.vectors)

    def _ensure(self, ref: int, there: set[int]) -> None:
        """Zeros where nothing has given a gradient to a value yet."""
        if ref not in there:
            self.put(f"for (int64_t r = 0; r < live; r++) memset(g{ref}[r], 0, sizeof(REAL) * width{ref});")
            there.add(ref)

    def _stage(self, index: int, step: Step, there: set[int]) -> None:
        stage, program, plan = step.stage, self.programs[index], self.plan
        for ref in step.writes:
            self._ensure(ref, there)
        results = iter(program.results)
        writes: list[tuple[str, int, str]] = []
        separate = bool(stage.products) and not stage.summed
        for there_is, place in (
            (bool(stage.inputs), f"grad_hoisted + at * W + {self.column(index)}"),
            (separate, f"gu{index}[r]"),
        ):
            if there_is:
                for block, number in enumerate(next(results)):
                    writes.append((f"{place} + {block} * N{index}", -1 if number is None else number, "="))
        for ref, (number,) in zip(step.reads, results, strict=True):
            if number is None:
                continue
            if ref in plan.vectors:
                writes.append((f"grad_vector{ref}", number, "+="))
            else:
                writes.append((f"g{ref}[r]", number, "+=" if ref in there else "="))
                there.add(ref)
        reads = [*self.inputs(step, index), *[f"g{ref}[r]" for ref in step.writes]]
        self.put("for (int64_t r = 0; r < live; r++) {")
        if stage.inputs:
            self.put("const int64_t at = row[r] * T + t;")
        self.pointwise(index, program, reads, writes)
        self.put("}")
        if step.source >= 0:
            self._ensure(step.source, there)
            columns = f"{stage.products} * N{index}"
            self.put(
                f"product(live, {columns}, width{step.source}, (const REAL *const *)gu{index}, weight{index}, "
                f"g{step.source});"
            )
