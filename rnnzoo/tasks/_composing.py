"""Writing music on, frame by frame: each step takes the state behind the one before it, whatever has been written."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rnnzoo.tasks._raw import create_codec, evaluating

if TYPE_CHECKING:
    from rnnzoo.tasks.polyphonic_music import PolyphonicMusic


class Composition:
    """The frames that a model writes behind what it has read; an iterator without an end.

    It holds a state and the logits (B, F) of the next frame, whose sizes do not depend on how much has been written.

    Args:
        task: the model.
        logits: (B, F) of the frame behind the last that was read.
        state: behind it.
        told: (B, classes), of the class, what each further step reads; ``None`` where there are no classes.
        temperature: what logits are divided by; 0: the keys that are likelier down than not.
        seed: of the numbers by which keys are drawn, F for each step: a row's frames do not depend on the others.
    """

    def __init__(
        self,
        task: PolyphonicMusic,
        logits: Tensor,
        state: Any,
        told: Tensor | None,
        *,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.task, self.logits, self.state, self.told = task, logits, state, told
        self.temperature = temperature
        self.generator = torch.Generator().manual_seed(seed)

    def __iter__(self) -> Composition:
        return self

    @torch.no_grad()
    def __next__(self) -> Tensor:
        """The next frame (B, F) of each row, of 0 and 1."""
        if self.temperature == 0:
            frames = (self.logits > 0).to(self.logits.dtype)
        else:
            numbers = torch.rand(self.logits.shape[1], generator=self.generator, dtype=torch.float64)
            chances = (self.logits.double() / self.temperature).sigmoid()
            frames = (numbers.to(chances.device) < chances).to(self.logits.dtype)
        x = frames if self.told is None else torch.cat([frames, self.told], dim=-1)
        encoder = self.task.encoder
        with evaluating(encoder) if encoder.training else nullcontext():  # to tell all modules takes as long as a step
            features, self.state = encoder.step(x, self.state)
        self.logits = self.task.head(features)
        return frames


def check_composing(steps: int, temperature: float) -> None:
    """Refuse settings that write nothing.

    Raises:
        ValueError: ``steps`` below 1, or a temperature below 0.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}; expected at least 1 frame.")
    if not temperature >= 0:
        raise ValueError(f"temperature is {temperature}; expected 0 (the likelier of down and up) or more.")


@torch.no_grad()
def read_piece(task: PolyphonicMusic, piece: Any, key: str | None) -> tuple[Any, Tensor, Any, Tensor | None]:
    """The codec, the logits (1, F) of the frame behind a piece, the state there, and what further steps are told.

    Raises:
        ValueError, UnknownName: there is no codec, or it cannot encode the piece.
    """
    codec = create_codec(task.codec)
    item = {"piece": piece} if key is None else {"piece": piece, "key": key}
    batch = task.transfer_batch_to_device(codec.encode([item]), task.device, 0)
    with evaluating(task):
        encoded = task.encoder(task.told(batch.inputs).to(task.head.weight.dtype))
    told = None
    if isinstance(batch.inputs, dict):
        told = task.hot(batch.inputs["class"], encoded.features)
        told = torch.zeros_like(told) if task.injection == "first" else told
    return codec, task.head(encoded.features[:, -1]), encoded.state, told
