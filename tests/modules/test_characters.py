"""A word's vector depends on its characters in their order, and on nothing behind its end."""

import pytest
import torch
from tolerances import close

from rnnzoo.modules.characters import CHARACTERS, create_characters
from rnnzoo.registry import UnknownName

WORDS = torch.tensor([[[3, 1, 4, 0], [2, 0, 0, 0]], [[4, 1, 3, 0], [0, 0, 0, 0]]])  # (B, T, C); the last is padding


def features(name, **options):
    torch.manual_seed(0)
    return create_characters(name, 6, embedding_size=5, output_size=8, **options)


@pytest.mark.parametrize("name", CHARACTERS)
def test_a_words_vector_is_its_own_whatever_its_neighbours_and_padding(name):
    module = features(name)
    together = module(WORDS)
    assert together.shape == (2, 2, module.output_size)
    for row, step, n in ((0, 0, 3), (0, 1, 1), (1, 0, 3)):
        close(module(WORDS[row : row + 1, step : step + 1, :n])[0, 0], together[row, step])
    assert together[1, 1].eq(0).all()
    assert not torch.allclose(together[0, 0], together[1, 0]), "the order of the characters is to matter"


@pytest.mark.parametrize("name", CHARACTERS)
def test_every_parameter_learns_and_padding_does_not(name):
    module = features(name)
    words = torch.randint(1, 6, (4, 5, 7))
    words[:, 2:, 4:] = 0
    module(words).sin().sum().backward()
    assert [key for key, p in module.named_parameters() if p.grad.abs().max() == 0] == []
    assert module.embedding.weight.grad[0].eq(0).all()


def test_a_filter_sees_its_window_of_the_word_and_its_greatest_value_is_kept():
    module = features("cnn", window=3)
    x = module.embedding.weight[WORDS[0, 0, :3]]  # (3, E)
    x = torch.cat([torch.zeros(1, 5), x, torch.zeros(1, 5)])
    seen = [(module.filters.weight * x[i : i + 3].T).sum((1, 2)) + module.filters.bias for i in range(3)]
    close(module(WORDS)[0, 0], torch.stack(seen).amax(0))


def test_both_directions_of_the_lstm_end_with_the_word():
    module = features("lstm")
    outputs, _ = module.recurrent(module.embedding(WORDS[0, 0, :3])[None])
    close(module(WORDS)[0, 0], torch.cat([outputs[0, 2, :4], outputs[0, 0, 4:]]))


@pytest.mark.parametrize("name", CHARACTERS)
def test_characters_are_dropped_in_training_alone(name):
    module = features(name, dropout=0.5)
    assert not torch.equal(module(WORDS), module(WORDS))
    module.eval()
    close(module(WORDS), features(name)(WORDS))


def test_what_cannot_be_is_refused():
    with pytest.raises(UnknownName, match="did you mean cnn"):
        create_characters("cn", 6)
    with pytest.raises(ValueError, match="window is 4; expected an odd number"):
        create_characters("cnn", 6, window=4)
    with pytest.raises(ValueError, match="output_size is 5; expected an even number"):
        create_characters("lstm", 6, output_size=5)
