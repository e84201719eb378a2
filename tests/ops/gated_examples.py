"""Gated recurrences of every form the op promises, small; each is ``example(batch, time) -> (tensors, call)``."""

import torch

from rnnzoo.ops.gated import Stage, gated

I, N = 3, 4


def build(stages, *, products, states=("h",), output="h", vectors=(), sizes=None, hoisted=False, clock=False):
    """``products``: (rows, source's width) per stage or None; ``hoisted``: x comes as the input product."""
    sizes = sizes or {}

    def example(batch, time):
        def new(*shape):
            return torch.randn(*shape, dtype=torch.float64) / 2

        width = sum(stage.inputs * (stage.size or N) for stage in stages)
        tensors = {"x": new(batch, time, width if hoisted else I)}
        if not hoisted:
            tensors |= {"weight_ih": new(width, I), "bias_ih": new(width)}
        tensors |= {f"state {i}": new(batch, sizes.get(name, N)) for i, name in enumerate(states)}
        tensors |= {f"weight {s}": new(*shape) for s, shape in enumerate(products) if shape}
        tensors |= {f"bias {s}": new(shape[0]) for s, shape in enumerate(products) if shape}
        tensors |= {name: new(N) for name in vectors}
        ticks = (torch.arange(batch).unsqueeze(1),) if clock else ()

        def call(lengths, backend):
            return gated(
                stages,
                tensors["x"],
                (*(tensors[f"state {i}"] for i in range(len(states))), *ticks),
                [tensors.get(f"weight {s}") for s in range(len(stages))],
                [tensors.get(f"bias {s}") for s in range(len(stages))],
                {name: tensors[name] for name in vectors},
                states=(*states, *(("k",) if clock else ())),
                output=output,
                input_weight=tensors.get("weight_ih"),
                input_bias=tensors.get("bias_ih"),
                lengths=lengths,
                backend=backend,
            )

        return tensors, call

    return example


def peephole(a, _, c, p_i, p_f, p_o):
    i, f, g, o = a.unbind(-2)
    c = torch.sigmoid(f + p_f * c) * c + torch.sigmoid(i + p_i * c) * torch.tanh(g)
    return torch.sigmoid(o + p_o * c) * torch.tanh(c), c


def gru(x, u, h):
    r, z = torch.sigmoid(x[..., :2, :] + u[..., :2, :]).unbind(-2)
    return ((1 - z) * torch.tanh(x[..., 2, :] + r * u[..., 2, :]) + z * h,)


def lem_gates(x, u, z):
    """Two time steps and a candidate for z; LEM's second stage multiplies the new z."""
    d1, d2, g = (x[..., :3, :] + u).unbind(-2)
    d1, d2 = torch.sigmoid(d1), torch.sigmoid(d2)
    return d2, (1 - d1) * z + d1 * torch.tanh(g)


def lem_state(x, u, d2, y):
    return ((1 - d2) * y + d2 * torch.tanh(x[..., 0, :] + u[..., 0, :]),)


def norm(values):
    centred = values - values.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()


def normed(x, u, c, scale):
    f, g = (x + norm(u)).unbind(-2)
    c = torch.sigmoid(f) * c + torch.tanh(g)
    return torch.tanh(norm(c) * scale), c


def modulate_input(x, u):
    return (2 * torch.sigmoid(u[..., 0, :]) * x[..., 0, :],)


def from_modulated(_, u):
    return (u[..., 0, :],)


def close_step(a, _, w):
    return (torch.tanh(a[..., 0, :] + w),)


def read_out(a, _, h):
    h = torch.tanh(a[..., 0, :]) + 0.5 * h
    return h, h * h


def no_product(x, _, h, u):
    return (torch.relu(x[..., 0, :] + u * h),)


def counting(a, _, k):
    return torch.tanh(a[..., 0, :]) * (1 + k % 2), k + 1


def unused_input(x, u, h):
    return (torch.tanh(u[..., 0, :]) + 0 * h,)


EXAMPLES = {
    "peephole": build(
        [Stage("h", 4, 4, peephole, ("c", "p_i", "p_f", "p_o"), ("h", "c"), summed=True)],
        products=[(4 * N, N)],
        states=("h", "c"),
        vectors=("p_i", "p_f", "p_o"),
    ),
    "gru": build([Stage("h", 3, 3, gru, ("h",), ("h",))], products=[(3 * N, N)]),
    "second product of the new state": build(
        [Stage("y", 3, 3, lem_gates, ("z",), ("d2", "z")), Stage("z", 1, 1, lem_state, ("d2", "y"), ("y",))],
        products=[(3 * N, N), (N, N)],
        states=("y", "z"),
        output="y",
    ),
    "norm over channels": build(
        [Stage("h", 2, 2, normed, ("c", "scale"), ("h", "c"), pointwise=False)],
        products=[(2 * N, N)],
        states=("h", "c"),
        vectors=("scale",),
    ),
    "input hit by a product": build(
        [
            Stage("h", 1, 1, modulate_input, (), ("m",), size=I),
            Stage("m", 0, 1, from_modulated, (), ("w",)),
            Stage("h", 1, 1, close_step, ("w",), ("h",), summed=True),
        ],
        products=[(I, N), (N, I), (N, N)],
        hoisted=True,
    ),
    "output is no state": build(
        [Stage("h", 1, 1, read_out, ("h",), ("h", "y"), summed=True)], products=[(N, N)], output="y"
    ),
    "projected state": build(
        [
            Stage("h", 1, 1, lambda a, _: (torch.tanh(a[..., 0, :]),), (), ("m",), summed=True),
            Stage("m", 0, 1, from_modulated, (), ("h",)),
        ],
        products=[(N, 2), (2, N)],
        sizes={"h": 2},
    ),
    "no product": build([Stage(None, 1, 0, no_product, ("h", "u"), ("h",))], products=[None], vectors=("u",)),
    "integer clock": build(
        [Stage("h", 1, 1, counting, ("k",), ("h", "k"), summed=True)], products=[(N, N)], clock=True
    ),
    "input unused": build([Stage("h", 1, 1, unused_input, ("h",), ("h",))], products=[(N, N)]),
}

NOT_IN_C = {"integer clock"}
"""What native code does not do: count."""
