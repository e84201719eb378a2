"""A gated recurrence written out in Triton: both loops over time, for a block of rows and a block of channels.

What a function gets are the arrays that ``_triton_writer.arrays_of`` names, batch first, and the sizes that ``sizes``
names. Where one program has all channels of its rows (WHOLE), the recurrent weights and the states stay on the
processor. Where several share them (PARTS), each has its channels, and they meet before a product, which needs all
channels of what it multiplies: that goes through memory, and so do the weights, from the cache. Then all programs of
one launch must run at once.
"""

from __future__ import annotations

from rnnzoo.ops._c_source import _arguments
from rnnzoo.ops._gated_plan import Plan, Step
from rnnzoo.ops._pointwise import trace
from rnnzoo.ops._triton_writer import Writer, is_separate

INNER = "across, down = k + tl.arange(0, BK)[None, :], k + tl.arange(0, BK)[:, None]"
"""Channels of what is multiplied, as columns of it and as rows of the weight."""


def source(plan: Plan) -> str:
    """The Triton file of a plan whose stages are all pointwise.

    Raises:
        NotPointwise: an update does something that is not scalar arithmetic.
    """
    programs = [trace(*_arguments(step)) for step in plan.steps]
    forward = _Forward(plan, [forward for forward, _ in programs]).text()
    return "\n\n".join([forward, _Backward(plan, [backward for _, backward in programs]).text(), ""])


class _Forward(Writer):
    """The loop forward: what a backward pass needs goes to its array, and so does what others multiply."""

    name = "forward"

    def text(self) -> str:
        plan = self.plan
        self.begin()
        for i in range(plan.states):
            self.load(f"v{i}", f"state{i} + long * width{i}", f"width{i}")
        for i, ref in enumerate(plan.final):
            if ref in plan.kept:
                self._if_kept(ref)
                self.store(self.slot(ref, "0"), f"width{ref}", f"v{i}", "live")
                self.end()
        self.hold_weights()
        self.put("for t in tl.range(0, T, num_stages=AHEAD):", "alive = live & (t < end)", "at = long * T + t")
        visible: set[int] = set()
        for index, step in enumerate(plan.steps):
            self._stage(index, step, visible)
        self.put("if OUT:")
        self.store(f"y + at * width{plan.output}", f"width{plan.output}", f"v{plan.output}")
        self.end()
        for i, ref in enumerate(plan.final):
            self.put(f"n{i} = tl.where(alive, v{ref}, v{i})")
        for i in range(plan.states):
            self.put(f"v{i} = n{i}")
        self.end()
        for i in range(plan.states):
            self.store(f"final{i} + long * width{i}", f"width{i}", f"v{i}", "live")
        return "\n".join(self.lines)

    def _if_kept(self, ref: int) -> None:
        sources = {step.source for step in self.plan.steps}
        multiplied = ref in sources or any(i in sources and self.plan.final[i] == ref for i in range(self.plan.states))
        self.put("if KEEP or not WHOLE:" if multiplied else "if KEEP:")

    def _stage(self, index: int, step: Step, visible: set[int]) -> None:
        stage, plan, n = step.stage, self.plan, f"N{index}"
        for block in range(stage.inputs):
            self.load(f"x{index}_{block}", f"hoisted + at * W + {self.column(index)} + {block} * {n}", n)
        if step.source >= 0:
            self._product(index, step, visible)
        offset = len(self.blocks_of(step))
        reads = {offset + number: f"v{ref}" for number, ref in enumerate(step.reads)}
        results = self.pointwise(index, self.programs[index], reads)
        for ref, (result,) in zip(step.writes, results, strict=True):
            self.put(f"v{ref} = zero" + (f" + {result}" if result else ""))
            if ref in plan.kept:
                self._if_kept(ref)
                self.store(self.slot(ref), f"width{ref}", f"v{ref}")
                self.end()

    def _product(self, index: int, step: Step, visible: set[int]) -> None:
        stage, n, source = step.stage, f"N{index}", step.source
        width = f"width{source}"
        blocks = range(stage.products)
        self.put("if WHOLE:")
        self.put(f"m{index} = tl.where(cols < {width}, v{source}, 0.0).to(weight{index}.dtype.element_ty)")
        for p in blocks:
            self.put(f"u{index}_{p} = product(m{index}, w{index}_{p}, zero, PRECISION, WIDE)")
        self.end()
        self.put("else:")
        if source not in visible:
            self.meet()
            visible.update(range(self.plan.states))
            visible.update(ref for before in self.plan.steps[:index] for ref in before.writes)
        kept = self.plan.final[source] if source < self.plan.states else source
        place = self.slot(kept, "t" if source < self.plan.states else "t + 1")
        for p in blocks:
            self.put(f"u{index}_{p} = zero")
        self.put(
            f"for k in range(0, {width}, BK):",
            INNER,
        )
        self.put(f'm = tl.load({place} + across, mask=live & (across < {width}), other=0, cache_modifier=".cg")')
        for p in blocks:
            where, mask = f"({p} * {n} + cols) * {width} + down", f"(down < {width}) & (cols < {n})"
            self.put(f"w = tl.load(weight{index} + {where}, mask={mask}, other=0)")
            self.put(f"u{index}_{p} = product(m, w, u{index}_{p}, PRECISION, WIDE)")
        self.end()
        self.end()
        for p in blocks:
            if is_separate(step):
                self.load("bias", f"bias{index} + {p} * {n}", n, "(cols >= 0)")
                self.put(f"u{index}_{p} += bias", "if KEEP:")
                columns = f"{stage.products} * {n}"
                self.store(f"product{index} + at * ({columns}) + {p} * {n}", n, f"u{index}_{p}")
            else:  # the input product takes the sum, for the backward pass
                self.put(f"x{index}_{p} += u{index}_{p}", "if KEEP:")
                self.store(f"hoisted + at * W + {self.column(index)} + {p} * {n}", n, f"x{index}_{p}")
            self.end()


class _Backward(Writer):
    """The loop backward: a row keeps the gradient of its final state until its own end."""

    name = "backward"

    def text(self) -> str:
        plan = self.plan
        self.begin()
        for i in range(plan.states):
            self.load(f"c{i}", f"grad_final{i} + long * width{i}", f"width{i}")
        for ref in plan.vectors:
            self.put(f"gv{ref} = zero")
        self.hold_weights()
        self.put("for back in tl.range(0, T, num_stages=AHEAD):", "t = T - 1 - back")
        self.put("alive = live & (t < end)", "at = long * T + t")
        there: dict[int, str] = {}
        for i, ref in enumerate(plan.final):
            self.put(f"g{ref} = c{i}")
            there[ref] = f"g{ref}"
        width = f"width{plan.output}"
        self.load("grad", f"grad_y + at * {width}", width, "alive")
        self._give(plan.output, "grad", there)
        for index in range(len(plan.steps) - 1, -1, -1):
            self._stage(index, plan.steps[index], there)
        for i in range(plan.states):
            self.put(f"c{i} = tl.where(alive, {there.get(i, 'zero')}, c{i})")
        self.end()
        for i in range(plan.states):
            self.store(f"grad_state{i} + long * width{i}", f"width{i}", f"c{i}", "live")
        for ref in plan.vectors:
            self.store(f"grad_vector{ref} + long * width{ref}", f"width{ref}", f"gv{ref}", "live")
        return "\n".join(self.lines)

    def _give(self, ref: int, value: str, there: dict[int, str]) -> None:
        """Add to the gradient of a value."""
        self.put(f"g{ref} = {there.get(ref, 'zero')} + {value}")
        there[ref] = f"g{ref}"

    def _stage(self, index: int, step: Step, there: dict[int, str]) -> None:
        stage, plan, n = step.stage, self.plan, f"N{index}"
        program = self.programs[index]
        offset = len(self.blocks_of(step))
        used = {scalar.arguments for scalar in program.scalars if scalar.operation == "input"}
        columns = {
            "x": ("hoisted", "W", self.column(index)),
            "u": (f"product{index}", f"{stage.products} * {n}", "0"),
        }
        for argument, (name, blocks) in enumerate(self.blocks_of(step)):
            array, row, column = columns[name]
            for block in range(blocks):
                if (argument, block) in used:
                    self.load(
                        f"{name}{index}_{block}", f"{array} + at * ({row}) + {column} + {block} * {n}", n, "alive"
                    )
        reads = {}
        for number, ref in enumerate(step.reads):
            reads[offset + number] = f"v{ref}" if ref in plan.vectors else f"v{index}_{ref}"
            if (offset + number, 0) in used and ref not in plan.vectors:
                kept, time = (plan.final[ref], "t") if ref < plan.states else (ref, "t + 1")
                self.load(f"v{index}_{ref}", self.slot(kept, time), f"width{ref}", "alive")
        cotangents = offset + len(step.reads)
        reads |= {cotangents + number: there.get(ref, "zero") for number, ref in enumerate(step.writes)}
        results = iter(self.pointwise(index, program, reads))
        for name, blocks in self.blocks_of(step):
            array, row, column = columns[name]
            for block, result in zip(range(blocks), next(results), strict=True):
                self.put(f"g{name}{index}_{block} = zero" + (f" + {result}" if result else ""))
                place = f"grad_{array} + at * ({row}) + {column} + {block} * {n}"
                self.store(place, n, f"g{name}{index}_{block}")
        for ref, (result,) in zip(step.reads, results, strict=True):
            if result is not None and ref in plan.vectors:
                self.put(f"gv{ref} += tl.where(alive, zero + {result}, 0.0)")
            elif result is not None:
                self._give(ref, result, there)
        if step.source >= 0:
            self._product(index, step, there)

    def _product(self, index: int, step: Step, there: dict[int, str]) -> None:
        """The gradient of the product's source, of that of the product."""
        stage, n, width = step.stage, f"N{index}", f"width{step.source}"
        name = "u" if is_separate(step) else "x"
        place = (
            f"grad_product{index} + at * ({stage.products} * {n})"
            if is_separate(step)
            else f"grad_hoisted + at * W + {self.column(index)}"
        )
        self._give(step.source, "zero", there)
        total, element = f"g{step.source}", f"weight{index}.dtype.element_ty"
        self.put("if WHOLE:")
        for p in range(stage.products):
            self.put(f"m = tl.where(alive & (cols < {n}), g{name}{index}_{p}, 0.0).to({element})")
            self.put(f"{total} = product(m, tl.trans(w{index}_{p}), {total}, PRECISION, WIDE)")
        self.end()
        self.put("else:")
        self.meet()
        self.put(
            f"for k in range(0, {n}, BK):",
            INNER,
        )
        for p in range(stage.products):
            self.put(
                f'm = tl.load({place} + {p} * {n} + across, mask=alive & (across < {n}), other=0, cache_modifier=".cg")'
            )
            where, mask = f"({p} * {n} + down) * {width} + cols", f"(down < {n}) & (cols < {width})"
            self.put(f"w = tl.load(weight{index} + {where}, mask={mask}, other=0)")
            self.put(f"{total} = product(m, w, {total}, PRECISION, WIDE)")
        self.end()
        self.end()
