"""GRU-D, CfC and LTC on series whose values are missing or come when they like: limits, bounds, options, errors."""

import pytest
import torch
from cell_oracle import equals_oracle, noisy
from classics import randoms
from tolerances import close

import rnnzoo
from rnnzoo.registry import UnknownName

MODES = ("default", "no_gate", "pure")
CFC = [
    *({"mode": mode, "backbone_layers": layers, "time_gap": gap, "backbone_units": 6}
      for mode in MODES for layers in (0, 2) for gap in (False, True)),
    *({"activation": name, "backbone_units": 3} for name in ("gelu", "lecun_tanh", "relu", "silu", "tanh")),
    *({"mode": mode, "backbone_layers": 2, "backbone_units": 5} for mode in MODES),  # N = H: one matrix
    {"bias": False, "time_gap": True, "backbone_units": 4},
    {"bias": False, "backbone_layers": 0, "time_gap": True},
    {"recurrent_bias": False, "backbone_units": 4},
    {},
]  # fmt: skip


def later(x):
    """Make the last channel gaps of time."""
    x[..., -1].abs_()


def patient(B, T, D):
    """Values, masks with holes, and the time since each was last seen, (B, T, 3D)."""
    values, masks, gaps = randoms(B, T, D), (torch.rand(B, T, D) < 0.5).double(), torch.zeros(B, T, D).double()
    for t in range(1, T):
        gaps[:, t] = 1 + gaps[:, t - 1] * (1 - masks[:, t - 1])
    return torch.cat([values, masks, gaps], -1)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"missing": True},
        {"missing": True, "means": (0.3, -2.0)},
        {"bias": False},
        {"missing": True, "means": [1.0, 0.0], "bias": False},
    ],
    ids=str,
)
def test_gru_d_is_the_papers_with_every_option(options):
    equals_oracle("gru_d", 6, 4, alter=lambda x: x.copy_(patient(*x.shape[:2], 2)), **options)


@pytest.mark.parametrize("options", CFC, ids=str)
def test_cfc_is_the_authors_with_every_option(options):
    equals_oracle("cfc", 3, 5, alter=later if options.get("time_gap") else None, **options)


@pytest.mark.parametrize(
    "options", [{}, {"unfolds": 1}, {"time_gap": True, "unfolds": 3}, {"bias": False, "unfolds": 2}], ids=str
)
def test_ltc_is_the_authors_with_every_option(options):
    equals_oracle("ltc", 3, 4, alter=later if options.get("time_gap") else None, **options)


def test_gru_d_that_sees_everything_and_forgets_nothing_is_the_gru():
    cell = noisy("gru_d", input_size=6, hidden_size=4, missing=True)
    gru = noisy("gru", input_size=2, hidden_size=4, reset_after=False, recurrent_bias=False)
    with torch.no_grad():
        cell.decay_bias_h.fill_(-100.0)
        r, z, n = cell.weight_ih[:, :2].split(4)
        gru.weight_ih.copy_(torch.cat([r, -z, n]))  # GRU-D's update gate lets the candidate in, torch's the state
        r, z, n = cell.weight_hh.split(4)
        gru.weight_hh.copy_(torch.cat([r, -z, n]))
        r, z, n = (cell.bias_ih + cell.weight_ih[:, 2:].sum(1)).split(4)
        gru.bias_ih.copy_(torch.cat([r, -z, n]))
    x = randoms(3, 6, 2)
    close(cell(torch.cat([x, torch.ones_like(x), torch.ones_like(x)], -1))[0], gru(x)[0])


def test_what_stands_where_nothing_was_observed_is_not_looked_at():
    cell = noisy("gru_d", input_size=6, hidden_size=4, missing=True)
    x = patient(3, 8, 2)
    other = x.clone()
    other[..., :2] = torch.where(x[..., 2:4] > 0.5, x[..., :2], 1e6)
    close(cell(other), cell(x))


def test_a_value_long_unseen_is_its_mean_and_a_state_long_unfed_is_zero():
    cell = noisy("gru_d", input_size=3, hidden_size=4, missing=True, means=(0.7,))
    with torch.no_grad():
        cell.decay_weight_x.fill_(1.0)
        cell.decay_weight_h.fill_(1.0)
    gone, mean = torch.tensor([[[[5.0, 0.0, 1e4]]], [[[0.7, 1.0, 1e4]]]], dtype=torch.float64)
    with torch.no_grad():
        cell.weight_ih[:, 1] = 0.0  # that the two masks differ
    state = (randoms(1, 4), randoms(1, 1))
    y, (_, last) = cell(gone, state)
    close(y, cell(mean, (torch.zeros_like(state[0]), state[1]))[0])
    assert torch.equal(last, state[1])


def test_the_last_value_observed_is_carried_to_each_rows_own_length():
    cell = noisy("gru_d", input_size=3, hidden_size=4, missing=True)
    x = torch.zeros(2, 5, 3, dtype=torch.float64)
    x[:, :, 0] = torch.arange(5.0)
    x[:, [1, 4], 1] = 1.0
    _, (_, last) = cell(x, None, torch.tensor([5, 3]))
    assert last.flatten().tolist() == [4.0, 1.0]


def test_layers_above_the_first_have_nothing_missing():
    stack = rnnzoo.GRUD(6, 4, num_layers=2, bidirectional=True, missing=True, means=(1.0, 2.0))
    assert [cell.missing for cell in stack.cells] == [True, True, False, False]
    assert [cell.channels for cell in stack.cells] == [2, 2, 8, 8]
    assert torch.equal(stack.cells[1].mean, torch.tensor([1.0, 2.0]))
    y, _ = stack(patient(3, 7, 2).float().transpose(0, 1))
    assert y.shape == (7, 3, 8)


def test_cfc_at_a_gap_of_zero_is_its_mix_at_that_moment_and_after_a_long_time_one_candidate():
    cell = noisy("cfc", input_size=4, hidden_size=5, time_gap=True, backbone_units=6)
    x = randoms(3, 1, 4)
    x[..., -1] = 1e9
    shown = rnnzoo.gate_values(cell, x).gates
    nearest = shown["time"].round()
    close(shown["time"], nearest)
    y, _ = cell(x)
    close(y, torch.where(nearest == 1, shown["candidate_2"], shown["candidate"]))
    x[..., -1] = 0.0
    *_, b = cell.bias_hh_1.split(5)
    with torch.no_grad():
        cell.weight_hh_1[15:] = 0.0
    close(rnnzoo.gate_values(cell, x).gates["time"], torch.sigmoid(b).expand(3, 1, 5))


def test_pure_cfc_is_at_its_amplitude_after_a_long_time():
    cell = noisy("cfc", input_size=4, hidden_size=5, time_gap=True, mode="pure", backbone_units=6)
    x = randoms(3, 2, 4)
    x[..., -1] = 1e9
    close(cell(x)[0], cell.amplitude.expand(3, 2, 5))


def test_ltc_stays_between_its_reversal_potentials():
    cell = noisy("ltc", input_size=4, hidden_size=6, time_gap=True)
    x = randoms(5, 40, 4, scale=20.0)
    x[..., -1].abs_()
    v = (cell(x)[0] - cell.output_bias) / cell.output_scale
    ends = torch.cat([cell.reversal.flatten(), cell.input_reversal.flatten(), cell.rest, torch.zeros(1).double()])
    assert v.min() >= ends.min() - 1e-6
    assert v.max() <= ends.max() + 1e-6


def test_no_time_changes_nothing_in_ltc_and_finer_steps_approach_its_equation():
    cell = noisy("ltc", input_size=4, hidden_size=6, time_gap=True)
    x, v = randoms(3, 1, 4), randoms(3, 6)
    x[..., -1] = 0.0
    close(cell(x, (v,))[1], (v,))
    x[..., -1] = 1.0

    def after(unfolds):
        cell.unfolds = unfolds
        return cell(x, (v,))[1][0]

    with torch.no_grad():
        exact = after(2048)
        errors = [float((after(n) - exact).abs().max()) for n in (8, 32, 128)]
    assert 3 < errors[0] / errors[1] < 5  # the solver is of first order
    assert 3 < errors[1] / errors[2] < 5


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("GRUD", {"missing": True}, "missing=True and input_size is 4; expected a multiple of 3"),
        ("GRUD", {"means": (1.0,)}, "means were given and missing is False"),
        ("CfC", {"backbone_layers": -1}, "backbone_layers is -1"),
        ("CfC", {"backbone_units": 0}, "backbone_units is 0"),
        ("CfC", {"time_gap": True, "num_layers": 2}, "time_gap=True and num_layers is 2; expected num_layers=1"),
        ("LTC", {"time_gap": True, "num_layers": 3}, "time_gap=True and num_layers is 3"),
        ("LTC", {"unfolds": 0}, "unfolds is 0"),
    ],
)
def test_options_that_cannot_be_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(rnnzoo, name)(4, 5, **options)


def test_means_are_one_a_channel_and_names_are_those_there_are():
    with pytest.raises(ValueError, match="means has 3 numbers; expected 2"):
        rnnzoo.GRUD(6, 5, missing=True, means=(1.0, 2.0, 3.0))
    with pytest.raises(UnknownName, match="did you mean no_gate"):
        rnnzoo.CfC(4, 5, mode="nogate")
    with pytest.raises(UnknownName, match="did you mean tanh"):
        rnnzoo.CfC(4, 5, activation="tahn")
