"""One small convolutional network for every image, whatever stands around it."""

import pytest
import torch
from tolerances import close
from torch.nn import functional as F

from rnnzoo.modules.conditional_generator import ConditionalGenerator
from rnnzoo.modules.embedding import Embedding
from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.frame_encoder import FrameEncoder
from rnnzoo.registry import UnknownName


def test_an_image_alone_gives_the_same_vector_as_among_others():
    encoder = FrameEncoder((5, 6), 7).double()
    videos = torch.rand(3, 4, 30, dtype=torch.float64)
    whole = encoder(videos)
    assert whole.shape == (3, 4, 7)
    for row, step in ((0, 0), (2, 3)):
        close(encoder(videos[row, step]), whole[row, step])


def test_it_is_two_convolutions_with_maxima_and_a_linear_map():
    """Against loops over the pixels, with the weights of the module."""
    encoder = FrameEncoder((4, 8), 3, channels=2).double()
    image = torch.rand(1, 4, 8, dtype=torch.float64)
    x = image
    for convolution in (encoder.first, encoder.second):
        around = F.pad(x, (1, 1, 1, 1))
        O, (H, W) = len(convolution.bias), x.shape[1:]
        y = torch.stack([
            (around[:, i : i + 3, j : j + 3] * convolution.weight[o]).sum() + convolution.bias[o]
            for o in range(O) for i in range(H) for j in range(W)
        ]).view(O, H, W).clamp(min=0)  # fmt: skip
        corners = [(o, 2 * i, 2 * j) for o in range(O) for i in range(H // 2) for j in range(W // 2)]
        x = torch.stack([y[o, i : i + 2, j : j + 2].max() for o, i, j in corners]).view(O, H // 2, W // 2)
    expected = (encoder.map.weight @ x.flatten() + encoder.map.bias).clamp(min=0)
    close(encoder(image.flatten()), expected)


def test_an_embedding_and_any_layer_behind_it():
    x = torch.rand(2, 3, 20)
    for layer in ("none", "lstm", "mingru"):
        encoder = Encoder("real", 20, layer=layer, hidden_size=6, embedding="cnn", embedding_size=5, image=[4, 5])
        features, _ = encoder(x, torch.tensor([3, 2]))
        assert features.shape == (2, 3, 5 if layer == "none" else 6)
    changed = x.clone()
    changed[0, 2] += 1
    none = Encoder("real", 20, layer="none", embedding="cnn", image=[4, 5])
    assert torch.equal(none(x)[0][0, :2], none(changed)[0][0, :2]), "a frame by itself"


def test_what_is_no_image_is_refused():
    with pytest.raises(ValueError, match="the data's 20 channels are none"):
        Embedding("real", 20, kind="cnn")
    with pytest.raises(ValueError, match=r"said to be an image of \[4, 4\]"):
        Embedding("real", 20, kind="cnn", image=[4, 4])
    with pytest.raises(ValueError, match="at least 4"):
        Embedding("real", 20, kind="cnn", image=[2, 10])
    with pytest.raises(ValueError, match="'cnn' and the data's input is 'tokens'"):
        Embedding("tokens", 20, kind="cnn", image=[4, 5])
    with pytest.raises(ValueError, match="channels are none"):
        ConditionalGenerator("tokens", 20, 5, condition="cnn", image=[4, 5])
    with pytest.raises(UnknownName, match="unknown condition"):
        ConditionalGenerator("real", 20, 5, condition="mlp")
