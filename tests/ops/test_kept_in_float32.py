"""What stays float32 in mixed precision has to: carried in bfloat16 the same numbers are wrong by more than 2 %.

Each case runs a long sequence under bfloat16 autocast as it is, and again with one part forced into bfloat16; both are
measured against float64, as a share of the largest value. All other precision is the same in both.
"""

import contextlib
import copy
import math
from importlib import import_module

import pytest
import torch
from torch import nn

from rnnzoo.layers import _state_space
from rnnzoo.modules.pooling import Attention
from rnnzoo.ops.scan import complex_scan, scan
from rnnzoo.ops.softmax_scan import lowest, softmax_scan
from rnnzoo.registry import LAYERS

# functions of the same names hide the modules
gated_module, scan_module, softmax_module = (
    import_module(f"rnnzoo.ops.{name}") for name in ("gated", "scan", "softmax_scan")
)
scan_stage = import_module("rnnzoo.layers._scan")

LARGEST = 0.02
LONG = 1000


def low(*tensors):
    return [t.bfloat16() if t.is_floating_point() else t for t in tensors]


def run(call):
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        return call()


def wrong(found, exact):
    found, exact = found.detach().double(), exact.detach()
    return float((found - exact).abs().max() / exact.abs().max())


def test_the_sum_of_a_scan(monkeypatch):
    a, b, h0 = torch.ones(1, LONG, 2), torch.ones(1, LONG, 2), torch.zeros(1, 2)
    exact = torch.arange(1, LONG + 1.0, dtype=torch.float64)[None, :, None].expand(1, LONG, 2)
    for backend in ("reference", "torch"):
        assert wrong(scan(*low(a, b, h0), backend=backend)[0], exact) < LARGEST
        assert wrong(run(lambda: scan(a.bfloat16(), b, h0, backend=backend)[0]), exact) < LARGEST / 100  # noqa: B023
    monkeypatch.setattr(scan_module, "HALF", ())
    assert wrong(scan(*low(a, b, h0), backend="reference")[0], exact) > LARGEST  # 256 + 1 is 256 there


def test_the_state_of_a_complex_scan_and_its_turning():
    angle = torch.tensor(0.01, dtype=torch.float64)
    a = 0.999 * torch.stack((angle.cos(), angle.sin())).reshape(1, 1, 1, 2)
    b, h0 = torch.ones(1, LONG, 1, 2, dtype=torch.float64), torch.zeros(1, 1, 2, dtype=torch.float64)
    exact = complex_scan(a, b, h0)[0]
    assert wrong(run(lambda: complex_scan(a.float(), b.bfloat16(), h0.float())[0]), exact) < LARGEST / 100
    assert wrong(run(lambda: complex_scan(a.bfloat16(), b.bfloat16(), h0.float())[0]), exact) > LARGEST


@pytest.mark.parametrize(("layer", "options"), [("lru", {"r_min": 0.999, "r_max": 0.9999}), ("s4d", {}), ("s5", {})])
def test_the_decays_of_a_diagonal_state_space(layer, options, monkeypatch):
    torch.manual_seed(0)
    cell = LAYERS.entry(layer).target(8, 8, **options).double()
    x = torch.ones(1, LONG, 8, dtype=torch.float64)
    exact = cell(x)[0]
    cell.float().backend = "torch"
    assert wrong(run(lambda: cell(x.float())[0]), exact) < LARGEST
    own = _state_space.complex_scan
    monkeypatch.setattr(_state_space, "complex_scan", lambda a, b, h0, **k: own(a.bfloat16().float(), b, h0, **k))
    assert wrong(run(lambda: cell(x.float())[0]), exact) > LARGEST


@pytest.fixture
def mamba():
    torch.manual_seed(0)
    cell = LAYERS.entry("mamba").target(8, 8)
    with torch.no_grad():
        cell.dt_bias.fill_(math.log(math.expm1(1e-4)))  # the slowest step size that it begins with
    cell.backend = "torch"
    return cell


def test_the_decay_of_a_selective_state_space(mamba, monkeypatch):
    x = torch.ones(1, LONG, 8)
    exact = copy.deepcopy(mamba).double()(x.double())[1][0]
    assert wrong(run(lambda: mamba(x)[1][0]), exact) < LARGEST
    monkeypatch.setattr(scan_stage, "scan", lambda a, b, h0, **k: scan(a.bfloat16().float(), b, h0, **k))
    assert wrong(run(lambda: mamba(x)[1][0]), exact) > LARGEST


def test_the_step_size_of_a_selective_state_space(mamba):
    u = torch.randn(1, 50, mamba.dt_bias.shape[0])
    start = torch.zeros(1, mamba.window - 1, mamba.dt_bias.shape[0])
    seen = torch.cat((start, u), 1)
    wide = copy.deepcopy(mamba).double()
    exact = nn.functional.softplus(wide.selection(seen.double())[1])
    assert wrong(run(lambda: nn.functional.softplus(mamba.selection(seen)[1])), exact) < LARGEST / 2
    forced = run(lambda: nn.functional.softplus(mamba.selection(seen)[1].bfloat16()))
    assert wrong(forced, exact) > LARGEST


@pytest.mark.parametrize("decay", [None, -(2.0**-10)])
def test_the_sums_of_a_softmax_scan_and_their_largest_exponent(decay, monkeypatch):
    torch.manual_seed(0)
    s, v = torch.zeros(1, LONG, 2), torch.rand(1, LONG, 2, 1).bfloat16().float()
    s[:, 1:] = 0.0 if decay is None else -8.0  # with a decay it is the first exponent that falls, step by step
    start = (torch.full((1, 2), lowest(torch.bfloat16)), torch.zeros(1, 2), torch.zeros(1, 2, 1))
    given = {} if decay is None else {"decay": torch.full((1, 1, 1), decay)}
    wide = {name: value.double() for name, value in given.items()}
    exact = softmax_scan(s.double(), v.double(), tuple(value.double() for value in start), **wide)[0]

    def worst():
        halves = {name: value.bfloat16() for name, value in given.items()}
        found = softmax_scan(*low(s, v), tuple(low(*start)), backend="reference", **halves)[0]
        return max(wrong(one, other) for one, other in zip(found, exact, strict=True) if float(other.abs().max()))

    assert worst() < LARGEST
    assert run(worst) < LARGEST / 100
    monkeypatch.setattr(softmax_module, "HALF", ())
    assert worst() > LARGEST


GATED = {"lstm_1997": "the carousel", "slstm": "normaliser and stabiliser", "lstm": "the cell"}


@pytest.mark.parametrize("layer", GATED)
def test_the_states_of_a_gated_recurrence(layer, monkeypatch):
    torch.manual_seed(0)
    cell = LAYERS.entry(layer).target(4, 8).double()
    with torch.no_grad():
        for name, parameter in cell.named_parameters():
            if layer == "lstm" and name == "bias_ih":
                parameter[8:16] = 8.0  # a gate that forgets next to nothing
    x = torch.rand(1, LONG, 4, dtype=torch.float64)
    exact = cell(x)[1]
    cell.float().backend = "torch"
    kept = max(wrong(a, b) for a, b in zip(run(lambda: cell(x.float())[1]), exact, strict=True))
    assert kept < LARGEST
    half = lambda t: t.bfloat16() if isinstance(t, torch.Tensor) and t.is_floating_point() else t  # noqa: E731
    monkeypatch.setattr(gated_module, "_float32", half)
    lost = max(wrong(a, b) for a, b in zip(run(lambda: cell(x.float())[1]), exact, strict=True))
    assert lost > LARGEST


def test_the_scores_of_an_attention(monkeypatch):
    torch.manual_seed(0)
    pooling, x = Attention(8).double(), torch.randn(4, 50, 8, dtype=torch.float64)
    with torch.no_grad():
        pooling.key.weight.copy_(torch.eye(8))  # exact in either precision, so that the scores are all there is
        pooling.query.mul_(100.0)
    x = torch.atanh(torch.tanh(x).bfloat16().double().clamp(-0.99, 0.99)).float().bfloat16()
    exact = pooling.weights(x.double())
    pooling.float()
    assert wrong(run(lambda: pooling.weights(x)), exact) < LARGEST

    def forced():
        monkeypatch.setattr(torch, "autocast", lambda *given, **options: contextlib.nullcontext())
        return pooling.weights(x)

    assert wrong(run(forced), exact) > LARGEST
