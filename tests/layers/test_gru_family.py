"""The GRU's family: what its papers say of it, every option against the oracle, every gate in the paper's equation."""

import importlib.util
import math
from pathlib import Path

import pytest
import torch
from tolerances import close

from rnnzoo import gate_values
from rnnzoo.laws import small_cell
from rnnzoo.laws.law import example
from rnnzoo.layers.atr import ATR
from rnnzoo.layers.gru import GRU
from rnnzoo.layers.intersection_rnn import IntersectionRNN
from rnnzoo.layers.janet import JANET
from rnnzoo.layers.layer_norm_gru import LayerNormGRU
from rnnzoo.layers.ligru import LiGRU
from rnnzoo.layers.mgu import MGU
from rnnzoo.layers.mgu1 import MGU1
from rnnzoo.layers.mgu2 import MGU2
from rnnzoo.layers.mgu3 import MGU3
from rnnzoo.layers.mut1 import MUT1
from rnnzoo.layers.mut2 import MUT2
from rnnzoo.layers.ran import RAN
from rnnzoo.layers.ugrnn import UGRNN
from rnnzoo.registry import LAYERS, UnknownName

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


def build(name, **options):
    """A cell with random weights, and noise on top, so that no two blocks are alike."""
    entry = LAYERS.entry(name)
    cell = entry.target(**{**entry.tiny, **options}, dtype=torch.float64)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    return cell.eval()


def oracle(name):
    path = Path(__file__).resolve().parents[2] / LAYERS.entry(name).oracle
    spec = importlib.util.spec_from_file_location(f"oracle_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.oracle


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


def test_the_state_of_janet_stays_below_the_exponential_of_beta_and_comes_near_it():
    for beta in (0.0, 1.0, 2.0):
        cell = build("janet", beta=beta)
        x = 10 * torch.randn(3, 60, I, dtype=torch.float64)
        assert cell(x)[0].abs().max() <= math.exp(beta)
        with torch.no_grad():
            for parameter in cell.parameters():
                parameter.zero_()
            cell.bias_ih[:H], cell.bias_ih[H:] = 6.0, 50.0  # a gate that keeps, a candidate of 1
            assert cell(torch.zeros(1, 3000, I, dtype=torch.float64))[0][0, -1].min() > 0.98 * math.exp(beta)


def test_janet_without_beta_is_the_update_gate_network():
    janet, ugrnn = build("janet", beta=0.0), build("ugrnn")
    ugrnn.load_state_dict(janet.state_dict())
    x, state = example(janet)
    close(janet(x, state), ugrnn(x, state))
    other = build("janet")
    other.load_state_dict(janet.state_dict())
    assert (other(x, state)[0] - ugrnn(x, state)[0]).abs().max() > 1e-2


def test_the_minimal_gated_unit_is_a_gru_whose_two_gates_are_one():
    mgu, gru = build("mgu"), GRU(I, H, reset_after=False, dtype=torch.float64)
    with torch.no_grad():
        for name, parameter in gru.named_parameters():
            f, n = getattr(mgu, name).chunk(2)
            parameter.copy_(torch.cat([f, -f, n]))  # r = f, and what a GRU keeps, z, is 1 - f
    x, state = example(mgu)
    close(mgu(x, state), gru(x, state))


@pytest.mark.parametrize(("variant", "cut"), [(MGU1, "input"), (MGU2, "input bias"), (MGU3, "input state")])
def test_a_variant_is_the_minimal_gated_unit_whose_gate_has_lost_those_weights(variant, cut):
    mgu, cell = build("mgu"), variant(I, H, dtype=torch.float64)
    with torch.no_grad():
        mgu.bias_hh[:H] = 0
        for parameter, name in ((mgu.weight_ih, "input"), (mgu.bias_ih, "bias"), (mgu.weight_hh, "state")):
            if name in cut:
                parameter[:H] = 0
        cell.weight_ih.copy_(mgu.weight_ih[H:])
        cell.weight_hh.copy_(mgu.weight_hh[-len(cell.weight_hh) :])
        cell.bias_ih.copy_(mgu.bias_ih[H:])
        cell.bias_hh.copy_(mgu.bias_hh[H:])
        if variant is not MGU2:
            cell.b_f.copy_(mgu.bias_ih[:H])
    x, state = example(mgu)
    close(cell(x, state), mgu(x, state))


def test_the_variants_save_the_weights_the_paper_says():
    weights = {
        cell: sum(p.numel() for p in cell(I, H, recurrent_bias=False).parameters()) for cell in (MGU, MGU1, MGU2)
    }
    weights[MGU3] = sum(p.numel() for p in MGU3(I, H, recurrent_bias=False).parameters())
    assert weights[MGU] == 2 * (I * H + H * H + H)
    assert [weights[MGU] - weights[cell] for cell in (MGU1, MGU2, MGU3)] == [I * H, I * H + H, I * H + H * H]


def test_the_cell_of_a_recurrent_additive_network_is_the_sum_of_its_contents_weighted_by_its_gates():
    cell = build("ran")
    x, (h, c) = example(cell, time=6)
    gates, states = gate_values(cell, x, (h, c))
    content = x @ cell.weight_ih[:H].T  # (B, T, H), linear: no bias, no state
    kept = torch.ones_like(c)  # the product of the forget gates after a step
    total = torch.zeros_like(c)
    for t in reversed(range(6)):
        weight = kept * gates["input"][:, t]
        assert 0 < weight.min() <= weight.max() < 1
        total = total + weight * content[:, t]
        kept = kept * gates["forget"][:, t]
    close(states["cell"][:, -1], total + kept * c)


def test_the_output_of_a_recurrent_additive_network_is_its_cell_or_the_tanh_of_it():
    for nonlinearity, function in {"tanh": torch.tanh, "identity": lambda c: c}.items():
        cell = build("ran", nonlinearity=nonlinearity)
        x, state = example(cell)
        y, (h, c) = cell(x, state)
        close((y[:, -1], h), (function(c), function(c)))


def test_the_twin_gates_are_the_sum_and_the_difference_of_two_products():
    cell = build("atr")
    x, state = example(cell)
    gates, states = gate_values(cell, x, state)
    before = torch.cat([state[0].unsqueeze(1), states["hidden"][:, :-1]], 1)
    p, q = x @ cell.weight_ih.T, before @ cell.weight_hh.T + cell.bias_hh
    total, difference = (torch.logit(gates["input"]) + sign * torch.logit(gates["forget"]) for sign in (1, -1))
    close((total, difference, gates["candidate"]), (2 * p, 2 * q, p))


def test_the_twin_gated_network_has_fewer_weights_than_any_other_with_a_gate():
    def weights(cell):
        return sum(p.numel() for name, p in cell.named_parameters() if name.startswith("weight"))

    assert weights(ATR(I, H)) == I * H + H * H
    others = [name for name in FAMILY if name not in ("atr", "mgu3")]  # mgu3's gate is a constant
    assert all(weights(small_cell(LAYERS.entry(name))) > weights(ATR(I, H)) for name in others)


@pytest.mark.parametrize("name", ["lightru", "minimal_rnn"])
def test_a_candidate_of_the_input_alone_does_not_see_the_state(name):
    cell = build(name)
    x, (h,) = example(cell)
    one, other = (gate_values(cell, x, (state,)).gates for state in (h, -h))
    close(one["candidate"], other["candidate"])
    gate = next(gate for gate in one if gate != "candidate")
    assert (one[gate] - other[gate]).abs().max() > 1e-2


def test_the_update_gate_of_the_first_mutant_does_not_see_the_state():
    cell = build("mut1")
    x, (h,) = example(cell)
    one, other = (gate_values(cell, x, (state,)).gates for state in (h, -h))
    close(one["update"], other["update"])
    assert (one["reset"] - other["reset"]).abs().max() > 1e-2


def test_the_second_mutant_on_a_projected_input_is_a_gru():
    mutant, gru = build("mut2"), GRU(I, H, reset_after=False, dtype=torch.float64)
    with torch.no_grad():
        for name, parameter in gru.named_parameters():
            blocks = getattr(mutant, name).chunk(3)
            z, r, n = (blocks[0], blocks[2], blocks[1]) if name == "weight_ih" else blocks
            parameter.copy_(torch.cat([r, -z, n]))
    x, state = example(mutant)
    close(mutant(x, state), gru(x, state))


@pytest.mark.parametrize("cell", [MUT1, MUT2])
def test_an_input_as_wide_as_the_state_is_added_as_it_is(cell):
    wide, narrow = cell(H, H, dtype=torch.float64), cell(I, H, dtype=torch.float64)
    assert wide.weight_ih.shape == (2 * H, H)
    assert narrow.weight_ih.shape == (3 * H, I)


def test_open_gates_of_an_intersection_network_pass_the_input_up_and_the_state_on():
    cell = IntersectionRNN(H, H, forget_bias=50.0, dtype=torch.float64)
    x, h = torch.randn(2, 6, H, dtype=torch.float64), torch.randn(2, H, dtype=torch.float64)
    y, (final,) = cell(x, (h,))
    close((y, final), (x, h))


def test_an_open_gate_of_an_update_gate_network_keeps_the_state():
    x, h = torch.randn(2, 6, I, dtype=torch.float64), torch.randn(2, H, dtype=torch.float64)
    close(UGRNN(I, H, forget_bias=50.0, dtype=torch.float64)(x, (h,))[1], (h,))
    assert (UGRNN(I, H, dtype=torch.float64)(x, (h,))[1][0] - h).abs().max() > 0.1


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


def test_layer_norm_does_not_feel_what_is_added_to_all_rows_of_a_matrix_nor_its_scale():
    cell, other = build("layer_norm_gru"), build("layer_norm_gru")
    with torch.no_grad():
        cell.weight_ih.mul_(1e4)  # so that the norm's epsilon is nothing
        cell.weight_hh.mul_(1e6)
    other.load_state_dict(cell.state_dict())
    with torch.no_grad():
        other.weight_ih[: 2 * H] += 1e4 * torch.randn(I)
        other.weight_ih[2 * H :] += 1e4 * torch.randn(I)
        other.weight_hh[2 * H :] *= 3
        other.weight_hh[: 2 * H] *= 5
    x, state = example(cell, time=4)
    torch.testing.assert_close(other(x, state)[0], cell(x, state)[0], rtol=1e-7, atol=1e-7)
    with torch.no_grad():
        other.weight_hh[:H] += 1e6  # the gates are normalised together: to one gate alone it matters
    assert (other(x, state)[0] - cell(x, state)[0]).abs().max() > 1e-3


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
