import pytest
import torch
from oracles.qrnn import oracle
from tolerances import close

from rnnzoo import gate_values
from rnnzoo.layers.mingru import MinGRU
from rnnzoo.layers.qrnn import QRNN
from rnnzoo.registry import UnknownName


def cell(**options):
    made = QRNN(3, 4, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_()
    return made


def example(made, T=9):
    return torch.randn(2, T, 3, dtype=torch.float64), tuple(
        torch.randn(2, *shape, dtype=torch.float64) for shape in made.state_shapes
    )


@pytest.mark.parametrize("pooling", ["f", "fo", "ifo"])
@pytest.mark.parametrize("window", [1, 2, 5])
@pytest.mark.parametrize("bias", [True, False])
def test_every_pooling_and_window_equals_the_paper(pooling, window, bias):
    made = cell(pooling=pooling, window=window, bias=bias)
    for T in (2, 9):  # shorter and longer than the window
        x, state = example(made, T)
        weights = {name: parameter.detach().numpy() for name, parameter in made.named_parameters()}
        expected, last = oracle(x.numpy(), [s.numpy() for s in state], weights, window=window, pooling=pooling)
        y, final = made(x, state)
        close(y, torch.from_numpy(expected))
        close(final, tuple(map(torch.from_numpy, last)))


@pytest.mark.parametrize("window", [1, 4])
def test_ragged_rows_equal_themselves_alone_even_where_shorter_than_the_window(window):
    made = cell(window=window, pooling="ifo")
    x, state = example(made, 6)
    y, final = made(x, state, torch.tensor([6, 2]))
    y_alone, alone = made(x[1:, :2], tuple(member[1:] for member in state))
    close((y[1:, :2], tuple(member[1:] for member in final)), (y_alone, alone))
    assert not y[1, 2:].any()


@pytest.mark.parametrize("pooling", ["f", "fo"])
def test_memory_stays_between_candidates_and_initial_state_and_within_one(pooling):
    made = cell(pooling=pooling)
    x, state = example(made, 80)
    shown = gate_values(made, 4 * x, state)
    seen = torch.cat((state[0].unsqueeze(1), shown.gates["candidate"]), 1)
    c = shown.states["cell"]
    assert (c <= seen.cummax(1).values[:, 1:] + 1e-12).all()
    assert (c >= seen.cummin(1).values[:, 1:] - 1e-12).all()
    assert made(4 * x)[0].abs().max() <= 1


def test_with_window_one_and_f_pooling_it_is_a_mingru_of_bounded_candidates():
    made, other = cell(window=1, pooling="f"), MinGRU(3, 4, dtype=torch.float64)
    z, f = (block[:, :, 0] for block in made.weight_ih.chunk(2))
    b_z, b_f = made.bias_ih.chunk(2)
    other.candidate = torch.tanh
    with torch.no_grad():
        other.weight_ih.copy_(torch.cat((-f, z)))  # its update gate is 1 - f
        other.bias_ih.copy_(torch.cat((-b_f, b_z)))
    x, state = example(made)
    close(made(x, state), other(x, state))


def test_an_open_forget_gate_keeps_the_memory_and_a_shut_one_copies_the_candidate():
    made = cell(pooling="f")
    x, state = example(made)
    with torch.no_grad():
        made.bias_ih[4:] = 1e3
        close(made(x, state)[1][0], state[0])
        made.bias_ih[4:] = -1e3
        close(made(x, state)[0], gate_values(made, x, state).gates["candidate"])


def test_parameters_count_as_the_paper_has_them():
    for pooling, blocks in {"f": 2, "fo": 3, "ifo": 4}.items():
        count = sum(parameter.numel() for parameter in QRNN(5, 7, window=3, pooling=pooling).parameters())
        assert count == blocks * 7 * (5 * 3 + 1)


def test_bad_options_are_named():
    with pytest.raises(UnknownName, match="unknown pooling 'of'; did you mean"):
        QRNN(3, 4, pooling="of")
    with pytest.raises(ValueError, match="window is 0"):
        QRNN(3, 4, window=0)
