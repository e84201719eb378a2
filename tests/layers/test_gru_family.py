"""The GRU's family: every option against the oracle, every gate in the paper's equation, how the weights begin."""

import importlib
import math

import pytest
import torch
from layers.noisy import build
from tolerances import close

from rnnzoo import gate_values
from rnnzoo.laws.law import example
from rnnzoo.layers.intersection_rnn import IntersectionRNN
from rnnzoo.layers.janet import JANET
from rnnzoo.layers.layer_norm_gru import LayerNormGRU
from rnnzoo.layers.ligru import LiGRU
from rnnzoo.layers.mut1 import MUT1
from rnnzoo.layers.mut2 import MUT2
from rnnzoo.layers.ran import RAN
from rnnzoo.layers.ugrnn import UGRNN
from rnnzoo.registry import UnknownName

I, H = 3, 4
FAMILY = [
    "mgu",
    "mgu1",
    "mgu2",
    "mgu3",
    "janet",
    "ligru",
    "lightru",
    "minimal_rnn",
    "ugrnn",
    "intersection_rnn",
    "ran",
    "atr",
    "mut1",
    "mut2",
    "mut3",
    "layer_norm_gru",
]
MIXING = [name for name in FAMILY if name not in ("janet", "ligru", "ran", "atr")]
"""Those whose state is a mixture of the last one and a tanh."""
SPECIAL = [
    ("janet", {"beta": 0.0}),
    ("janet", {"beta": -0.5}),
    ("ligru", {"batch_norm": False}),
    ("ligru", {"batch_norm": False, "bias": False}),
    ("ran", {"nonlinearity": "identity"}),
    ("intersection_rnn", {"input_size": H}),
    ("mut1", {"input_size": H}),
    ("mut2", {"input_size": H}),
    ("mut1", {"input_size": H, "bias": False}),
    ("mut2", {"input_size": H, "bias": False}),
    ("intersection_rnn", {"input_size": H, "bias": False}),
]
PLAIN = [(name, {option: False}) for name in FAMILY for option in ("bias", "recurrent_bias")]


def oracle(name):
    return importlib.import_module(f"oracles.{name}").oracle


@pytest.mark.parametrize(("name", "options"), PLAIN + SPECIAL)
def test_every_option_equals_the_oracle_by_every_backend(name, options):
    cell = build(name, **options)
    x, state = example(cell, batch=2, time=5)
    parameters = {key: value.numpy() for key, value in cell.state_dict().items()}
    own = {key: value for key, value in options.items() if key in ("beta", "batch_norm", "nonlinearity")}
    y, final = oracle(name)(x.numpy(), tuple(member.numpy() for member in state), parameters, **own)
    for backend in ("reference", "torch"):
        cell.backend = backend
        actual, actual_final = cell(x, state)
        close(actual.detach(), torch.as_tensor(y), what=f"output by {backend}")
        close(tuple(m.detach() for m in actual_final), tuple(map(torch.as_tensor, final)), what=f"state by {backend}")


@pytest.mark.parametrize(("name", "options"), PLAIN)
def test_biases_are_there_as_asked(name, options):
    cell = build(name, **options)
    names = {key for key, _ in cell.named_parameters() if key.startswith(("bias", "shift", "norm_bias"))}
    if "bias" in options:
        assert not names
    else:
        assert not names & {"bias_hh", "shift_hh"}


def mix(keep, gate, h):
    return (keep * h + (1 - keep) * gate["candidate"],)


EQUATIONS = {
    "forget lets in": lambda gate, h: mix(1 - gate["forget"], gate, h),
    "update lets in": lambda gate, h: mix(1 - gate["update"], gate, h),
    "update keeps": lambda gate, h: mix(gate["update"], gate, h),
    "two gates": lambda gate, h: (gate["forget"] * h + gate["input"] * gate["candidate"],),
}
CASES = [
    *((name, "forget lets in") for name in ("mgu", "mgu1", "mgu2", "mgu3", "lightru")),
    *((name, "update lets in") for name in ("mut1", "mut2", "mut3", "layer_norm_gru")),
    *((name, "update keeps") for name in ("ugrnn", "ligru", "minimal_rnn", "intersection_rnn")),
    *((name, "two gates") for name in ("janet", "atr")),
]


@pytest.mark.parametrize(("name", "equation"), CASES)
def test_the_papers_equation_with_the_gates_shown_gives_the_state(name, equation):
    cell = build(name)
    x, state = example(cell)
    gates, states = gate_values(cell, x, state)
    for t in range(x.shape[1]):
        state = EQUATIONS[equation]({gate: value[:, t] for gate, value in gates.items()}, *state)
        close(state[0], states["hidden"][:, t], what=f"state of step {t}")


@pytest.mark.parametrize("name", MIXING)
def test_a_mixture_with_a_tanh_never_leaves_one(name):
    cell = build(name)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.mul_(20)
    x = 10 * torch.randn(3, 40, I, dtype=torch.float64)
    h = (2 * torch.rand(3, H, dtype=torch.float64) - 1,)
    states = gate_values(cell, x, h).states["hidden"]
    assert states.abs().max() <= 1
    assert states.abs().max() > 0.9


@pytest.mark.parametrize("cell", [MUT1, MUT2])
def test_an_input_as_wide_as_the_state_is_added_as_it_is(cell):
    wide, narrow = cell(H, H, dtype=torch.float64), cell(I, H, dtype=torch.float64)
    assert wide.weight_ih.shape == (2 * H, H)
    assert narrow.weight_ih.shape == (3 * H, I)


def test_the_gates_that_keep_begin_with_a_bias_of_one():
    for cell, blocks in ((UGRNN(I, H), (0,)), (IntersectionRNN(I, H), (0, 2)), (JANET(I, H), (0,))):
        total = (cell.bias_ih + cell.bias_hh).detach().split(H)
        for block, bias in enumerate(total):
            assert (block in blocks) == bool((bias == 1).all())
    assert not JANET(I, H).bias_ih[H:].any()


def test_chrono_biases_of_janet_are_logarithms_of_spans_up_to_the_longest():
    cell = JANET(I, 4000, longest=200)
    spans = cell.bias_ih[:4000].detach().exp()
    assert 1 <= spans.min() < 3
    assert 197 < spans.max() <= 200.001
    assert abs(float(spans.mean()) - 100.5) < 5  # uniform: its standard error is 0.9
    assert not cell.bias_ih[4000:].any()
    assert not cell.bias_hh.any()


def test_options_that_do_not_exist_are_named():
    with pytest.raises(UnknownName, match="unknown nonlinearity 'tahn'; did you mean tanh"):
        RAN(I, H, nonlinearity="tahn")
    with pytest.raises(ValueError, match="beta is nan; expected a finite number"):
        JANET(I, H, beta=math.nan)
    with pytest.raises(ValueError, match="longest is 1; expected a number of steps above 1"):
        JANET(I, H, longest=1)


def test_printing_a_cell_shows_what_differs_from_the_defaults():
    assert repr(JANET(I, H, beta=0, longest=9)) == "JANET(3, 4, beta=0, longest=9)"
    assert repr(RAN(I, H, nonlinearity="identity")) == "RAN(3, 4, nonlinearity='identity')"
    assert repr(UGRNN(I, H, forget_bias=0)) == "UGRNN(3, 4, forget_bias=0)"
    assert repr(IntersectionRNN(I, H)) == "IntersectionRNN(3, 4)"
    assert repr(LiGRU(I, H, batch_norm=False)) == "LiGRU(3, 4, batch_norm=False)"
    assert repr(LayerNormGRU(I, H, recurrent_bias=False)) == "LayerNormGRU(3, 4, recurrent_bias=False)"
