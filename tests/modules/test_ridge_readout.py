"""The read-out fitted over a stream of batches is the closed form over all data at once."""

import pytest
import torch
from tolerances import close

import rnnzoo
from rnnzoo.modules.ridge_readout import RidgeReadout, fit_readout

N, O = 6, 2


def closed_form(h, y, penalty, bias):
    """Least squares over the data with a row for each penalised weight, by an orthogonal factorisation."""
    rows = torch.eye(N, dtype=torch.float64) * penalty**0.5
    if bias:
        h = torch.cat((h, torch.ones(len(h), 1, dtype=torch.float64)), 1)
        rows = torch.cat((rows, torch.zeros(N, 1, dtype=torch.float64)), 1)
    stacked = torch.cat((h, rows)), torch.cat((y, torch.zeros(N, O, dtype=torch.float64)))
    return torch.linalg.lstsq(*stacked, driver="gelsd").solution


@pytest.mark.parametrize("penalty", [0.0, 1e-3, 5.0])
@pytest.mark.parametrize("bias", [True, False])
def test_batches_of_any_size_give_the_closed_form(penalty, bias):
    states, targets = torch.randn(9, 20, N, dtype=torch.float64) + 2, torch.randn(9, 20, O, dtype=torch.float64)
    lengths = torch.tensor([20, 3, 7, 20, 11, 20, 1, 2, 9])
    whole = RidgeReadout(N, O, penalty=penalty, bias=bias)
    parts = RidgeReadout(N, O, penalty=penalty, bias=bias)
    whole.add(states, targets, lengths, washout=2)
    for start, end in ((0, 2), (2, 3), (3, 9)):
        padded = states[start:end].clone()
        for row, length in enumerate(lengths[start:end]):
            padded[row, length:] = torch.nan
        parts.add(padded, targets[start:end], lengths[start:end], washout=2)
    counted = [(row, t) for row in range(9) for t in range(2, int(lengths[row]))]
    h, y = (torch.stack([data[place] for place in counted]) for data in (states, targets))
    expected = closed_form(h, y, penalty, bias)
    for readout in (whole, parts):
        assert readout.steps == len(counted)
        W, b = readout.solve()
        close(W.mT, expected[:N])
        assert (b is None) == (not bias)
        if bias:
            close(b, expected[N])


def test_it_is_fitted_in_double_precision_whatever_the_states_are():
    h = 1 + 1e-3 * torch.randn(4, 5000, N)  # in single precision the sums would not settle the weights
    y = h.double() @ torch.arange(1.0, N + 1, dtype=torch.float64).reshape(N, 1).expand(N, O)
    readout = RidgeReadout(N, O, penalty=0)
    readout.add(h, y)
    W, _ = readout.solve()
    assert (W - torch.arange(1, N + 1)).abs().max() < 1e-6


@pytest.mark.parametrize("batch_first", [True, False])
def test_a_reservoir_learns_a_delay_in_one_pass(batch_first):
    layer = rnnzoo.ESN(1, 60, batch_first=batch_first)
    batches = []
    for _ in range(3):
        x = torch.rand(4, 300, 1) * 2 - 1
        batches.append((x, x.roll(3, 1)) if batch_first else (x.transpose(0, 1), x.roll(3, 1).transpose(0, 1)))
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    readout = fit_readout(layer, batches[:2], washout=50)
    assert all(torch.equal(before[name], value) for name, value in layer.state_dict().items())
    x, target = batches[2]
    time = 1 if batch_first else 0
    wrong = (readout(layer(x)[0]) - target).narrow(time, 50, 250)
    assert wrong.square().mean() < 0.05 * target.var()
    assert rnnzoo.fit_readout is fit_readout


def test_ragged_batches_count_their_own_steps_alone():
    layer = rnnzoo.ESN(1, 5, batch_first=True, dtype=torch.float64)
    x, y = torch.randn(3, 40, 1, dtype=torch.float64), torch.randn(3, 40, 1, dtype=torch.float64)
    lengths = torch.tensor([40, 12, 30])
    ragged = fit_readout(layer, [(x, y, lengths)])
    alone = fit_readout(layer, [(x[row : row + 1, :n], y[row : row + 1, :n]) for row, n in enumerate(lengths.tolist())])
    close(ragged.weight.detach(), alone.weight.detach())


def test_what_cannot_be_fitted_is_said():
    with pytest.raises(ValueError, match="penalty is -1"):
        RidgeReadout(N, O, penalty=-1)
    readout = RidgeReadout(N, O, penalty=0)
    with pytest.raises(ValueError, match="no step has been added"):
        readout.solve()
    with pytest.raises(ValueError, match=r"targets have shape \(2, 5, 3\); expected \(2, 5, 2\)"):
        readout.add(torch.zeros(2, 5, N), torch.zeros(2, 5, 3))
    with pytest.raises(ValueError, match="washout is -1"):
        readout.add(torch.zeros(2, 5, N), torch.zeros(2, 5, O), washout=-1)
    readout.add(torch.zeros(2, 5, N), torch.zeros(2, 5, O))
    with pytest.raises(ValueError, match="10 steps do not settle 7 weights with penalty=0"):
        readout.solve()
    with pytest.raises(ValueError, match="batches are empty"):
        fit_readout(rnnzoo.ESN(1, 5), [])
