"""Residual and highway stacks, pre-norm blocks and hybrids with attention: their equations, and the laws of stacks."""

import math

import pytest
import torch
from tolerances import close
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import rnnzoo
from rnnzoo.laws import LAWS, small_cell
from rnnzoo.laws.law import example
from rnnzoo.registry import LAYERS, UnknownName
from rnnzoo.wrappers import wrap

I, H, B, T = 3, 4, 3, 9
OF_SEQUENCES = ("shapes", "whole_is_stepped", "whole_is_chunked", "padding_changes_nothing", "parameters_get_gradients")
AROUND = {
    "residual": {"residual": None},
    "highway": {"highway": None},
    "block": {"block": None},
    "convolved": {"block": {"conv": 3, "norm": "layer"}},
    "bare": {"block": {"conv": 1, "expansion": 0}},
    "inside_others": {"weight_drop": None, "block": {"conv": 3}, "zoneout": {"p": 0.2}, "learned_state": None},
}
CASES = [(layer, around) for layer in ("lstm", "mamba", "window_attention") for around in list(AROUND)[:5]]
CASES += [("lstm", "inside_others")]
HYBRID = {"layer": "window_attention", "every": 2, "window": 4, "heads": 2}


def noisy(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return module.eval()


@pytest.mark.parametrize(("layer", "around"), CASES)
def test_a_block_is_a_cell(layer, around):
    entry = LAYERS.entry(layer)

    def make():
        torch.manual_seed(0)
        return noisy(wrap(small_cell(entry), AROUND[around]))

    for law in OF_SEQUENCES[: 4 if around == "inside_others" else 5]:
        LAWS[law](make, entry)


def test_residual_and_highway_are_their_equations():
    cell = small_cell(LAYERS.entry("lstm"))
    x, state = example(cell)
    plain, final = cell(x, state)
    residual = noisy(wrap(small_cell(LAYERS.entry("lstm")), {"residual": None}))
    inside, _ = residual.cell(x, state)
    close(residual(x, state)[0], inside + x @ residual.skip.weight.T)
    highway = wrap(small_cell(LAYERS.entry("lstm")), {"highway": {"bias": -1.0}})
    g = torch.sigmoid(x @ highway.highway_gate.weight.T - 1)
    close(highway(x, state), (g * plain + (1 - g) * (x @ highway.skip.weight.T), final))


def test_a_stack_as_wide_as_its_input_needs_no_projection():
    layer = rnnzoo.GRU(H, H, num_layers=3, wrappers={"residual": None})
    assert not [name for name in layer.state_dict() if "skip" in name]
    assert [
        name for name in rnnzoo.GRU(I, H, num_layers=2, wrappers={"residual": None}).state_dict() if "skip" in name
    ] == ["skip.weight_l0"]


def test_a_block_is_its_equations():
    block = noisy(wrap(small_cell(LAYERS.entry("lstm")), {"block": {"conv": 3}}))
    x, (h, c, tail) = example(block)
    p = dict(block.named_parameters())

    def norm(a, gain):
        return gain * a / (a.square().mean(-1, keepdim=True) + 1e-6).sqrt()

    u = norm(x, p["block_norm_weight"])
    line = torch.cat([tail, u], 1)
    mixed = sum(p["block_conv_weight"][:, j] * line[:, j : j + x.shape[1]] for j in range(3)) + p["block_conv_bias"]
    inside, final = block.cell(mixed * torch.sigmoid(mixed), (h, c))
    a = x @ p["skip.weight"].T + inside
    up, value = (norm(a, p["mlp_norm_weight"]) @ p["mlp_up_weight"].T).chunk(2, -1)
    y, (*own, after) = block(x, (h, c, tail))
    close(y, a + (up * torch.sigmoid(up) * value) @ p["mlp_down_weight"].T)
    close((own[0], own[1], after), (*final, line[:, -2:]))
    assert value.shape[-1] == math.ceil(8 / 3 * 4)


def test_dropout_of_a_block_falls_on_both_parts_and_not_on_the_residual():
    block = wrap(small_cell(LAYERS.entry("lstm")), {"block": {"dropout": 1 - 1e-12}}).train()
    x, state = example(block)
    close(block(x, state)[0], F.linear(x, block.skip.weight))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_hybrid_stack_keeps_the_contract(bidirectional):
    wrappers = {"block": {"conv": 3}}
    layer = noisy(
        rnnzoo.RGLRU(I, H, 4, bidirectional=bidirectional, dtype=torch.float64, wrappers=wrappers, hybrid=HYBRID)
    )
    kinds = [type(cell.cell).__name__ for cell in layer.cells[:: layer.num_directions]]
    assert kinds == ["RGLRU", "WindowAttention"] * 2
    x, lengths = torch.randn(T, B, I, dtype=torch.float64), [2, T, 5]
    _, hx = layer(torch.randn(6, B, I, dtype=torch.float64))
    packed, packed_final = layer(pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False), hx)
    for b, length in enumerate(lengths):
        x[length:, b] = torch.nan
    y, final = layer(x, hx, lengths=lengths)
    close(pad_packed_sequence(packed)[0], y)
    close(packed_final, final)
    for b, length in enumerate(lengths):
        alone, last = layer(x[:length, b], tuple(tuple(member[b] for member in state) for state in hx))
        close(y[:length, b], alone)
        close(tuple(tuple(member[b] for member in state) for state in final), last)


def test_a_hybrid_stream_is_the_sequence_and_its_state_does_not_grow():
    layer = noisy(rnnzoo.MinGRU(I, H, 4, dtype=torch.float64, wrappers={"block": None}, hybrid=HYBRID))
    x = torch.randn(2 * T, B, I, dtype=torch.float64)
    y, final = layer(x)
    first, hx = layer(x[:5])
    second, chunked = layer(x[5:], hx)
    close(torch.cat([first, second]), y)
    close(chunked, final)
    hx, stepped, sizes = None, [], set()
    for t in range(len(x)):
        out, hx = layer.step(x[t], hx)
        stepped.append(out)
        sizes.add(sum(member.numel() for state in hx for member in state))
    close(torch.stack(stepped), y)
    close(hx, final)
    assert len(sizes) == 1


@pytest.mark.parametrize(
    "wrappers", [{"block": {"conv": 3}}, {"zoneout": {"p": 0.2}, "block": None, "layer_norm": None}]
)
def test_what_a_first_layer_hands_up_reaches_wrapped_layers(wrappers):
    layer = noisy(rnnzoo.RWKV7(H, H, 3, dtype=torch.float64, wrappers=wrappers))
    x, lengths = torch.randn(T, B, H, dtype=torch.float64), [2, T, 5]
    y, final = layer(x)
    hx, stepped = None, []
    for t in range(T):
        out, hx = layer.step(x[t], hx)
        stepped.append(out)
    close(torch.stack(stepped), y)
    close(hx, final)
    padded, _ = layer(x, lengths=lengths)
    for b, length in enumerate(lengths):
        close(padded[:length, b], y[:length, b])
    with pytest.raises(ValueError, match=r"'rwkv7' hands .* 'window_attention'"):
        rnnzoo.RWKV7(H, H, 2, hybrid=HYBRID)


def test_gates_inside_a_block_are_those_of_what_the_cell_sees():
    layer = noisy(rnnzoo.LSTM(I, H, dtype=torch.float64, wrappers={"block": {"conv": 3}}))
    x = torch.randn(B, T, I, dtype=torch.float64)
    block = layer.cells[0]
    u, state = block.seen(x, None, None)
    inside = rnnzoo.gate_values(layer, x.transpose(0, 1))["l0"].states["hidden"]
    close(inside.transpose(0, 1), block.cell(u, state)[0])
    assert not torch.allclose(inside.transpose(0, 1), block.cell(x)[0])


def test_a_forced_backend_is_for_the_layers_that_have_it():
    layer = rnnzoo.MinGRU(I, H, 2, hybrid=HYBRID, backend="torch")
    layer(torch.randn(T, B, I))
    assert layer.last_backend == "reference+torch"


def test_a_task_takes_a_hybrid_of_blocks_in_its_configuration():
    spec = {"kind": "label", "input": "real", "input_size": I, "output_size": 2}
    options = {"wrappers": {"block": {"conv": 4, "dropout": 0.1}}, "hybrid": HYBRID}
    task = rnnzoo.create_task(
        "sequence_classification", spec=spec, layer="mamba", hidden_size=H, num_layers=2, layer_options=options
    )
    assert task.eval()(torch.randn(B, T, I), torch.tensor([T, 2, 4])).shape == (B, 2)


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"wrappers": {"block": {"norm": "rsm"}}}, UnknownName, "did you mean rms"),
        ({"wrappers": {"block": {"conv": -1}}}, ValueError, "conv is -1"),
        ({"wrappers": {"block": {"expansion": -2}}}, ValueError, "expansion is -2"),
        ({"hybrid": {"every": 3}}, ValueError, "'every'.* is 3 and num_layers is 2"),
        ({"hybrid": {"every": 2, "layer": "window_atention"}}, UnknownName, "did you mean window_attention"),
        ({"hybrid": {"every": 2, "windows": 3}}, TypeError, "did you mean window"),
        ({"hybrid": {"every": 2, "heads": 3}}, ValueError, "heads is 3 and hidden_size is 4"),
        ({"hybrid": {"every": 2}, "wrappers": {"zoneout": None}}, ValueError, "layer 'window_attention': no member"),
    ],
    ids=str,
)
def test_bad_settings_are_refused(given, error, says):
    with pytest.raises(error, match=says):
        rnnzoo.LSTM(I, H, 2, **given)
