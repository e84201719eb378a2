"""Sums, norms and softmaxes over channels give torch's numbers through the generated C, or are refused by name."""

import functools

import pytest
import torch
from tolerances import close
from torch.nn import functional as F

from rnnzoo.ops._pointwise import NotPointwise, trace
from rnnzoo.ops.gated import Stage, gated

OPERATIONS = {  # a (..., 3, N), h (..., N), w (N,)
    "sum": lambda a, h, w: h - a[..., 0, :].sum(-1, keepdim=True),
    "sum without its dimension": lambda a, h, w: h * a[..., 0, :].sum(-1).unsqueeze(-1),
    "sum of what channels share": lambda a, h, w: h + (h * 0 + h.sum(-1, True).tanh()).sum(-1, True),
    "sum of a number": lambda a, h, w: h + torch.ones_like(h).sum(-1, True),
    "sum over blocks and channels": lambda a, h, w: h + a.sum((-2, -1)).unsqueeze(-1),
    "sum over flattened blocks": lambda a, h, w: h + a.flatten(-2).sum(-1, True),
    "sums of a sum": lambda a, h, w: (h - (a[..., 1, :] * h.sum(-1, True)).sum(-1, True)).tanh(),
    "mean": lambda a, h, w: h - h.mean(-1, keepdim=True),
    "weighted mean": lambda a, h, w: h * (h * w / a[..., 0, :].exp()).mean(-1, keepdim=True),
    "variance": lambda a, h, w: h * (a.var(-1, correction=0, keepdim=True)[..., 1, :] + 0.1).rsqrt(),
    "sample variance": lambda a, h, w: h * a.var((-2, -1)).unsqueeze(-1),
    "layer norm": lambda a, h, w: F.layer_norm(h * a[..., 0, :], h.shape[-1:], eps=1e-3),
    "layer norm with weights": lambda a, h, w: F.layer_norm(h * a[..., 0, :], h.shape[-1:], w, w * w, eps=1e-3),
    "layer norm over blocks": lambda a, h, w: F.layer_norm(a, a.shape[-2:])[..., 2, :] * h,
    "root mean square norm": lambda a, h, w: h * ((h * h).mean(-1, True) + 1e-3).rsqrt() * w,
    "softmax": lambda a, h, w: a.softmax(-1)[..., 0, :] * h,
    "softmax over flattened blocks": lambda a, h, w: a.flatten(-2).softmax(-1).unflatten(-1, (3, -1))[..., 1, :] * h,
    "softmax over blocks": lambda a, h, w: (a.softmax(-2) * h.unsqueeze(-2)).cumsum(-2)[..., 1, :],
    "log softmax": lambda a, h, w: F.log_softmax(h + a[..., 2, :], -1),
    "logarithm of a sum of exponentials": lambda a, h, w: h - (h * w).logsumexp(-1, keepdim=True),
    "cumulative sum": lambda a, h, w: h + (w * h).cumsum(-1),
    "cumulative softmax": lambda a, h, w: h * a.softmax(-1).cumsum(-1)[..., 0, :],
    "cumulative sum of thousands": lambda a, h, w: h.cumsum(-1) / 1000,
    "cumulative sum of one": lambda a, h, w: h.tanh().cumsum(-1).tanh().cumsum(-1),
    "cumulative sum of what channels share": lambda a, h, w: h + (h * 0 + h.sum(-1, True)).cumsum(-1),
    "where on a mean": lambda a, h, w: torch.where(h.mean(-1, True) > 0, h, a[..., 0, :]),
    "norm after norm": lambda a, h, w: F.layer_norm(F.layer_norm(h + a[..., 0, :], h.shape[-1:]).tanh(), h.shape[-1:]),
}  # fmt: skip


@functools.cache
def stage_of(names):
    """One stage in which each operation has a state of its own."""
    states = tuple(f"h{i}" for i in range(len(names)))

    def update(a, _, *read):
        *h, w = read
        return tuple(OPERATIONS[name](a, member, w).tanh() for name, member in zip(names, h, strict=True))

    return Stage(states[0], 3, 3, update, (*states, "w"), states, pointwise=False, summed=True)


def everything(names, width, dtype, backend):
    """Final states and gradients of three rows of unequal length."""
    stage = stage_of(names)
    states = stage.writes
    torch.manual_seed(0)
    x, weight, w, *h = (
        torch.randn(shape, dtype=dtype).requires_grad_()
        for shape in ((3, 4, 3 * width), (3 * width, width), (width,), *[(3, width)] * len(states))
    )
    given = {"states": states, "output": "h0", "lengths": torch.tensor([2, 4, 1]), "backend": backend}
    _, final = gated([stage], x, tuple(h), [weight * width**-0.5], None, {"w": w}, **given)
    g = torch.linspace(-1, 1, 3 * width, dtype=dtype).view(3, width)
    score = sum((f * g).sum() for f in final)
    of_h = torch.autograd.grad(score, h, retain_graph=True, allow_unused=True, materialize_grads=True)
    rest = torch.autograd.grad(score, [x, weight, w], allow_unused=True, materialize_grads=True)
    return final, of_h, rest


GROUPS = {
    " ".join(sorted({name.split()[0] for name in names})): names
    for names in [tuple(OPERATIONS)[i : i + 6] for i in range(0, len(OPERATIONS), 6)]
}


@pytest.mark.parametrize("names", GROUPS.values(), ids=GROUPS)
def test_operations_over_channels_are_torchs_in_value_and_gradient(names):
    for width in (2, 5, 37, 70):
        ours, theirs = (everything(names, width, torch.float64, backend) for backend in ("c", "reference"))
        for what, mine, expected in zip(("value", "gradient"), ours, theirs, strict=False):
            for name, one, other in zip(names, mine, expected, strict=True):
                close(one, other, what=f"{what} of {name} of {width} channels")
        close(ours[2], theirs[2], what=f"gradients of what all share, of {width} channels")


def test_a_cumulative_sum_of_thousands_in_float32_is_as_exact_as_torchs():
    name = ("cumulative sum of thousands",)
    ours, theirs = (everything(name, 1000, torch.float32, backend) for backend in ("c", "reference"))
    close(ours[0], theirs[0])


def test_what_is_not_a_number_stays_so_and_infinity_has_no_softmax():
    stage = Stage(None, 1, 0, lambda x, _, h: (x[..., 0, :].softmax(-1) + 0 * h,), ("h",), ("h",), pointwise=False)
    for odd in (float("nan"), float("inf"), -float("inf")):
        x = torch.tensor([[[odd, 1.0, 2.0]], [[1.0, 2.0, 3.0]], [[odd, odd, odd]]])
        ours, theirs = (
            gated([stage], x, (torch.zeros(3, 3),), [None], states=("h",), output="h", backend=backend)[0]
            for backend in ("c", "reference")
        )
        torch.testing.assert_close(ours, theirs, equal_nan=True)


REFUSED = {
    "largest": (lambda a, h: a.amax(-1, keepdim=True) + h, "amax"),
    "sum over the batch too": (lambda a, h: h + a.sum([]), "no scalar form|all dimensions"),
    "some channels": (lambda a, h: h + a[..., 1:].sum(-1, True), "depends on other|some of the channels"),
    "cumulative sum through blocks": (
        lambda a, h: torch.cat([a, h], -1).cumsum(-1).unflatten(-1, (2, -1))[..., 0, :],
        "no block of channels",
    ),
    "number of channels": (lambda a, h: h + a.sum(-1, True) / a.shape[-1], "how many"),
    "neighbour": (lambda a, h: a.cumsum(-1)[..., :1] + h, "depends on other"),
    "blocks side by side": (lambda a, h: torch.stack([a, h], -1).sum(-1), "depends on other|some of the channels"),
}


@pytest.mark.parametrize(("update", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_operation_over_all_channels_is_refused_and_says_why(update, reason):
    with pytest.raises(NotPointwise, match=reason):
        trace(lambda a, h: (update(a[0], h),), [1, None], mixing=True)
