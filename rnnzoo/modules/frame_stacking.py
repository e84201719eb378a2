"""Several frames joined to one step, and fewer steps than frames: shorter sequences for a recurrent network.

H. Sak, A. Senior, K. Rao, F. Beaufays, "Fast and Accurate Recurrent Neural Network Acoustic Models for Speech
Recognition", Interspeech 2015 (there 8 frames every 3).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FrameStacking(nn.Module):
    """Frames (B, T, I) as steps (B, ceil(T / stride), size * I): step s holds the frames from s * stride on.

    Zeros stand for frames beyond a row's end.

    Args:
        size: frames of a step.
        stride: frames from one step to the next.

    Raises:
        ValueError: a number below 1, or a stride that leaves frames out.
    """

    def __init__(self, size: int, stride: int) -> None:
        super().__init__()
        if size < 1 or not 1 <= stride <= size:
            raise ValueError(
                f"stack is {size} and stride {stride}; expected at least 1 frame a step, and a stride from 1 to it, so "
                "that no frame is left out."
            )
        self.size, self.stride = size, stride

    def steps(self, frames: Tensor) -> Tensor:
        """How many steps so many ``frames`` are."""
        return -(-frames // self.stride)

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """The steps, and how many of them each row has; ``lengths`` (B,) are its frames, ``None``: all T."""
        if self.size == 1:
            return frames, lengths
        B, T, I = frames.shape
        if lengths is not None:
            inside = torch.arange(T, device=frames.device) < lengths.to(frames.device)[:, None]
            frames = frames.masked_fill(~inside[..., None], 0)
        steps = -(-T // self.stride)
        frames = nn.functional.pad(frames, (0, 0, 0, (steps - 1) * self.stride + self.size - T))
        joined = frames.unfold(1, self.size, self.stride).transpose(2, 3)  # (B, T', size, I)
        return joined.reshape(B, steps, self.size * I), None if lengths is None else self.steps(lengths)
