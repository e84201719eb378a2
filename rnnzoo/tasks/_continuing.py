"""Writing a text on, token by token: each step takes the state behind the one before it, whatever has been written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rnnzoo.modules.sampling import check_sampling, draw
from rnnzoo.tasks._raw import create_codec, evaluating

if TYPE_CHECKING:
    from rnnzoo.tasks.language_model import LanguageModel


class Continuation:
    """The tokens that a model writes behind what it has read; an iterator without an end.

    It holds a state and the logits (B, V) of the next token, whose sizes do not depend on how much has been written.

    Args:
        task: the model.
        features: (B, O) of the last token read.
        state: behind it.
        seed: of the numbers that tokens are drawn by, one for each step: a row's tokens do not depend on the others.
        temperature, top_k, top_p: see ``modules.sampling``.

    Raises:
        ValueError: settings that leave nothing to draw from.
    """

    def __init__(
        self,
        task: LanguageModel,
        features: Tensor,
        state: Any,
        *,
        seed: int = 0,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
    ) -> None:
        check_sampling(temperature, top_k, top_p)
        self.task, self.state = task, state
        self.logits = task.head(features)  # (B, V)
        self.settings: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
        self.generator = torch.Generator().manual_seed(seed)

    def __iter__(self) -> Continuation:
        return self

    @torch.no_grad()
    def __next__(self) -> Tensor:
        """The next token (B,) of each row."""
        numbers = torch.rand(1, generator=self.generator).expand(len(self.logits)).to(self.logits.device)
        tokens = draw(self.logits, numbers, **self.settings)
        encoder = self.task.encoder
        with evaluating(encoder) if encoder.training else nullcontext():  # to tell all modules takes as long as a step
            features, self.state = encoder.step(tokens, self.state)
        self.logits = self.task.head(features)
        return tokens


@torch.no_grad()
def read(task: LanguageModel, prompt: str) -> tuple[Any, Tensor, Any]:
    """The codec, the features (1, O) of a prompt's last token, and the state behind it.

    Raises:
        ValueError: there is no codec, or it cannot encode the prompt.
        TypeError: the prompt is no string.
    """
    codec = create_codec(task.codec)
    with evaluating(task):
        encoded = task.encoder(torch.tensor([codec.ids(prompt)], device=task.device))
    return codec, encoded.features[:, -1], encoded.state


def write_on(task: LanguageModel, prompt: str, length: int, stop: str | None, **settings: Any) -> Iterator[str]:
    """The text behind a prompt, piece by piece; a piece is a token with the blank before it where words have one.

    Args:
        length: how many tokens at most.
        stop: it ends with the piece that completes this text.
        settings: of ``Continuation``.

    Raises:
        ValueError: ``length`` below 1, an empty ``stop``, or as ``read`` and ``Continuation``; all before the first
            piece is asked for.
    """
    if length < 1:
        raise ValueError(f"length is {length}; expected at least 1 token.")
    if stop is not None and not stop:
        raise ValueError("stop is an empty text; expected one at which to end, or None.")
    codec, features, state = read(task, prompt)
    tokens = Continuation(task, features, state, **settings)
    return _pieces(codec, tokens, prompt[-1:], length, stop)


def _pieces(codec: Any, tokens: Continuation, before: str, length: int, stop: str | None) -> Iterator[str]:
    tail = ""  # as much of what was written as may be the beginning of ``stop``
    for _ in range(length):
        piece = codec.piece(int(next(tokens)), before)
        yield piece
        before = piece[-1:]
        if stop is not None:
            tail = (tail + piece)[-len(stop) - len(piece) :]
            if stop in tail:
                return
