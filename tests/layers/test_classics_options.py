"""The classic, searched and small cells: every option gives what the oracle gives, by every backend, and prints."""

import importlib.util
from pathlib import Path

import pytest
import torch
from tolerances import close

from rnnzoo.registry import LAYERS, UnknownName

ORACLES = Path(__file__).resolve().parents[1] / "oracles"
NO_BIAS = [{"bias": False}, {"recurrent_bias": False}]
RANKS = [{"input_rank": 2}, {"recurrent_rank": 1}, {"input_rank": 1, "recurrent_rank": 2}]
OPTIONS = {
    "irnn": [{"alpha": 0.5}, *NO_BIAS],
    "jordan": [
        *({"nonlinearity": name, "output_size": 2} for name in ("relu", "sigmoid", "tanh")),
        *({"output_nonlinearity": name, "output_size": 2} for name in ("identity", "sigmoid", "tanh")),
        {},
        {"bias": False},
        {"output_size": 2, "bias": False},
        {"output_size": 2, "recurrent_bias": False},
        {"recurrent_bias": False},
    ],
    "scrn": [
        {},
        {"context_size": 3, "alpha": 0.2},
        {"adaptive": True},
        {"adaptive": True, "context_size": 1, "alpha": 0.7},
        *({"nonlinearity": name, "context_size": 2} for name in ("identity", "sigmoid", "tanh")),
        {"context_size": 2, "bias": False},
        {"context_size": 2, "recurrent_bias": False},
        *NO_BIAS,
    ],
    "nas": NO_BIAS,
    "cfn": NO_BIAS,
    "star": NO_BIAS,
    "fast_rnn": [*({"nonlinearity": name} for name in ("relu", "sigmoid", "tanh")), *RANKS, *NO_BIAS],
    "fast_grnn": [{}, *RANKS, {"bias": False}, {"bias": False, "input_rank": 2}],
    "nbrc": NO_BIAS,
    "sgrn": NO_BIAS,
    "sgu": NO_BIAS,
    "dsgu": NO_BIAS,
    "miru1": [{}, {"update_coefficient": 0.0}, {"update_coefficient": 0.9}, *NO_BIAS],
    "miru2": [{}, {"update_coefficient": 0.9}, {"reset_coefficient": 1.0}, {"reset_coefficient": 0.0}, *NO_BIAS],
    "rhn": [
        *({"depth": depth, "coupled": coupled} for depth in (1, 2, 3, 5) for coupled in (True, False)),
        {},
        {"transform_bias": 1.0},
        {"coupled": False, "bias": False},
        {"coupled": False, "recurrent_bias": False},
        *NO_BIAS,
    ],
    "nru": [
        {"memory_size": 9, "heads": 1},
        {"memory_size": 8, "heads": 2, "relu": True},
        {"memory_size": 8, "heads": 2, "mean": True},
        {"memory_size": 4, "heads": 4, "relu": True, "mean": True},
        {"memory_size": 9, "heads": 1, "bias": False},
        {"memory_size": 9, "heads": 1, "recurrent_bias": False},
        {"memory_size": 4, "heads": 1, "recurrent_bias": False},
        {"memory_size": 4, "heads": 1, "bias": False},
        {},
    ],
}
CASES = [
    pytest.param(name, options, id=f"{name}-{'-'.join(f'{n}={v}' for n, v in options.items()) or 'defaults'}")
    for name, all_options in OPTIONS.items()
    for options in all_options
]
COMMON = ("bias", "recurrent_bias")


def oracle_of(name):
    spec = importlib.util.spec_from_file_location(f"oracle_{name}", ORACLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.oracle


def random_cell(name, I=3, H=4, **options):
    cell = LAYERS.entry(name).target(I, H, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return cell


@pytest.mark.parametrize(("name", "options"), CASES)
def test_an_option_does_what_the_oracle_says(name, options):
    cell = random_cell(name, **options)
    x = torch.randn(3, 6, 3, dtype=torch.float64)
    state = tuple(torch.randn(3, *shape, dtype=torch.float64) for shape in cell.state_shapes)
    given = {name: value for name, value in options.items() if name not in COMMON}
    parameters = {name: value.numpy() for name, value in cell.state_dict().items()}
    y, final = oracle_of(name)(x.numpy(), tuple(member.numpy() for member in state), parameters, **given)
    expected = (torch.as_tensor(y), tuple(map(torch.as_tensor, final)))
    for backend in cell.backends:
        cell.backend = backend
        y, final = cell(x, state)
        close((y.detach(), tuple(member.detach() for member in final)), expected, what=backend)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_gradients_of_the_fast_path_are_the_loops(name, options):
    cell = random_cell(name, **options)
    x = torch.randn(3, 6, 3, dtype=torch.float64, requires_grad=True)
    gradients = {}
    for backend in ("reference", "torch"):
        cell.backend = backend
        y, final = cell(x, lengths=torch.tensor([6, 2, 4]))
        score = sum(
            (part * torch.arange(part.numel(), dtype=part.dtype).view_as(part).sin()).sum() for part in (y, *final)
        )
        gradients[backend] = torch.autograd.grad(score, [x, *cell.parameters()])
    close(gradients["torch"], gradients["reference"])


@pytest.mark.parametrize(
    ("name", "options", "shown"),
    [
        ("irnn", {}, "IRNN(3, 4)"),
        ("irnn", {"alpha": 0.5}, "IRNN(3, 4, alpha=0.5)"),
        ("jordan", {"output_size": 4}, "Jordan(3, 4)"),
        ("jordan", {"output_size": 2, "nonlinearity": "relu"}, "Jordan(3, 4, output_size=2, nonlinearity='relu')"),
        ("scrn", {"alpha": 0.95}, "SCRN(3, 4)"),
        ("scrn", {"context_size": 2, "adaptive": True}, "SCRN(3, 4, context_size=2, adaptive=True)"),
        ("fast_rnn", {"input_rank": 2, "bias": False}, "FastRNN(3, 4, bias=False, input_rank=2)"),
        ("fast_rnn", {"nonlinearity": "relu"}, "FastRNN(3, 4, nonlinearity='relu')"),
        ("fast_grnn", {"bias": False, "recurrent_rank": 2}, "FastGRNN(3, 4, bias=False, recurrent_rank=2)"),
        ("miru1", {"update_coefficient": 0.3}, "MiRU1(3, 4, update_coefficient=0.3)"),
        ("miru2", {"reset_coefficient": 0.3}, "MiRU2(3, 4, reset_coefficient=0.3)"),
        ("rhn", {"depth": 2, "coupled": False}, "RHN(3, 4, depth=2, coupled=False)"),
        ("nru", {"memory_size": 16, "mean": True}, "NRU(3, 4, memory_size=16, mean=True)"),
    ],
)
def test_printing_a_cell_shows_the_options_that_differ_from_the_usual(name, options, shown):
    assert repr(LAYERS.entry(name).target(3, 4, **options)) == shown


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("jordan", {"output_size": 0}, ValueError, "output_size is 0"),
        ("jordan", {"nonlinearity": "tahn"}, UnknownName, "unknown nonlinearity 'tahn'; did you mean tanh"),
        ("jordan", {"output_nonlinearity": "relu"}, UnknownName, "unknown output_nonlinearity 'relu'"),
        ("scrn", {"context_size": -1}, ValueError, "context_size is -1"),
        ("scrn", {"alpha": 1.0}, ValueError, r"alpha is 1.0; expected a number above 0 and below 1"),
        ("scrn", {"nonlinearity": "softmax"}, UnknownName, "unknown nonlinearity 'softmax'"),
        ("fast_rnn", {"nonlinearity": "tanhh"}, UnknownName, "did you mean tanh"),
        ("fast_rnn", {"input_rank": 0}, ValueError, "input_rank is 0"),
        ("fast_grnn", {"recurrent_rank": 0}, ValueError, "recurrent_rank is 0"),
        ("miru1", {"update_coefficient": 1.5}, ValueError, "update_coefficient is 1.5; expected a number from 0 to 1"),
        ("miru2", {"reset_coefficient": -0.1}, ValueError, "reset_coefficient is -0.1"),
        ("rhn", {"depth": 0}, ValueError, "depth is 0"),
        (
            "nru",
            {"memory_size": 6, "heads": 2},
            ValueError,
            r"2 \* 6 = 12; expected a square, such as heads=2, memory_size=8",
        ),
        ("nru", {"heads": 0}, ValueError, "heads is 0"),
    ],
)
def test_an_option_that_does_not_fit_is_named(name, options, error, message):
    with pytest.raises(error, match=message):
        LAYERS.entry(name).target(3, 4, **options)


def test_low_ranks_save_weights():
    full, low = (
        LAYERS.entry("fast_grnn").target(20, 30, **options) for options in ({}, {"input_rank": 2, "recurrent_rank": 3})
    )
    weights = [sum(p.numel() for n, p in cell.named_parameters() if n.startswith("weight")) for cell in (full, low)]
    assert weights == [30 * 20 + 30 * 30, 2 * (30 + 20) + 3 * (30 + 30)]
