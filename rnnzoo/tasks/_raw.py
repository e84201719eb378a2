"""Raw input of a task (texts, strings of digits, numbers), through the codec that travels with its weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from rnnzoo.registry import CODECS

if TYPE_CHECKING:
    from rnnzoo.tasks._base import SequenceTask


def create_codec(state: dict[str, Any] | None) -> Any:
    """The codec of this state.

    Raises:
        ValueError: there is none.
    """
    if state is None:
        raise ValueError(
            "this model has no codec, so it can't read raw input: train it with a datamodule of rnnzoo.data, load "
            "it from a checkpoint of such a training, or set `model.codec = data.codec_state()`."
        )
    state = dict(state)
    return CODECS.create(state.pop("codec"), **state)


def check_raw(raw: Any) -> list[Any]:
    """``raw`` as a list.

    Raises:
        ValueError: it is a single string.
    """
    if isinstance(raw, str):
        raise ValueError(f"raw is the single string {raw!r:.60}; expected a list, such as [{raw!r:.20}].")
    return list(raw)


def encoded(task: SequenceTask, raw: Any, batch_size: int) -> Iterator[tuple[list[Any], Any, Any]]:
    """Raw input in parts of ``batch_size`` items: each part, the codec, and the part's batch where ``task`` is.

    A part is encoded when its turn comes, the arguments are checked at once.

    Raises:
        ValueError: there is no codec, ``raw`` is a single string, or ``batch_size`` is below 1.
    """
    codec, items = create_codec(task.codec), check_raw(raw)
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; expected at least 1.")
    parts = (items[start : start + batch_size] for start in range(0, len(items), batch_size))
    return ((part, codec, task.transfer_batch_to_device(codec.encode(part), task.device, 0)) for part in parts)


def each_step(rows: Tensor, lengths: Tensor, codec: Any | None) -> list[list[str]]:
    """What stands at each step of rows (B, T) or (B, T, I): its token ("" for padding); without a codec its number.

    Args:
        lengths: (B,).
        codec: decodes tokens.
    """
    inside = [row[:length] for row, length in zip(rows, lengths.tolist(), strict=True)]
    if codec is None:
        return [[str(step) for step in range(1, len(row) + 1)] for row in inside]
    return [["".join(codec.decode([token])) for token in row.tolist()] for row in inside]


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Within, ``module`` is in eval mode; afterwards as it was."""
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)
