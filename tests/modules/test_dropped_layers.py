"""A stack that drops the inputs of its layers is, mask given, the loop over cells that a tutorial writes by hand."""

import pytest
import torch
from torch import nn

from rnnzoo.modules.dropped_layers import DroppedLayers
from rnnzoo.registry import UnknownName

B, T, I, H = 3, 7, 5, 4


class Recorded(nn.Module):
    """A dropout whose mask can be read afterwards."""

    def __init__(self, dropout):
        super().__init__()
        self.dropout = dropout

    def forward(self, x):
        self.mask = self.dropout(torch.ones_like(x))
        return x * self.mask


def stack(**options):
    torch.manual_seed(0)
    layers = DroppedLayers("srn", I, H, num_layers=2, p=0.4, **options).double()
    layers.dropouts = nn.ModuleList(Recorded(dropout) for dropout in layers.dropouts)
    return layers


@pytest.mark.parametrize("backend", ["reference", "torch", None])
def test_equals_keras_loop_over_two_cells_with_one_mask_a_cell(backend):
    layers = stack(backend=backend)
    x = torch.randn(B, T, I, dtype=torch.float64)
    y, _ = layers(x)
    masks = [dropout.mask[:, 0] for dropout in layers.dropouts]
    weights = [(c.weight_ih, c.weight_hh, c.bias_ih + c.bias_hh) for layer in layers.layers for c in layer.cells]
    h = [torch.zeros(B, H, dtype=torch.float64) for _ in range(2)]
    for t in range(T):  # SimpleRNNCell: tanh((inputs * mask) W + b + h U), word by word through both cells
        below = x[:, t]
        for i, (W, U, b) in enumerate(weights):
            h[i] = torch.tanh((below * masks[i]) @ W.T + b + h[i] @ U.T)
            below = h[i]
        torch.testing.assert_close(y[:, t], below)


@pytest.mark.parametrize(("kind", "locked"), [("locked", True), ("fresh", False)])
def test_locked_masks_repeat_over_time_and_fresh_ones_do_not(kind, locked):
    layers = stack(kind=kind)
    layers(torch.randn(B, T, I, dtype=torch.float64))
    for dropout in layers.dropouts:
        assert dropout.mask.equal(dropout.mask[:, :1].expand_as(dropout.mask)) == locked


def test_in_evaluation_it_is_the_plain_stack():
    layers = stack(bidirectional=True).eval()
    twin = nn.RNN(I, H, 2, bidirectional=True, batch_first=True, dtype=torch.float64)
    twin.load_state_dict(
        {
            name.replace("l0", f"l{i}"): weight
            for i, layer in enumerate(layers.layers)
            for name, weight in layer.state_dict().items()
        }
    )
    x, lengths = torch.randn(B, T, I, dtype=torch.float64), torch.tensor([2, 7, 4])
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = nn.utils.rnn.pad_packed_sequence(twin(packed)[0], batch_first=True)
    torch.testing.assert_close(layers(x, lengths)[0], expected)
    assert layers.output_size == 2 * H


def test_an_unknown_kind_has_near_misses():
    with pytest.raises(UnknownName, match="did you mean locked"):
        DroppedLayers("srn", I, H, p=0.2, kind="loked")


def test_layers_that_depend_on_their_place_in_the_stack_are_refused_one_by_one():
    with pytest.raises(ValueError, match="layer 'hgrn' needs its 2 layers in one stack"):
        DroppedLayers("hgrn", I, H, num_layers=2, p=0.2)
    assert DroppedLayers("hgrn", I, H, p=0.2).output_size == H
