"""Attention, a Transformer block and a perceptron over a window: options and oracles, and what a window is."""

import pytest
import torch
from cell_oracle import equals_oracle, noisy
from tolerances import close
from torch.nn import functional as F

from rnnzoo.registry import LAYERS, UnknownName


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("window_attention", {"window": 3, "heads": 4, "positions": "none"}),
        ("window_attention", {"window": 20, "heads": 1, "positions": "rotary"}),
        ("window_attention", {"window": 1, "heads": 2}),
        ("transformer", {"window": 3, "heads": 2, "positions": "sinusoidal", "expansion": 1.5}),
        ("transformer", {"window": 4, "heads": 4, "positions": "none"}),
        ("window_mlp", {"window": 1, "nonlinearity": "tanh"}),
        ("window_mlp", {"window": 9, "nonlinearity": "relu", "expansion": 0.6}),
    ],
    ids=str,
)
@pytest.mark.parametrize("input_size", [3, 8])
def test_options_equal_the_oracle(name, options, input_size):
    equals_oracle(name, input_size, 8, bias=input_size == 3, **options)


def test_a_window_as_long_as_the_sequence_is_causal_attention():
    cell = noisy("window_attention", input_size=3, hidden_size=8, window=200, heads=2, positions="none")
    x = torch.randn(2, 150, 3, dtype=torch.float64)
    q, k, v = (part.unflatten(-1, (2, 4)).transpose(1, 2) for part in F.linear(x, cell.weight_ih).chunk(3, -1))
    expected = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(-2)
    close(cell(x)[0], F.linear(expected, cell.out_weight, cell.out_bias))


@pytest.mark.parametrize("name", ["window_attention", "transformer", "window_mlp"])
def test_long_sequences_equal_steps_and_see_the_window_and_no_further(name):
    options = {} if name == "window_mlp" else {"heads": 2}
    cell = noisy(name, input_size=3, hidden_size=8, window=5, **options)
    x = torch.randn(2, 150, 3, dtype=torch.float64)
    y, final = cell(x)
    state, stepped = cell.initial_state(2), []
    for t in range(150):
        out, state = cell.step(x[:, t], state)
        stepped.append(out)
    close(torch.stack(stepped, 1), y)
    close(state, final)
    changed = x.clone()
    changed[:, 70] += 1
    moved = (cell(changed)[0] != y).any(-1).any(0)
    assert moved.nonzero().flatten().tolist() == [70, 71, 72, 73, 74]


def test_rotary_positions_know_distances_alone():
    cell = noisy("transformer", input_size=8, hidden_size=8, window=4, heads=2)
    x = torch.randn(1, 6, 8, dtype=torch.float64)
    later = torch.cat([torch.randn(1, 50, 8, dtype=torch.float64), x], 1)
    close(cell(later)[0][:, -3:], cell(x)[0][:, -3:])  # whose whole window lies in x
    absolute = noisy("transformer", input_size=8, hidden_size=8, window=4, heads=2, positions="sinusoidal")
    assert not torch.allclose(absolute(later)[0][:, -3:], absolute(x)[0][:, -3:])


def test_sinusoids_are_added_in_the_first_layer_alone():
    first, second = (
        noisy("transformer", input_size=8, hidden_size=8, positions="sinusoidal", layer_index=i, num_layers=2)
        for i in (0, 1)
    )
    second.load_state_dict(first.state_dict())
    x = torch.zeros(1, 3, 8, dtype=torch.float64)
    assert bool((second(x)[0] == second(x)[0][:, :1]).all())
    assert not bool((first(x)[0] == first(x)[0][:, :1]).all())


@pytest.mark.parametrize(
    ("name", "options", "error", "says"),
    [
        ("window_attention", {"heads": 3}, ValueError, "heads is 3 and hidden_size is 8"),
        ("window_attention", {"heads": 8}, ValueError, "even width of each head, not 1"),
        ("window_attention", {"positions": "sinusoidal"}, UnknownName, "unknown kind of positions"),
        ("transformer", {"positions": "rotatory"}, UnknownName, "did you mean rotary"),
        ("transformer", {"expansion": 0}, ValueError, "expansion is 0"),
        ("window_mlp", {"window": 0}, ValueError, "window is 0"),
        ("window_mlp", {"nonlinearity": "gelo"}, UnknownName, "did you mean gelu"),
    ],
    ids=str,
)
def test_bad_options_are_refused(name, options, error, says):
    with pytest.raises(error, match=says):
        LAYERS.entry(name).target(3, 8, **options)
