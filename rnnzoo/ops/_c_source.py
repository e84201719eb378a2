"""A gated recurrence written out in C: both loops over time, for rows that a thread takes through the whole sequence.

What a function gets are the addresses that `arrays_of` names, in that order, and the sizes that `sizes` names
(``_c_writer.py``); everything lies batch first, (B, T, width). ``order`` are the rows to run, longest first;
``lengths`` may be null. The products and the elementary functions are in ``c/recurrence.h``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from rnnzoo.ops._c_writer import TILE, Writer
from rnnzoo.ops._gated_plan import Plan, Step
from rnnzoo.ops._pointwise import trace

INTO = "row[r] * room + t - begin"
"""The step of row r among those of the hoisted product's gradient."""


def source(plan: Plan) -> str:
    """The C file of a plan whose stages are pointwise but for operations over all channels.

    Raises:
        NotPointwise: an update does something that is not scalar arithmetic.
    """
    programs = [trace(*_arguments(step), mixing=not step.stage.pointwise) for step in plan.steps]
    return "\n".join(
        [
            '#include "recurrence.h"',
            *(['#include "rows.h"'] if any(not step.stage.pointwise for step in plan.steps) else []),
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


class _Forward(Writer):
    """The loop forward: every value a backward pass needs goes to its array, others to a buffer of two steps."""

    name = "forward"

    def text(self) -> str:
        plan = self.plan
        results = range(plan.states + len(plan.vectors), plan.values)
        stored = {ref: f"kept{ref}" for ref in plan.kept}  # null when nothing is kept
        self.begin()
        room = [f"2 * width{ref}" for ref in results]
        room += [f"{s.stage.products} * N{i}" for i, s in enumerate(plan.steps) if self._separate(s)]
        self.buffer(room)
        for ref in results:
            self.put(f"REAL *const b{ref} = free_room; free_room += 2 * TILE * width{ref};")
        for i, step in enumerate(plan.steps):
            if self._separate(step):
                self.put(f"REAL *const p{i} = free_room; free_room += TILE * {step.stage.products} * N{i};")
        self.scratch()
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
        self.update(index, program, self.inputs(step, index), writes)
        self.put("}")


class _Backward(Writer):
    """The loop backward over some of the steps: a row enters at its own end, with the gradient of its final state.

    What the later steps gave to a row's states comes as that gradient, too; a row that has not entered keeps it.
    """

    name = "backward"

    def text(self) -> str:
        plan = self.plan
        results = [ref for ref in range(plan.states + len(plan.vectors), plan.values) if ref not in plan.final]
        self.begin()
        room = [f"2 * width{i}" for i in range(plan.states)] + [f"width{ref}" for ref in results]
        self.buffer(room)
        for i in range(plan.states):
            self.put(f"REAL *const b{i} = free_room; free_room += 2 * TILE * width{i};")
        for ref in results:
            self.put(f"REAL *const b{ref} = free_room; free_room += TILE * width{ref};")
        self.scratch()
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
        self.put("for (int64_t t = stop - 1; t >= first; t--) {")
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
                self.put(f"gu{i}[r] = grad_hoisted + ({INTO}) * W + {self.column(i)};")
            elif step.source >= 0:
                into = "(row[r] * (stop - first) + t - first)"
                self.put(f"u{i}[r] = product{i} + at * {columns};", f"gu{i}[r] = grad_product{i} + {into} * {columns};")
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
            (bool(stage.inputs), f"grad_hoisted + ({INTO}) * W + {self.column(index)}"),
            (separate, f"gu{index}[r]"),
        ):
            if there_is:
                for block, number in enumerate(next(results)):
                    writes.append((f"{place} + {block} * N{index}", -1 if number is None else number, "="))
        for ref, (number,) in zip(step.reads, results, strict=True):
            if number is None:
                continue
            if ref in plan.vectors:  # one for each row: their sum must not depend on how rows go to threads
                writes.append((f"grad_vector{ref} + row[r] * width{ref}", number, "+="))
            else:
                writes.append((f"g{ref}[r]", number, "+=" if ref in there else "="))
                there.add(ref)
        reads = [*self.inputs(step, index), *[f"g{ref}[r]" for ref in step.writes]]
        self.put("for (int64_t r = 0; r < live; r++) {")
        if stage.inputs:
            self.put("const int64_t at = row[r] * T + t;")
        self.update(index, program, reads, writes)
        self.put("}")
        if step.source >= 0:
            self._ensure(step.source, there)
            columns = f"{stage.products} * N{index}"
            self.put(
                f"product(live, {columns}, width{step.source}, (const REAL *const *)gu{index}, weight{index}, "
                f"g{step.source});"
            )
