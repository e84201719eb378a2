"""Convolutional LSTM: what it is on one pixel, how far a pixel reaches, how pictures lie in rows, options, errors."""

import pytest
import torch
from cell_oracle import equals_oracle, noisy
from classics import randoms
from tolerances import close

import rnnzoo


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"height": 2, "width": 3},
        {"height": 3, "width": 2, "kernel_size": 5},
        {"height": 6, "width": 1, "kernel_size": (3, 5)},
        {"height": 3, "width": 2, "kernel_size": 1},
        {"height": 3, "width": 2, "bias": False},
    ],
    ids=str,
)
def test_it_is_the_papers_with_every_option(options):
    equals_oracle("conv_lstm", 6, 12, **options)


def test_on_one_pixel_it_is_the_lstm_with_peepholes():
    cell = noisy("conv_lstm", input_size=3, hidden_size=5)
    plain = noisy("peephole_lstm", input_size=3, hidden_size=5, recurrent_bias=False)
    with torch.no_grad():
        for name, parameter in plain.named_parameters():
            parameter.copy_(getattr(cell, name).reshape(parameter.shape))
    x = randoms(2, 6, 3)
    close(cell(x), plain(x))
    assert sum(p.numel() for p in cell.parameters()) == sum(p.numel() for p in plain.parameters())


def test_a_pixel_reaches_as_far_as_the_kernel_in_a_step():
    cell = noisy("conv_lstm", input_size=49, hidden_size=49, height=7, width=7, kernel_size=(3, 5))
    x = randoms(1, 3, 49).requires_grad_()
    y = cell(x)[0].unflatten(-1, (7, 7))
    for t, (rows, columns) in enumerate([(1, 2), (2, 3)]):
        reached = torch.autograd.grad(y[0, t, 3, 3], x, retain_graph=True)[0][0, 0].unflatten(-1, (7, 7)) != 0
        assert reached.any(1).nonzero().flatten().tolist() == list(range(3 - min(3, 1 * (t + 1)), 4 + min(3, t + 1)))
        assert reached.any(0).sum() == min(7, 2 * 2 * (t + 1) + 1)
        assert rows <= 3 >= columns


def test_away_from_the_edges_a_shifted_picture_gives_a_shifted_state():
    cell = noisy("conv_lstm", input_size=81, hidden_size=162, height=9, width=9)
    with torch.no_grad():
        for name in ("p_i", "p_f", "p_o"):
            getattr(cell, name).copy_(getattr(cell, name)[:, :1, :1].expand(2, 9, 9))
    small = torch.zeros(1, 2, 9, 9, dtype=torch.float64)
    small[..., 3:6, 3:6] = randoms(2, 3, 3)
    y, moved = (cell(frames.flatten(2))[0].unflatten(-1, (2, 9, 9)) for frames in (small, small.roll(1, -1)))
    close(moved[..., 2:7, 3:7], y[..., 2:7, 2:6])


def test_pictures_go_in_and_out_channel_by_channel_and_two_directions_are_twice_the_channels():
    layer = rnnzoo.ConvLSTM(2 * 12, 3 * 12, 2, batch_first=True, bidirectional=True, height=3, width=4)
    frames = torch.randn(2, 5, 2, 3, 4)
    y, (h, c) = layer(frames.flatten(2), lengths=[5, 2])
    assert y.unflatten(2, (-1, 3, 4)).shape == (2, 5, 6, 3, 4)
    assert h.shape == c.shape == (4, 2, 36)
    assert layer.cells[2].weight_ih.shape == (12, 6, 3, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"height": 2, "width": 2}, "hidden_size is 6 and pictures are 2 x 2; expected whole channels"),
        ({"height": 3}, "input_size is 4 and pictures are 3 x 1"),
        ({"kernel_size": 2}, "kernel_size is 2; expected an odd number"),
        ({"kernel_size": (3, 0)}, r"kernel_size is \(3, 0\)"),
        ({"kernel_size": True}, "kernel_size is True"),
        ({"height": 0}, "height is 0"),
    ],
)
def test_pictures_and_kernels_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        rnnzoo.ConvLSTM(4, 6, **options)
