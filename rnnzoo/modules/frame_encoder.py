"""Images as vectors by a small convolutional network, the same for every image of a video.

Two convolutions of 3 x 3, each with a rectifier and the maxima of 2 x 2 pixels behind it, then a linear map and a
rectifier: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition",
Proceedings of the IEEE 86(11), 1998, with maxima in place of means.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

CHANNELS = 16
SMALLEST = 4
"""The height and width that an image has at least: both are halved twice."""


class FrameEncoder(nn.Module):
    """Images (..., H * W), their lines one after the other, as vectors (..., E).

    Args:
        image: H and W.
        output_size: E.
        channels: of the first convolution; the second has twice as many.

    Raises:
        ValueError: an image of less than 4 x 4.
    """

    def __init__(self, image: Sequence[int], output_size: int, channels: int = CHANNELS) -> None:
        super().__init__()
        if len(image) != 2 or min(image) < SMALLEST:
            raise ValueError(f"image is {list(image)}; expected a height and a width of at least {SMALLEST}.")
        self.height, self.width = image
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.map = nn.Linear(2 * channels * (self.height // 4) * (self.width // 4), output_size)

    def forward(self, images: Tensor) -> Tensor:
        """The vectors (..., E) of images (..., H * W)."""
        x = images.reshape(-1, 1, self.height, self.width)  # (N, 1, H, W)
        for convolution in (self.first, self.second):
            x = F.max_pool2d(F.relu(convolution(x)), 2)
        return F.relu(self.map(x.flatten(1))).view(*images.shape[:-1], -1)


def create_frame_encoder(image: Sequence[int] | None, input_size: int, output_size: int) -> FrameEncoder:
    """The encoder for data whose channels are an image.

    Raises:
        ValueError: they are none, or the image has not as many pixels.
    """
    if not image or image[0] * image[1] != input_size:
        raise ValueError(
            f"'cnn' reads images, and the data's {input_size} channels are "
            f"{f'said to be an image of {list(image)}' if image else 'none'}; use data whose spec has an `image`, "
            "height and width, or 'learned', a linear map."
        )
    return FrameEncoder(image, output_size)
