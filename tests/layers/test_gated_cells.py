"""SRN, LSTM, GRU, peephole LSTM: their options, parameters and refusals; the laws and oracles hold their numbers."""

import importlib.util
import sys
import warnings
from pathlib import Path

import pytest
import torch
from tolerances import close
from torch import nn

from rnnzoo.layers.gru import GRU
from rnnzoo.layers.layer_norm_gru import LayerNormGRU
from rnnzoo.layers.lstm import LSTM
from rnnzoo.layers.nru import NRU
from rnnzoo.layers.peephole_lstm import PeepholeLSTM
from rnnzoo.layers.srn import SRN
from rnnzoo.ops._c_build import tell_once
from rnnzoo.ops._c_gated import Missing
from rnnzoo.ops.backends import BackendError
from rnnzoo.registry import UnknownName

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections")

CELLS = {"srn": SRN, "lstm": LSTM, "gru": GRU, "peephole_lstm": PeepholeLSTM}
NATIVE = {"srn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
I, H = 3, 4


def both_ways(cell, x, state=None):
    """Outputs and final states by every backend the cell can run."""
    results = {}
    for backend in cell.backends:
        cell.backend = backend
        y, final = cell(x, state)
        assert cell.last_backend == backend
        results[backend] = (y, *final)
    return results


def test_srn_without_recurrent_bias_has_exactly_its_matrices_and_one_bias():
    assert sum(p.numel() for p in SRN(I, H, recurrent_bias=False).parameters()) == I * H + H * H + H
    assert sum(p.numel() for p in SRN(I, H).parameters()) == I * H + H * H + 2 * H
    assert sum(p.numel() for p in SRN(I, H, bias=False).parameters()) == I * H + H * H


@pytest.mark.parametrize("name", CELLS)
def test_without_recurrent_bias_the_cell_is_the_one_whose_recurrent_bias_is_zero(name):
    one, two = CELLS[name](I, H, recurrent_bias=False), CELLS[name](I, H)
    two.load_state_dict({"bias_hh": torch.zeros_like(two.bias_hh), **one.state_dict()})
    x = torch.randn(2, 5, I)
    expected = both_ways(two, x)
    for backend, actual in both_ways(one, x).items():
        close(actual, expected[backend])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("srn", {"nonlinearity": "relu"}),
        ("srn", {"bias": False}),
        ("lstm", {"bias": False}),
        ("lstm", {"proj_size": 2}),
        ("lstm", {"proj_size": 2, "bias": False}),
        ("gru", {"bias": False}),
        ("gru", {"reset_after": False}),
        ("gru", {"reset_after": False, "bias": False}),
        ("peephole_lstm", {"bias": False}),
    ],
)
def test_options_agree_across_backends(name, options):
    cell = CELLS[name](I, H, dtype=torch.float64, **options)
    x = torch.randn(2, 5, I, dtype=torch.float64)
    state = tuple(torch.randn(2, *shape, dtype=torch.float64) for shape in cell.state_shapes)
    results = both_ways(cell, x, state)
    for actual in results.values():
        close(actual, results["reference"])


@pytest.mark.parametrize(("name", "options"), [("srn", {"nonlinearity": "relu"}), ("lstm", {"proj_size": 2})])
def test_options_equal_torch_nn(name, options):
    cell, module = CELLS[name](I, H, **options), NATIVE[name](I, H, batch_first=True, **options)
    module.load_state_dict({f"{key}_l0": value for key, value in cell.state_dict().items()})
    x = torch.randn(2, 5, I)
    for y, *_ in both_ways(cell, x).values():
        close(y, module(x)[0])


@pytest.mark.parametrize("name", NATIVE)
def test_a_seed_gives_the_weights_torch_would_draw(name):
    torch.manual_seed(4)
    cell = CELLS[name](I, H)
    torch.manual_seed(4)
    module = NATIVE[name](I, H)
    for key, value in cell.state_dict().items():
        assert torch.equal(value, getattr(module, f"{key}_l0")), key


def test_gru_with_the_reset_before_the_product_equals_its_oracle():
    path = Path(__file__).resolve().parents[1] / "oracles" / "gru_reset_before.py"
    spec = importlib.util.spec_from_file_location("oracle_gru_reset_before", path)
    oracle = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(oracle)
    cell = GRU(I, H, reset_after=False, dtype=torch.float64)
    x, h = torch.randn(3, 6, I, dtype=torch.float64), torch.randn(3, H, dtype=torch.float64)
    parameters = {name: p.detach().numpy() for name, p in cell.named_parameters()}
    y, (final,) = oracle.oracle(x.numpy(), (h.numpy(),), parameters)
    for actual in both_ways(cell, x, (h,)).values():
        close(actual, (torch.as_tensor(y), torch.as_tensor(final)))
    after = GRU(I, H, dtype=torch.float64)
    after.load_state_dict(cell.state_dict())
    assert (after(x, (h,))[0] - torch.as_tensor(y)).abs().max() > 1e-3


def test_our_own_c_runs_by_default_and_what_it_cannot_do_runs_in_torch():
    x = torch.randn(1, 2, I)
    expected = {SRN(I, H): "c", GRU(I, H): "c", PeepholeLSTM(I, H): "c", LayerNormGRU(I, H): "c", NRU(I, H): "torch"}
    expected |= {LSTM(I, H): "native", LSTM(I, 99): "native", LSTM(I, 999): "c", LSTM(I, H, proj_size=2): "c"}
    for cell, backend in expected.items():
        assert cell.last_backend is None
        cell(x)
        assert cell.last_backend == backend, cell


@pytest.mark.parametrize("name", NATIVE)
def test_without_a_compiler_torchs_kernels_run_and_the_reason_is_told_once(name, monkeypatch):
    missing = Missing("no C compiler was found", here=True)
    monkeypatch.setattr(sys.modules["rnnzoo.ops.gated"], "find_kernel", lambda *_: missing)
    tell_once.cache_clear()
    cell, x = CELLS[name](I, H), torch.randn(2, 99, I)
    with pytest.warns(UserWarning, match="without its native code.*no C compiler was found"):
        cell(x)
    assert cell.last_backend == "native"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cell(x, lengths=torch.tensor([99, 2]))
    assert cell.last_backend == "torch"  # ragged rows: packing them costs more
    cell.backend = "c"
    with pytest.raises(BackendError, match="cannot run with backend='c': no C compiler was found"):
        cell(x)


def test_a_forced_backend_that_cannot_run_is_refused():
    cell = PeepholeLSTM(I, H)
    cell.backend = "native"
    with pytest.raises(BackendError, match="PeepholeLSTM cannot run with backend='native'"):
        cell(torch.randn(1, 2, I))


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.randn(2, I), ValueError, "x has shape"),
        (torch.randn(2, 5, I + 1), ValueError, "x has shape"),
        (torch.randn(2, 0, I), ValueError, "x has shape"),
        (torch.randn(0, 5, I), ValueError, "x has shape"),
        (torch.randn(2, 5, I).double(), TypeError, "x has dtype torch.float64; expected torch.float32"),
        (torch.ones(2, 5, I).long(), TypeError, "x has dtype torch.int64; expected torch.float32"),
    ],
)
def test_an_input_that_does_not_fit_is_named(name, x, error, message):
    with pytest.raises(error, match=message):
        CELLS[name](I, H)(x)


@pytest.mark.parametrize("name", CELLS)
def test_a_state_that_does_not_fit_is_named(name):
    cell, x = CELLS[name](I, H), torch.randn(2, 5, I)
    good = cell.initial_state(2)
    with pytest.raises(ValueError, match=f"state has {len(good) + 1} members; expected {len(good)}"):
        cell(x, (*good, good[0]))
    with pytest.raises(ValueError, match=r"state\[0\] has shape \(3, 4\); expected \(2, 4\)"):
        cell(x, cell.initial_state(3))
    with pytest.raises(TypeError, match=r"state\[0\] has dtype torch.float64"):
        cell(x, cell.initial_state(2, dtype=torch.float64))
    with pytest.raises(ValueError, match="lengths: expected at most T = 5"):
        cell(x, good, torch.tensor([5, 6]))
    with pytest.raises(ValueError, match="rank 2"):
        cell.step(x, good)


def test_options_that_do_not_exist_are_named():
    with pytest.raises(UnknownName, match="unknown nonlinearity 'tahn'; did you mean tanh"):
        SRN(I, H, nonlinearity="tahn")
    with pytest.raises(ValueError, match=r"proj_size is 4; expected 0 \(none\) to below hidden_size = 4"):
        LSTM(I, H, proj_size=4)
    with pytest.raises(ValueError, match="hidden_size is 0"):
        GRU(I, 0)


def test_printing_a_cell_shows_what_differs_from_the_defaults():
    assert repr(SRN(3, 4)) == "SRN(3, 4)"
    assert repr(SRN(3, 4, nonlinearity="relu", recurrent_bias=False)) == (
        "SRN(3, 4, recurrent_bias=False, nonlinearity='relu')"
    )
    assert repr(LSTM(3, 4, proj_size=2)) == "LSTM(3, 4, proj_size=2)"
    assert repr(GRU(3, 4, reset_after=False)) == "GRU(3, 4, reset_after=False)"
