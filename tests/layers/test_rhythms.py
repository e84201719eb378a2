"""Clockwork and phased LSTM: what the clock lets change and what not, what they are without one, options, errors."""

import pytest
import torch
from cell_oracle import equals_oracle, noisy
from classics import randoms
from tolerances import close

import rnnzoo
from rnnzoo.registry import LAYERS

PHASED = [
    {},
    {"timestamps": True},
    {"ratio_on": 0.5, "leak": 0.1},
    {"ratio_on": 1.0, "shortest": 3.0, "longest": 3.0},
    {"timestamps": True, "ratio_on": 0.4, "recurrent_bias": False},
    {"bias": False},
]


@pytest.mark.parametrize("periods", [None, (1,), (2, 3), (1, 2, 3, 4, 7), (5,)], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_clockwork_is_the_papers_whatever_its_periods(periods, bias):
    equals_oracle("clockwork", 3, 7, periods=periods, bias=bias)


@pytest.mark.parametrize("options", PHASED, ids=str)
def test_phased_lstm_is_the_papers_with_every_option(options):
    equals_oracle("phased_lstm", 3, 5, **{"leak": 0.001, **options})  # in training


def test_one_module_that_always_runs_is_the_simple_network():
    cell, simple = noisy("clockwork", input_size=3, hidden_size=5, periods=(1,)), noisy(
        "srn", input_size=3, hidden_size=5, recurrent_bias=False
    )  # fmt: skip
    with torch.no_grad():
        simple.weight_ih.copy_(cell.weight_ih)
        simple.weight_hh.copy_(cell.weight_hh_0)
        simple.bias_ih.copy_(cell.bias_ih)
    x = randoms(2, 6, 3)
    close(cell(x)[0], simple(x)[0])


def test_a_module_keeps_what_it_has_until_its_period_is_over():
    cell = noisy("clockwork", input_size=3, hidden_size=6, periods=(1, 2, 5))
    y = cell(randoms(2, 12, 3))[0].reshape(2, 12, 3, 2)  # (B, T, module, unit)
    for module, period in enumerate((1, 2, 5)):
        for t in range(1, 12):
            same = torch.equal(y[:, t, module], y[:, t - 1, module])
            assert same == (t % period != 0), (module, t)


def test_a_slow_module_never_hears_a_faster_one():
    cell = noisy("clockwork", input_size=3, hidden_size=6, periods=(1, 2, 5))
    x, h, clock = randoms(1, 12, 3), randoms(1, 6).requires_grad_(), torch.zeros(1, dtype=torch.int64)
    _, (after, _) = cell(x, (h, clock))
    reach = torch.stack([torch.autograd.grad(unit, h, retain_graph=True)[0][0] for unit in after[0]])  # (to, from)
    assert torch.equal(reach[2:, :2], torch.zeros(4, 2, dtype=torch.float64))
    assert torch.equal(reach[4:, :4], torch.zeros(2, 4, dtype=torch.float64))
    assert (reach[:2] != 0).all()
    assert sum(p.numel() for n, p in cell.named_parameters() if n.startswith("weight_hh")) == 12 + 8 + 4


def test_always_half_open_phases_are_the_lstm_with_peepholes():
    cell = noisy("phased_lstm", input_size=4, hidden_size=5, timestamps=True)
    plain = noisy("peephole_lstm", input_size=3, hidden_size=5)
    with torch.no_grad():
        for name, parameter in plain.named_parameters():
            parameter.copy_(getattr(cell, name))
        for name, value in {"period": 2.0, "shift": 0.0, "ratio_on_end": 1.0}.items():
            getattr(cell, name).fill_(value)
    x = randoms(2, 6, 3)
    middles = (1.0 + 2.0 * torch.arange(6)).expand(2, 6).unsqueeze(-1).double()  # the gate is wide open there
    close(cell(torch.cat([x, middles], -1))[0], plain(x)[0])


def test_a_closed_gate_keeps_the_state_in_evaluation_and_leaks_in_training():
    cell = noisy("phased_lstm", input_size=4, hidden_size=5, timestamps=True, leak=0.01).eval()
    with torch.no_grad():
        for name, value in {"period": 10.0, "shift": 0.0, "ratio_on_end": 0.1}.items():
            getattr(cell, name).fill_(value)
    x, state = randoms(2, 6, 4), (randoms(2, 5), randoms(2, 5))
    x[..., -1] = torch.linspace(2.0, 9.0, 6)
    close(cell(x, state)[1], state)
    k = cell.train().openness(x[..., -1])
    close(k, (0.01 * x[..., -1:] / 10).expand(2, 6, 5))
    assert not torch.equal(cell(x, state)[1][1], state[1])


def test_without_time_stamps_the_time_is_the_index_of_the_step_wherever_a_row_stands():
    cell, stamped = (noisy("phased_lstm", input_size=3 + s, hidden_size=5, timestamps=bool(s)) for s in (0, 1))
    stamped.load_state_dict(cell.state_dict())
    x, t = randoms(2, 6, 3), torch.stack([torch.arange(6.0), 100 + torch.arange(6.0)]).unsqueeze(-1).double()
    state = (randoms(2, 5), randoms(2, 5))
    y, (h, c, clock) = cell(x, (*state, torch.tensor([0, 100])))
    expected, final = stamped(torch.cat([x, t], -1), state)
    close((y, h, c), (expected, *final))
    assert torch.equal(clock, torch.tensor([6, 106]))


def test_periods_start_in_their_range_and_shifts_within_their_period():
    torch.manual_seed(0)
    cell = LAYERS.entry("phased_lstm").target(3, 400, shortest=2.0, longest=50.0)
    assert cell.period.min() >= 2.0
    assert cell.period.max() <= 50.0
    assert (cell.period.log().mean() - torch.tensor(2.0 * 50.0).log() / 2).abs() < 0.15  # the middle of the logarithms
    assert ((cell.shift >= 0) & (cell.shift <= cell.period)).all()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ClockworkRNN", {"periods": (1, 1)}, r"periods is \(1, 1\); expected whole numbers that rise"),
        ("ClockworkRNN", {"periods": (0, 1)}, "rise from at least 1"),
        ("ClockworkRNN", {"periods": ()}, "rise from at least 1"),
        ("ClockworkRNN", {"periods": (1, 2.5)}, "whole numbers"),
        ("ClockworkRNN", {"periods": (1, 2, 3, 4, 5)}, "5 modules and hidden_size is 4"),
        ("PhasedLSTM", {"ratio_on": 1.5}, "ratio_on is 1.5; expected a number from 0.0 to 1.0"),
        ("PhasedLSTM", {"leak": -0.1}, "leak is -0.1"),
        ("PhasedLSTM", {"shortest": 30.0}, "shortest is 30.0; expected a number from 0.0 to 20.0"),
        ("PhasedLSTM", {"timestamps": True, "num_layers": 2}, "timestamps=True and num_layers is 2"),
    ],
)
def test_options_that_make_no_rhythm_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(rnnzoo, name)(3, 4, **options)
    with pytest.raises(ValueError, match="input_size is 1; expected 2 or more"):
        rnnzoo.PhasedLSTM(1, 4, timestamps=True)


@pytest.mark.parametrize("name", ["ClockworkRNN", "PhasedLSTM"])
def test_a_clock_of_another_dtype_is_refused_and_a_cast_leaves_it_whole(name):
    layer = getattr(rnnzoo, name)(3, 4, batch_first=True)
    _, state = layer(torch.randn(2, 5, 3))
    assert state[-1].dtype == torch.int64
    with pytest.raises(TypeError, match="it is 't', a clock"):
        layer(torch.randn(2, 5, 3), (*state[:-1], state[-1].float()))
    _, state = layer.double()(torch.randn(2, 5, 3).double())
    assert [member.dtype for member in state] == [torch.float64] * (len(state) - 1) + [torch.int64]
