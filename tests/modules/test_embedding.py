"""What goes in comes out as the right vectors; what may not go in is refused by name."""

import pytest
import torch

from rnnzoo.modules.embedding import Embedding
from rnnzoo.registry import UnknownName


def test_one_hot_is_a_unit_vector_and_padding_is_zero():
    x = Embedding("tokens", 4, kind="one_hot", padding_id=0)(torch.tensor([[1, 3, 0]]))
    assert x.tolist() == [[[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]]


def test_one_hot_has_the_models_dtype():
    assert Embedding("tokens", 4, kind="one_hot").double()(torch.tensor([[1]])).dtype == torch.float64


def test_the_padding_vector_is_zero_and_gets_no_gradient():
    embedding = Embedding("tokens", 5, embedding_size=3, padding_id=2)
    x = embedding(torch.tensor([[2, 1]]))
    assert x[0, 0].abs().max() == 0
    x.sum().backward()
    assert embedding.map.weight.grad[2].abs().max() == 0
    assert embedding.map.weight.grad[1].abs().max() > 0


def test_real_input_is_mapped_or_passed():
    x = torch.randn(2, 3, 4)
    assert Embedding("real", 4, kind="none")(x) is x
    mapped = Embedding("real", 4, embedding_size=7)
    torch.testing.assert_close(mapped(x), x @ mapped.map.weight.T + mapped.map.bias)
    assert mapped.output_size == 7


def test_dropout_acts_in_training_only():
    embedding = Embedding("tokens", 5, embedding_size=50, dropout=0.5)
    tokens = torch.ones(4, 5, dtype=torch.int64)
    assert (embedding(tokens) == 0).float().mean() == pytest.approx(0.5, abs=0.1)
    assert (embedding.eval()(tokens) != 0).all()


def test_word_dropout_drops_whole_vectors_and_keeps_the_mean():
    embedding = Embedding("tokens", 5, embedding_size=3, word_dropout=0.25)
    tokens = torch.randint(0, 5, (50, 40))
    ratio = (embedding(tokens) / embedding.eval()(tokens)).detach()  # (50, 40, 3): 0 or 1 / (1 - 0.25)
    assert torch.equal(ratio > 0, (ratio[..., :1] > 0).expand_as(ratio))
    assert float(ratio[ratio > 0].min()) == pytest.approx(float(ratio.max())) == pytest.approx(4 / 3)
    assert abs(float((ratio[..., 0] == 0).float().mean()) - 0.25) < 0.05


def test_a_learned_table_starts_with_the_deviation_asked_for():
    table = Embedding("tokens", 500, embedding_size=64, std=0.3).map.weight.detach()
    assert float(table.std()) == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize("kind", ["learned", "one_hot"])
@pytest.mark.parametrize("token", [5, -1])
def test_a_token_out_of_range_is_named_with_the_range(kind, token):
    with pytest.raises(ValueError, match=rf"token id {token}; expected ids from 0 to 4"):
        Embedding("tokens", 5, kind=kind)(torch.tensor([[0, token]]))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (torch.zeros(2, 3), TypeError, "float32; expected int64"),
        (torch.zeros(3, dtype=torch.int64), ValueError, r"\(3,\); expected token ids \(batch, time\)"),
    ],
)
def test_tokens_of_the_wrong_form_are_refused(given, error, message):
    with pytest.raises(error, match=message):
        Embedding("tokens", 5)(given)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (torch.zeros(2, 3, 4, dtype=torch.int64), TypeError, "int64; expected floating-point"),
        (torch.zeros(2, 3, 5), ValueError, r"\(2, 3, 5\); expected \(batch, time, 4 channels\)"),
    ],
)
def test_channels_of_the_wrong_form_are_refused(given, error, message):
    with pytest.raises(error, match=message):
        Embedding("real", 4)(given)


def test_names_are_checked():
    with pytest.raises(UnknownName, match="did you mean tokens"):
        Embedding("token", 4)
    with pytest.raises(UnknownName, match="did you mean one_hot"):
        Embedding("tokens", 4, kind="onehot")
    with pytest.raises(ValueError, match="'one_hot' and the data's input is 'real'; use 'learned' or 'cnn' or 'none'"):
        Embedding("real", 4, kind="one_hot")
