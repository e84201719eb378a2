"""Whatever an update may be written with gives torch's numbers through the generated C, or is refused by name."""

import pytest
import torch
from tolerances import close
from torch.nn import functional as F

from rnnzoo.ops._pointwise import NotPointwise, trace
from rnnzoo.ops.backends import BackendError
from rnnzoo.ops.gated import Stage, gated

N = 9
A = (-25.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 25.0)
H = (-1.0, -3.0, 2.0, -0.5, 0.0, 1.0, 1.0, -3.0, 0.3)


def positive(function):
    return lambda a, h: function(a.abs() + 0.5 + 0 * h)


ARITHMETIC = {
    "add": lambda a, h: a + h,
    "add alpha": lambda a, h: torch.add(a, h, alpha=3),
    "add number": lambda a, h: 2 + a,
    "sub": lambda a, h: a - h,
    "sub alpha": lambda a, h: torch.sub(a, h, alpha=0.5),
    "rsub": lambda a, h: 1 - a,
    "rsub alpha": lambda a, h: torch.rsub(a, h, alpha=3),
    "rsub number alpha": lambda a, h: torch.rsub(a, 2, alpha=3),
    "mul": lambda a, h: a * h,
    "div": lambda a, h: a / (h * h + 1),
    "div number": lambda a, h: a / 3,
    "number div": lambda a, h: 2 / (h * h + 1),
    "reciprocal": lambda a, h: (h * h + 1).reciprocal(),
    "neg": lambda a, h: -a,
    "square": lambda a, h: a.square(),
    "addcmul": lambda a, h: torch.addcmul(a, a, h, value=2),
    "addcdiv": lambda a, h: torch.addcdiv(a, h, h * h + 1, value=2),
    "lerp": lambda a, h: torch.lerp(a, h, 0.3),
    "lerp tensor": lambda a, h: torch.lerp(a, h, torch.sigmoid(a)),
    "pow 2": lambda a, h: a**2,
    "pow 3": lambda a, h: a**3,
    "pow 4": lambda a, h: a**4,
    "pow -1": lambda a, h: (h * h + 1) ** -1,
    "pow 0.5": positive(lambda v: v**0.5),
    "pow -0.5": positive(lambda v: v**-0.5),
    "pow 1": lambda a, h: a**1,
    "scalar tensor": lambda a, h: a * torch.tensor(0.1) + torch.full((1,), 0.25),
    "zeros": lambda a, h: torch.zeros_like(h),
    "ones": lambda a, h: torch.ones_like(h) * a,
    "full": lambda a, h: torch.full_like(h, 0.3) + a,
    "new": lambda a, h: h.new_zeros(h.shape) + h.new_ones(h.shape) * a,
    "infinite bound": lambda a, h: a.clamp(max=float("inf")),
}
FUNCTIONS = {
    "sigmoid": lambda a, h: torch.sigmoid(a),
    "tanh": lambda a, h: torch.tanh(a),
    "exp": lambda a, h: torch.exp(a / 4),
    "expm1": lambda a, h: torch.expm1(a / 4),
    "log": positive(torch.log),
    "log1p": positive(torch.log1p),
    "sqrt": positive(torch.sqrt),
    "rsqrt": positive(torch.rsqrt),
    "sin": lambda a, h: torch.sin(a),
    "cos": lambda a, h: torch.cos(a),
    "silu": lambda a, h: F.silu(a),
    "logsigmoid": lambda a, h: F.logsigmoid(a),
    "softplus": lambda a, h: F.softplus(a),
    "softplus of 20": lambda a, h: F.softplus(a * 0 + 20),
    "softplus beta": lambda a, h: F.softplus(a, 2.0),
    "softplus threshold": lambda a, h: F.softplus(a, 1.0, 2.0),
    "softplus far threshold": lambda a, h: F.softplus(a, 1.0, 30.0),
    "softsign": lambda a, h: F.softsign(a),
    "tanhshrink": lambda a, h: F.tanhshrink(a),
}
KINKS = {
    "relu": lambda a, h: torch.relu(a),
    "leaky relu": lambda a, h: F.leaky_relu(a),
    "abs": lambda a, h: a.abs(),
    "leaky relu slope": lambda a, h: F.leaky_relu(a, 0.3),
    "sign": lambda a, h: torch.sign(a) * h,
    "relu6": lambda a, h: F.relu6(a),
    "hardtanh": lambda a, h: F.hardtanh(a),
    "clamp": lambda a, h: a.clamp(-1, 3),
    "hardtanh bounds": lambda a, h: F.hardtanh(a, -0.5, 3.0),
    "clamp min": lambda a, h: a.clamp(min=0.5),
    "clamp max": lambda a, h: a.clamp(max=-0.5),
    "clamp_min": lambda a, h: torch.clamp_min(a, 0.5),
    "clamp_max": lambda a, h: torch.clamp_max(a, 0.5),
    "clamp tensors": lambda a, h: torch.clamp(a, h, h + 2),
    "clamp crossed tensors": lambda a, h: torch.clamp(a, h, h * 0),
    "maximum": lambda a, h: torch.maximum(a, h),
    "minimum": lambda a, h: torch.minimum(a, h),
    "max": lambda a, h: torch.max(a, h),
    "where": lambda a, h: torch.where(a > h, a, 2 * h),
    "where number": lambda a, h: torch.where(a <= 0, a, 0.5),
    "number where": lambda a, h: torch.where(a < h, 0.5, h),
    "masked_fill": lambda a, h: h.masked_fill(a >= 1, 0.25),
    "eq": lambda a, h: (a == h) * a,
    "ne": lambda a, h: (a != h).to(a.dtype) + (a > 0).to(a.dtype),
    "float of a truth": lambda a, h: (a > 0).type_as(a) * a,
    "both constants": lambda a, h: torch.where(a > 0, 1.0, 0.0) * h,
}
MOVES = {
    "unbind": lambda a, h: torch.stack([a, h], -2).unbind(-2)[1],
    "chunk": lambda a, h: torch.stack([a, h], -2).chunk(2, -2)[0].squeeze(-2),
    "split": lambda a, h: torch.stack([a, h], -2).split([1, 1], -2)[1].squeeze(-2),
    "slice": lambda a, h: torch.stack([a, h, a * h], -2)[..., 1:, :][..., 1, :],
    "sum of blocks": lambda a, h: torch.stack([a, h, a * h], -2).sum(-2),
    "select": lambda a, h: torch.stack([a, h], -2)[..., -1, :],
    "sum kept": lambda a, h: torch.stack([a, h], -2).sum(-2, keepdim=True).squeeze(-2),
    "cat": lambda a, h: torch.cat([a.unsqueeze(-2), h.unsqueeze(-2)], -2).sum(-2),
    "expand": lambda a, h: (a.unsqueeze(-2).expand(*a.shape[:-1], 2, -1) * torch.stack([h, a], -2)).sum(-2),
    "clone": lambda a, h: a.clone() * h,
    "detach": lambda a, h: a.detach() * h + a,
    "squeeze of nothing": lambda a, h: a.squeeze(-1) + h,
    "reshape": lambda a, h: a.reshape(a.shape) * 2,
}
GROUPS = {"arithmetic": ARITHMETIC, "functions": FUNCTIONS, "kinks": KINKS, "moves": MOVES}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_every_operation_is_torchs_in_value_and_gradient(group, dtype):
    """One recurrence with a state for each operation, from values at which they have their kinks."""
    operations, states = list(group.values()), tuple(f"h{i}" for i in range(len(group)))

    def update(a, _, *h):
        return tuple(operation(a[..., i, :], h[i]) for i, operation in enumerate(operations))

    stage = Stage("h0", len(group), len(group), update, states, states, summed=True)

    def run(backend):
        x = torch.tensor(A, dtype=dtype).repeat(len(group)).expand(1, 1, -1).clone().requires_grad_()
        h = [torch.tensor([H], dtype=dtype).requires_grad_() for _ in states]
        weight = torch.zeros(len(group) * N, N, dtype=dtype)
        _, final = gated([stage], x, tuple(h), [weight], states=states, output="h0", backend=backend)
        g = torch.linspace(0.5, 1.5, N, dtype=dtype)
        by_x, *by_h = torch.autograd.grad(
            sum((f * g).sum() for f in final), [x, *h], allow_unused=True, materialize_grads=True
        )
        return final, by_x.unflatten(-1, (len(group), N))[0, 0], by_h

    ours, theirs = run("c"), run("reference")
    for what, mine, expected in zip(("value", "gradient by a", "gradient by h"), ours, theirs, strict=True):
        for name, one, other in zip(group, mine, expected, strict=True):
            close(one, other, what=f"{what} of {name}")


LEARNED = torch.nn.Parameter(torch.tensor(0.5))
HELD = torch.tensor(0.5)
REFUSED = {
    "no scalar form": (lambda a, h: torch.special.i0(a), "i0"),
    "a tensor of its own": (lambda a, h: a * torch.arange(N), "tensor of its own"),
    "a learned number": (lambda a, h: a * LEARNED, "tensor of its own"),
    "a number in a tensor that may change": (lambda a, h: a * HELD, "tensor of its own"),
    "one computed from it": (lambda a, h: a * (HELD + 1), "tensor of its own"),
    "chance": (lambda a, h: a * torch.rand(1), "tensor of its own"),
    "dropout": (lambda a, h: F.dropout(a, 0.5, True), "no scalar form"),
    "in place": (lambda a, h: a.clone().mul_(2), "mul_"),
    "assignment": (lambda a, h: a.clone().__setitem__(slice(0, 1), 0), "no scalar form"),
    "sum over channels": (lambda a, h: a.sum(-1, keepdim=True) + h, "sum over channels"),
    "sum over everything": (lambda a, h: a.sum() + h, "no scalar form"),
    "mean over channels": (lambda a, h: a - a.mean(-1, keepdim=True), "sum over channels"),
    "softmax": (lambda a, h: a.softmax(-1), "maximum over channels"),
    "first channel": (lambda a, h: a + h[..., :1], "depends on other channels"),
    "channels the other way round": (lambda a, h: torch.cat([a[..., 1:], a[..., :1]], -1), "depends on other channels"),
    "the number of channels": (lambda a, h: a / a.shape[-1], "how many"),
    "a neighbour in the condition": (lambda a, h: torch.where(h[..., -1:] > 0, a, h), "depends on other channels"),
    "branch": (lambda a, h: a if (a > 0).all() else h, "no scalar form|cannot be followed"),
    "branch on one number": (lambda a, h: a if a[..., 0] > 0 else h, "no scalar form|cannot be followed"),
    "item": (lambda a, h: a * a.flatten()[0].item(), "no scalar form|cannot be followed"),
    "numpy": (lambda a, h: torch.as_tensor(a.numpy()) + h, "cannot be followed"),
    "whole numbers": (lambda a, h: a.long() + h, "int64"),
    "truth of a number": (lambda a, h: a * a.bool(), "bool"),
    "sum of truths": (lambda a, h: ((a > 0) + (h > 0)) * a, "truth values"),
    "complex": (lambda a, h: (a * 1j).real, "cannot be followed|complex"),
    "result of another shape": (lambda a, h: a[..., :1], "made of its arguments"),
    "result that is no argument's": (lambda a, h: torch.zeros(N), "made of its arguments"),
    "result that is a truth": (lambda a, h: a > 0, "made of its arguments"),
    "result that is a number": (lambda a, h: 0.5, "made of its arguments"),
    "power of another kind": (lambda a, h: a**1.7, "power of 1.7"),
    "rounding division": (lambda a, h: torch.div(a, h, rounding_mode="floor"), "no scalar form"),
    "error of its own": (lambda a, h: {}["missing"], "KeyError"),
}  # fmt: skip


@pytest.mark.parametrize(("update", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_scalar_arithmetic_is_refused_and_says_why(update, reason):
    with pytest.raises(NotPointwise, match=reason):
        trace(lambda a, h: (update(a[0], h),), [1, None])


def test_a_refused_update_runs_in_torch_in_silence_and_forced_is_an_error(recwarn):
    stage = Stage("h", 1, 1, lambda a, _, h: (torch.tanh(a[..., 0, :]) + h[..., :1],), ("h",), ("h",), summed=True)
    x, h0, weight = torch.randn(2, 5, 4), torch.randn(2, 4), torch.randn(4, 4)
    given = {"states": ("h",), "output": "h"}
    with pytest.raises(BackendError, match="depends on other channels"):
        gated([stage], x, (h0,), [weight], **given, backend="c")
    close(gated([stage], x, (h0,), [weight], **given), gated([stage], x, (h0,), [weight], **given, backend="reference"))
    assert not recwarn.list


def test_mixing_that_one_channel_hides_is_found_before_a_wider_one_runs():
    """A pointwise update and one that reads the first channel are the same at one channel, and the same C."""

    def plain(a, _, h):
        return (torch.tanh(a[..., 0, :]) + h,)

    def mixing(a, _, h):
        return (torch.tanh(a[..., 0, :]) + h[..., :1],)

    for width in (1, 4):
        for update in (plain, mixing):
            stage = Stage("h", 1, 1, update, ("h",), ("h",), summed=True)
            given = ([stage], torch.randn(2, 3, width), (torch.randn(2, width),), [torch.randn(width, width)])
            close(*(gated(*given, states=("h",), output="h", backend=backend)[0] for backend in (None, "reference")))


def test_the_gradient_of_what_is_not_read_is_zero():
    forward, backward = trace(lambda a, h: (a[0] * 0 + 1,), [1, None])
    assert [scalar.operation for scalar in forward.scalars] == ["constant"]
    assert backward.results == [[None], [None]]
