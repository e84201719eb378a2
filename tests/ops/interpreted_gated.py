"""Run by ``test_triton.py`` with TRITON_INTERPRET=1: gated cells in Triton against the readable loop."""

import os
import sys

import torch
from tolerances import TOLERANCES

from rnnzoo.ops._triton_kernel import Kernel, Tiles, functions
from rnnzoo.registry import LAYERS

ROUGH = {torch.float32: 1e-5, torch.bfloat16: 5e-2}


def ran(cell, backend, x, state, lengths):
    cell.backend = backend
    x, state = x.detach().requires_grad_(), tuple(s.detach().requires_grad_() for s in state)
    y, final = cell(x, state, lengths)
    assert cell.last_backend == backend
    generator = torch.Generator().manual_seed(3)
    parts = [part.float() for part in (y, *final)]
    score = sum((part * torch.randn(part.shape, generator=generator)).sum() for part in parts)
    leaves = [x, *state, *cell.parameters()]
    grads = torch.autograd.grad(score, leaves, allow_unused=True)
    return [
        *(part.detach() for part in parts),
        *(torch.zeros_like(t) if g is None else g for g, t in zip(grads, leaves, strict=True)),
    ]


def compare(name, batch, time, lengths=None, dtype=torch.float32, hidden=5, **options):
    torch.manual_seed(1)
    cell = LAYERS.entry(name).target(3, hidden, **options)
    x, state = torch.randn(batch, time, 3), tuple(torch.randn(batch, *s) / 2 for s in cell.state_shapes)
    lengths = None if lengths is None else torch.tensor(lengths)
    expected = ran(cell, "reference", x, state, lengths)
    if dtype == torch.float32:
        actual = ran(cell, "triton", x, state, lengths)
    else:
        with torch.autocast("cpu", dtype=dtype):
            actual = ran(cell, "triton", x, state, lengths)
    for number, (ours, theirs) in enumerate(zip(actual, expected, strict=True)):
        scale = max(1.0, float(theirs.abs().max()))
        worst = float((ours.float() - theirs.float()).abs().max()) / scale
        assert worst < ROUGH[dtype], (name, batch, time, lengths, dtype, number, worst)
    print("equal", name, batch, time, None if lengths is None else lengths.tolist(), dtype, flush=True)


def through_memory(kernel, x, widths):
    """A layout in which what is multiplied goes through memory, as where several programs share the rows."""
    return Tiles(16, 16, 1, False, -(-x.shape[0] // 16), 1, {})


def run_together(kernel, backward, arrays, whole, tiles, **options):
    """Every program of the grid in a process of its own, all at once, over memory that they share."""
    given = {name: t for name, t in arrays.items() if t is not None}
    arrived = given["arrived"] = torch.zeros(32 * tiles.groups, dtype=torch.int32)
    for tensor in given.values():
        tensor.share_memory_()
    children = []
    for program in range(tiles.groups * tiles.parts):
        child = os.fork()
        if child:
            children.append(child)
            continue
        try:
            launch(kernel, backward, given, whole, tiles, program, **options)
            os._exit(0)
        finally:
            os._exit(1)
    assert not any(os.waitpid(child, 0)[1] for child in children)
    assert arrived.any(), "no program met another"


def launch(kernel, backward, given, whole, tiles, program, **options):
    function = functions(kernel.text)["backward" if backward else "forward"]
    tensors = [given.get(name, given["hoisted"]) for name in kernel.names[backward]]
    numbers = [program if name == "first" else whole[name] for name in kernel.sizes]
    function[(1,)](
        *tensors, *numbers, BM=tiles.rows, BN=tiles.channels, BK=16, PARTS=tiles.parts, WHOLE=False, AHEAD=1,
        PRECISION="tf32", WIDE=True, **options,
    )  # fmt: skip


if __name__ == "__main__":
    assert ROUGH[torch.float32] == TOLERANCES[torch.float32]
    torch.set_num_threads(1)
    for name in ("gru", "scrn", "mingru", "rg_lru"):
        compare(name, 3, 3, [2, 3, 1])
    compare("lstm", 1, 1)
    compare("gru", 17, 2)
    compare("lstm", 2, 3, [3, 2], proj_size=2)
    compare("peephole_lstm", 2, 2, dtype=torch.bfloat16)
    Kernel.tiles, Kernel.inner = through_memory, 16
    compare("lem", 18, 2, [1 + i % 2 for i in range(18)])
    Kernel.tiles = lambda kernel, x, widths: Tiles(16, 16, 2, False, -(-x.shape[0] // 16), 1, {})
    Kernel.run = run_together
    compare("lem", 2, 2, [2, 1], hidden=19)
    assert "triton" in sys.modules
