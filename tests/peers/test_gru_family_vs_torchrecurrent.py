"""torchrecurrent 0.2.5's cells of the GRU's family: ours with mapped weights, or different in one named term."""

import pytest
import torch
from tolerances import close

import rnnzoo
from rnnzoo.registry import LAYERS

torchrecurrent = pytest.importorskip("torchrecurrent")

I, H, B, T = 3, 4, 2, 6


def peer(name, input_size=I):
    """Their layer with random weights and biases, and those by name."""
    layer = getattr(torchrecurrent, name)(input_size, H, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn_like(parameter) / 2)
    return layer, dict(layer.cells[0].named_parameters())


def ours(name, weights, input_size=I, **options):
    """Our cell with these weights."""
    cell = LAYERS.entry(name).target(input_size, H, dtype=torch.float64, **options)
    cell.load_state_dict(weights)
    return cell


def run(layer, cell, states=1, input_size=I):
    """Both over a sequence from a state that an earlier one left: their (y, state), our (y, state)."""
    before, x = (torch.randn(B, steps, input_size, dtype=torch.float64) for steps in (3, T))
    _, state = layer(before)
    _, own = cell(before)
    y, final = layer(x, state)
    members = (final,) if torch.is_tensor(final) else final
    return (y, tuple(member[0] for member in members[:states])), cell(x, own)


def blocks(weights, order, names=("weight_ih", "weight_hh", "bias_ih", "bias_hh")):
    """Their weights with each one's blocks of H rows in another order."""
    return {name: torch.cat([weights[name].split(H)[block] for block in order]) for name in names}


def pick(weights, *names):
    return {name: weights[name] for name in names}


MAPPED = {
    "mgu": ("MGU", {}, lambda w: w),
    "ligru": ("LiGRU", {"batch_norm": False}, lambda w: w),
    "ugrnn": ("UGRNN", {}, lambda w: blocks(w, (1, 0))),
    "ran": ("RAN", {}, lambda w: w),
    "minimal_rnn": (
        "MinimalRNN",
        {},
        lambda w: (
            pick(w, "weight_ih", "weight_hh", "bias_hh")
            | {"weight_zh": w["weight_mm"], "bias_ih": torch.cat([w["bias_ih"], torch.zeros(H)])}
        ),
    ),
    "mut3": ("MUT3", {}, lambda w: blocks(w, (1, 0, 2))),
    "mut2": (
        "MUT2",
        {},
        lambda w: pick(w, "weight_hh", "bias_ih", "bias_hh") | blocks(w, (0, 2, 1), ("weight_ih",)),
    ),
}


@pytest.mark.parametrize("name", MAPPED)
def test_their_steps_are_ours(name):
    theirs, options, mapped = MAPPED[name]
    layer, weights = peer(theirs)
    expected, actual = run(layer, ours(name, mapped(weights), **options), states=2 if name == "ran" else 1)
    close(actual, expected)


def test_janets_steps_are_ours_and_its_second_state_is_the_first_again():
    layer, weights = peer("JANET")
    beta = weights.pop("beta").item()
    expected, actual = run(layer, ours("janet", weights, beta=beta))
    close(actual, expected)
    h, c = layer(torch.randn(B, T, I, dtype=torch.float64))[1]
    assert torch.equal(h, c)


def test_janets_beta_is_learned_there_and_a_constant_here():
    assert "beta" in peer("JANET")[1]
    assert "beta" not in dict(LAYERS.entry("janet").target(I, H).named_parameters())


def test_the_intersection_networks_steps_are_ours_where_the_input_is_as_wide_as_the_state():
    layer, weights = peer("IntersectionRNN", H)
    expected, actual = run(layer, ours("intersection_rnn", blocks(weights, (3, 1, 2, 0)), H), input_size=H)
    close(actual, expected)
    with pytest.raises(ValueError, match="requires input_size == hidden_size"):
        peer("IntersectionRNN", I)


def test_the_twin_gated_network_is_ours_without_the_bias_of_the_input_product():
    layer, weights = peer("ATR")
    cell = ours("atr", pick(weights, "weight_ih", "weight_hh", "bias_hh"))
    expected, actual = run(layer, cell)
    assert (actual[0] - expected[0]).abs().max() > 1e-2
    with torch.no_grad():
        weights["bias_ih"].zero_()
    expected, actual = run(layer, cell)
    close(actual, expected)


def test_the_light_recurrent_unit_is_ours_without_the_bias_of_the_candidate():
    layer, weights = peer("LightRU")
    mapped = pick(weights, "weight_ih", "weight_hh", "bias_hh") | {"bias_ih": weights["bias_ih"][H:].detach().clone()}
    expected, actual = run(layer, ours("lightru", mapped))
    assert (actual[0] - expected[0]).abs().max() > 1e-2
    with torch.no_grad():
        weights["bias_ih"][:H] = 0
    expected, actual = run(layer, ours("lightru", mapped))
    close(actual, expected)


def test_the_light_gated_unit_has_no_batch_norm_there():
    layer, weights = peer("LiGRU")
    normed = LAYERS.entry("ligru").target(I, H, dtype=torch.float64)
    normed.load_state_dict(normed.state_dict() | pick(weights, "weight_ih", "weight_hh"))
    expected, actual = run(layer, normed)
    assert (actual[0] - expected[0]).abs().max() > 1e-2
    assert not any("norm" in name for name in weights)


def test_the_first_mutants_inner_bias_is_theirs_alone_and_without_it_the_steps_are_ours():
    layer, weights = peer("MUT1")
    expected, actual = run(
        layer,
        ours("mut1", blocks(weights, (1, 0, 2), ("weight_ih", "bias_ih")) | pick(weights, "weight_hh", "bias_hh")),
    )
    assert (actual[0] - expected[0]).abs().max() > 1e-3  # theirs is inside the tanh of the input, the paper's outside
    with torch.no_grad():
        weights["bias_ih"][2 * H :] = 0
    expected, actual = run(
        layer,
        ours("mut1", blocks(weights, (1, 0, 2), ("weight_ih", "bias_ih")) | pick(weights, "weight_hh", "bias_hh")),
    )
    close(actual, expected)


@pytest.mark.parametrize(("name", "place", "order"), [("mut1", 2, (1, 0)), ("mut2", 1, (0, 2))])
def test_a_mutants_input_as_wide_as_the_state_is_projected_there_and_added_as_it_is_here(name, place, order):
    layer, weights = peer(name.upper(), H)
    with torch.no_grad():
        weights["bias_ih"][2 * H :] = 0
    others = (1, 0, 2) if name == "mut1" else (0, 1, 2)

    def both():
        mapped = pick(weights, "weight_hh", "bias_hh") | blocks(weights, order, ("weight_ih",))
        return run(layer, ours(name, mapped | blocks(weights, others, ("bias_ih",)), H), input_size=H)

    expected, actual = both()
    assert (actual[0] - expected[0]).abs().max() > 1e-2
    with torch.no_grad():
        weights["weight_ih"][place * H : (place + 1) * H] = torch.eye(H)
    expected, actual = both()
    close(actual, expected)


def test_the_public_layer_is_the_same_cell():
    layer, weights = peer("MGU")
    public = rnnzoo.MGU(I, H, batch_first=True, dtype=torch.float64)
    public.load_state_dict({f"{name}_l0": weight for name, weight in weights.items()})
    x = torch.randn(B, T, I, dtype=torch.float64)
    close(public(x), layer(x))
