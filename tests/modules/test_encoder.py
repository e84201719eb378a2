"""The encoder is the embedding followed by the recurrent layers, in every combination."""

import pytest
import torch

from rnnzoo.modules.encoder import Encoder
from rnnzoo.registry import UnknownName


def lstm_encoder(**options):
    return Encoder("tokens", 6, layer="lstm", hidden_size=5, embedding_size=4, **options)


@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (2, True)])
def test_equals_torch_on_packed_rows(layers, bidirectional):
    encoder = lstm_encoder(num_layers=layers, bidirectional=bidirectional)
    twin = torch.nn.LSTM(4, 5, layers, bidirectional=bidirectional, batch_first=True)
    twin.load_state_dict(encoder.recurrent.state_dict())
    tokens, lengths = torch.randint(6, (3, 7)), torch.tensor([2, 7, 4])
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        encoder.embedding(tokens), lengths, batch_first=True, enforce_sorted=False
    )
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(twin(packed)[0], batch_first=True)
    features, kept = encoder(tokens, lengths)
    torch.testing.assert_close(features, expected)
    assert kept is lengths
    assert encoder.output_size == features.shape[-1]


def test_full_rows_run_without_lengths():
    encoder = lstm_encoder()
    tokens = torch.randint(6, (3, 7))
    features, lengths = encoder(tokens, torch.full((3,), 7))
    assert lengths is None
    torch.testing.assert_close(features, encoder(tokens)[0], rtol=0, atol=0)


def test_without_recurrence_it_is_the_embedding():
    encoder = Encoder("tokens", 6, layer="none", embedding_size=4, bidirectional=True)
    tokens = torch.randint(6, (3, 7))
    assert torch.equal(encoder(tokens)[0], encoder.embedding(tokens))
    assert (encoder.output_size, encoder.directions) == (4, 1)


def test_layer_options_reach_the_cells():
    encoder = lstm_encoder(layer_options={"recurrent_bias": False})
    assert not [name for name, _ in encoder.recurrent.named_parameters() if "bias_hh" in name]


@pytest.mark.parametrize(("lengths", "message"), [([0, 3], "at least 1"), ([4, 3], "at most"), ([3], "shape")])
def test_lengths_that_do_not_fit_are_refused(lengths, message):
    with pytest.raises(ValueError, match=message):
        lstm_encoder()(torch.zeros(2, 3, dtype=torch.int64), torch.tensor(lengths))


def test_input_dropout_drops_the_first_layers_inputs_and_takes_the_place_of_dropout_between():
    encoder = lstm_encoder(num_layers=2, bidirectional=True, dropout=0.9, input_dropout=0.5)
    assert [layer.dropout for layer in encoder.recurrent.layers] == [0.0, 0.0]
    assert [dropout.p for dropout in encoder.recurrent.dropouts] == [0.5, 0.5]
    tokens = torch.randint(6, (3, 7))
    features = encoder(tokens)[0]
    assert features.shape == (3, 7, encoder.output_size)
    assert not features.equal(encoder(tokens)[0])
    encoder.eval()
    assert encoder(tokens)[0].equal(encoder(tokens)[0])


def test_an_unknown_layer_has_near_misses():
    with pytest.raises(UnknownName, match="did you mean lstm"):
        Encoder("tokens", 6, layer="lstmm")


def test_input_dropout_without_a_layer_is_refused():
    with pytest.raises(ValueError, match=r"input_dropout is 0\.2 and layer is 'none'; use embedding_dropout"):
        Encoder("tokens", 6, layer="none", input_dropout=0.2)


def test_options_without_a_layer_are_refused():
    with pytest.raises(ValueError, match="layer is 'none'"):
        Encoder("tokens", 6, layer="none", layer_options={"form": "log"})
