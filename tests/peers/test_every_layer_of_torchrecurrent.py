"""Whoever comes from torchrecurrent finds each of its layers here."""

import pytest

from rnnzoo.registry import LAYERS

torchrecurrent = pytest.importorskip("torchrecurrent")

RENAMED = {"NBR": "nbrc", "BR": "brc", "OriginalLSTM": "lstm_1997"}


def layers_of_theirs():
    cells = {name.removesuffix("Cell") for name in dir(torchrecurrent) if name.endswith("Cell")}
    return sorted(name for name in cells if isinstance(getattr(torchrecurrent, name, None), type))


def test_it_has_the_layers_this_test_knows_of():
    assert len(layers_of_theirs()) == 41


@pytest.mark.parametrize("name", layers_of_theirs())
def test_layer_is_in_the_zoo(name):
    ours = {entry.class_name.lower(): entry.name for entry in LAYERS.entries()}
    assert RENAMED.get(name, ours.get(name.lower())) in LAYERS
