"""Xavier-uniform has each gate's own limit; Keras takes a layer's gates as one matrix, its recurrence orthogonal."""

import math

import pytest
import torch
from torch import nn

from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.initialization import initialize, recurrent_cells
from rnnzoo.registry import UnknownName

H, I = 32, 24


def uniform_within(values, fan_in, fan_out):
    """Whether the values fill U(-a, a), a = sqrt(6 / (fan_in + fan_out)): none outside, some near the limit."""
    a = math.sqrt(6 / (fan_in + fan_out))
    enough = 1 - 6 / values.numel() if values.numel() > 100 else 0.7
    return values.abs().max() <= a and values.abs().max() > enough * a


def encoder(layer="lstm", **options):
    return Encoder("tokens", 50, layer=layer, hidden_size=H, embedding_size=I, padding_id=3, **options)


@pytest.mark.parametrize(("layer", "gates"), [("srn", 1), ("gru", 3), ("lstm", 4)])
def test_every_gate_has_the_limit_of_its_own_matrix(layer, gates):
    model, head = encoder(layer, layer_options={"recurrent_bias": False}), nn.Linear(H, 19)
    initialize(model, head, "xavier")
    (cell,) = recurrent_cells(model)
    assert cell.weight_ih.shape == (gates * H, I)
    for k in range(gates):
        rows = slice(k * H, (k + 1) * H)
        assert uniform_within(cell.weight_ih[rows], I, H)
        assert uniform_within(cell.weight_hh[rows], H, H)
        assert uniform_within(cell.bias_ih[rows], H, 1)
    assert uniform_within(head.weight, H, 19)
    assert head.bias.abs().max() == 0


def test_the_padding_row_stays_zero_and_the_others_fill_the_range():
    model = encoder()
    initialize(model, nn.Linear(H, 2), "xavier")
    table = model.embedding.map.weight
    assert table[3].abs().max() == 0
    assert uniform_within(torch.cat([table[:3], table[4:]]), 50, I)


def test_a_second_bias_starts_at_zero_in_every_layer_and_direction():
    model = encoder(num_layers=2, bidirectional=True)
    initialize(model, nn.Linear(2 * H, 2), "xavier")
    cells = list(recurrent_cells(model))
    assert len(cells) == 4
    for cell in cells:
        assert cell.bias_hh.abs().max() == 0
        assert cell.bias_ih.abs().max() > 0


@pytest.mark.parametrize(("layer", "gates"), [("srn", 1), ("gru", 3), ("lstm", 4)])
def test_keras_takes_all_gates_as_one_matrix_and_begins_with_orthonormal_recurrences(layer, gates):
    model, head = encoder(layer, num_layers=2), nn.Linear(H, 1)
    initialize(model, head, "keras")
    for cell, fan_in in zip(recurrent_cells(model), (I, H), strict=True):
        assert uniform_within(cell.weight_ih, fan_in, gates * H)
        torch.testing.assert_close(cell.weight_hh.T @ cell.weight_hh, torch.eye(H))
        expected = torch.zeros(gates * H)
        if layer == "lstm":
            expected[H : 2 * H] = 1  # unit_forget_bias
        assert cell.bias_ih.equal(expected)
        assert cell.bias_hh.abs().max() == 0
    assert uniform_within(head.weight, H, 1)
    assert head.bias.abs().max() == 0


def test_keras_embeddings_fill_a_twentieth_around_zero_in_every_row_that_is_no_padding():
    model = encoder()
    initialize(model, nn.Linear(H, 1), "keras")
    table = model.embedding.map.weight
    words = torch.cat([table[:3], table[4:]])
    assert table[3].abs().max() == 0
    assert 0.0498 < words.abs().max() <= 0.05
    assert abs(words.std().item() - 0.05 / math.sqrt(3)) < 0.001
    every = Encoder("tokens", 50, layer="srn", embedding_size=I)  # padding that is input has a vector, as in Keras
    initialize(every, nn.Linear(64, 1), "keras")
    assert every.embedding.map.weight[0].abs().min() > 0


def test_default_changes_nothing():
    model, head = encoder(), nn.Linear(H, 2)
    before = [p.clone() for p in (*model.parameters(), *head.parameters())]
    initialize(model, head, "default")
    assert all(torch.equal(a, b) for a, b in zip(before, (*model.parameters(), *head.parameters()), strict=True))


def test_xavier_takes_a_weight_for_each_channel_for_a_matrix_of_one_row():
    model = encoder("peephole_lstm")
    initialize(model, nn.Linear(H, 2), "xavier")
    (cell,) = recurrent_cells(model)
    for name in ("p_i", "p_f", "p_o"):
        assert uniform_within(getattr(cell, name), H, 1)


@pytest.mark.parametrize(("name", "layer"), [("xavier", "mogrifier_lstm"), ("keras", "peephole_lstm")])
def test_weights_it_does_not_know_are_refused_by_name(name, layer):
    with pytest.raises(ValueError, match=rf"is '{name}' and \w+ has .*\(.*,.*\).*initialization='default'"):
        initialize(encoder(layer), nn.Linear(H, 2), name)


def test_an_unknown_name_has_near_misses():
    with pytest.raises(UnknownName, match="did you mean xavier"):
        initialize(encoder(), nn.Linear(H, 2), "xaver")
