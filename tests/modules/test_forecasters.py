"""The ways to forecast: against their definitions, written down again, and against one another."""

import pytest
import torch
from tolerances import close
from torch import nn

from rnnzoo.modules.forecaster_direct import DirectForecaster
from rnnzoo.modules.forecaster_linear import DLinearForecaster, NaiveForecaster
from rnnzoo.modules.forecaster_recursive import RecursiveForecaster
from rnnzoo.modules.forecaster_segment import SegmentForecaster

L, M = 12, 8


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def empty(rows, steps=L + M):
    """Nothing known in advance, nothing static."""
    return noise(rows, steps, 0), noise(rows, 0)


def test_segrnn_is_that_of_the_paper():
    """The equations with a GRU of torch's own, a channel and a segment at a time."""
    B, F, w, d = 2, 3, 4, 6
    torch.manual_seed(0)
    model = SegmentForecaster(1, 0, 0, F, 1, L, M, segment=w, layer="gru", hidden_size=d).double()
    gru = nn.GRU(d, d, batch_first=True).double()
    gru.load_state_dict(model.layers.layers[0].state_dict())
    x = noise(B, F, L)
    for b in range(B):
        for c in range(F):
            h = torch.zeros(1, 1, d, dtype=torch.float64)
            for n in range(L // w):
                segment = torch.relu(model.embedding.weight @ x[b, c, n * w : (n + 1) * w] + model.embedding.bias)
                _, h = gru(segment[None, None], h)
            expected = []
            for m in range(M // w):
                asked = torch.cat([model.places[m], model.channel[c]])
                _, own = gru(asked[None, None], h)  # each from the encoder's state: side by side
                expected.append(model.map.weight @ own[0, 0] + model.map.bias)
            found = model(x.reshape(B * F, L, 1), None, *empty(B * F))[b * F + c, :, 0]
            close(found, torch.cat(expected))


def test_dlinear_is_that_of_the_paper():
    torch.manual_seed(0)
    model, x = DLinearForecaster(2, L, M, kernel=5).double(), noise(3, L, 2)
    padded = torch.cat([x[:, :1], x[:, :1], x, x[:, -1:], x[:, -1:]], dim=1)
    trend = torch.stack([padded[:, t : t + 5].mean(dim=1) for t in range(L)], dim=1)
    (ws, bs), (wt, bt) = ((one.weight, one.bias) for one in (model.map, model.trend_map))
    for c in range(2):
        expected = (x - trend)[:, :, c] @ ws.T + bs + trend[:, :, c] @ wt.T + bt
        close(model(x, None, *empty(3))[:, :, c], expected)


def test_an_even_moving_average_is_refused():
    with pytest.raises(ValueError, match="odd"):
        DLinearForecaster(1, L, M, kernel=24)


def test_naive_forecasts_repeat_the_last_value_and_the_last_season():
    x = torch.arange(2 * L, dtype=torch.float64).view(2, L, 1)
    lengths = torch.tensor([L, 2])
    assert NaiveForecaster(1, M)(x, lengths, *empty(2))[:, :, 0].tolist() == [[11.0] * M, [13.0] * M]
    seasonal = NaiveForecaster(1, M, season=3)(x, lengths, *empty(2))[:, :, 0]
    assert seasonal.tolist() == [[9.0, 10, 11, 9, 10, 11, 9, 10], [13.0] * M]  # no season of the second row is there
    with pytest.raises(ValueError, match="at least 20"):
        NaiveForecaster(1, M, season=20)(x, None, *empty(2))


@pytest.mark.parametrize("layer", ["gru", "lstm", "mingru", "mamba"])
@pytest.mark.parametrize("lengths", [None, torch.tensor([L, 5, 1])])
def test_steps_with_a_carried_state_are_what_one_pass_over_everything_is(layer, lengths):
    torch.manual_seed(0)
    model = RecursiveForecaster(3, 2, 1, 2, 1, M, layer=layer, hidden_size=4, num_layers=2).double()
    past, known, static = noise(3, L, 3), noise(3, L + M, 2, seed=1), noise(3, 1, seed=2)
    fed = []

    def feed(raw, step):
        fed.append(raw)
        return raw

    stepped = model(past, lengths, known, static, feed)
    close(stepped, torch.stack(fed, dim=1))
    close(model.taught(past, lengths, known, static, stepped), stepped)


def test_a_recursive_forecast_reads_past_and_future_as_one_series():
    """Each step is told the number before it and what is known of itself."""
    torch.manual_seed(0)
    model = RecursiveForecaster(1, 2, 0, 1, 1, M, layer="gru", hidden_size=4).double()
    past, targets, known = noise(2, L, 1), noise(2, M, 1, seed=1), noise(2, L + M, 2, seed=2)
    before = torch.cat([past, targets[:, :-1]], dim=1)  # of the steps 1, 2, ..., L + M - 1
    whole, _ = model.layers(torch.cat([before, known[:, 1:]], dim=-1))
    close(model.taught(past, None, known, noise(2, 0), targets), model.map(whole[:, L - 1 :]))


def test_paths_are_neighbours_and_each_is_told_its_own_numbers():
    torch.manual_seed(0)
    model = RecursiveForecaster(1, 0, 0, 1, 1, M, layer="lstm", hidden_size=4).double()
    past, shifts = noise(2, L, 1), torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64)

    def run(shift):
        return model(past, None, *empty(2), lambda raw, step: raw + shift)

    many = model(past, None, *empty(2), lambda raw, step: raw + shifts.repeat(2)[:, None], 3).view(2, 3, M, 1)
    for path, shift in enumerate(shifts):
        close(many[:, path], run(shift))


def recursive(**sizes):
    return RecursiveForecaster(3, 2, 1, 2, 1, M, layer="gru", hidden_size=4, **sizes)


def direct(**sizes):
    return DirectForecaster(3, 2, 1, 2, M, layer="gru", hidden_size=4, **sizes)


def segment(**sizes):
    return SegmentForecaster(3, 2, 1, 1, 1, L, M, segment=4, layer="gru", hidden_size=4, **sizes)


@pytest.mark.parametrize("make", [recursive, direct, segment])
def test_a_short_past_is_forecast_as_it_is_alone_whatever_stands_behind_it(make):
    torch.manual_seed(0)
    model = make().double()
    args = {} if make is not recursive else {"feed": lambda raw, step: raw}
    past, known, static = noise(2, L, 3), noise(2, L + M, 2, seed=1), noise(2, 1, seed=2)
    lengths = torch.tensor([L, 5])
    changed, changed_known = past.clone(), known.clone()
    changed[1, 5:], changed_known[1, 5:L] = 1e3, -1e3
    close(model(changed, lengths, changed_known, static, **args), model(past, lengths, known, static, **args))


@pytest.mark.parametrize("make", [recursive, direct, segment])
def test_what_is_known_of_a_step_and_what_is_static_have_a_part_in_its_forecast(make):
    torch.manual_seed(0)
    model = make().double()
    args = {} if make is not recursive else {"feed": lambda raw, step: raw}
    known, static = noise(2, L + M, 2, seed=1).requires_grad_(), noise(2, 1, seed=2).requires_grad_()
    found = model(noise(2, L, 3), None, known, static, **args)
    ahead, fixed = torch.autograd.grad(found[0, -1].sum(), (known, static))
    assert ahead[0, -1].abs().min() > 0
    assert fixed[0].abs().min() > 0
    assert ahead[1].abs().max() == fixed[1].abs().max() == 0  # of its own row alone


def test_settings_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="multiple"):
        SegmentForecaster(1, 0, 0, 1, 1, 10, M, segment=4, layer="gru", hidden_size=4)
    with pytest.raises(ValueError, match="even"):
        SegmentForecaster(1, 0, 0, 1, 1, L, M, segment=4, layer="gru", hidden_size=5)
    with pytest.raises(ValueError, match="from its end"):
        recursive(layer_options={"bidirectional": True})
