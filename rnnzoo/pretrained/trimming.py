"""A smaller vocabulary for a finished model: the most frequent words stay, the others become [UNK]."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from rnnzoo.contracts import SequenceBatch
from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.config import Config, describe
from rnnzoo.pretrained.loading import build

if TYPE_CHECKING:
    from lightning import LightningModule

UNKNOWN = "[UNK]"


def trim_vocabulary(task: LightningModule, words: int) -> LightningModule:
    """A new task that knows the first ``words`` words of the vocabulary, the most frequent, and its special tokens.

    Every row of the embedding that stays is as it was; texts are encoded by the shortened vocabulary.

    Raises:
        PretrainedError: the task has no vocabulary in order of frequency, or no learned embedding of it.
    """
    config = describe(task)
    codec = dict(config.codec or {})
    vocabulary = list(codec.get("vocabulary", ()))
    if UNKNOWN not in vocabulary:
        raise PretrainedError(
            f"the codec of this {config.task} ({codec.get('codec')!r}) has no vocabulary with {UNKNOWN}; only models "
            "of text can be trimmed."
        )
    if words < 1:
        raise PretrainedError(f"words is {words}; expected at least 1 word to stay.")
    kept = words + vocabulary.index(UNKNOWN) + 1  # the special tokens come first, [UNK] last among them
    if kept >= len(vocabulary):
        return task
    tables = [
        f"{name}.weight"
        for name, module in task.named_modules()
        if isinstance(module, nn.Embedding) and module.num_embeddings == config.spec["input_size"] == len(vocabulary)
    ]
    if len(tables) != 1:
        raise PretrainedError(
            f"this {config.task} has {len(tables)} learned embeddings of its {len(vocabulary)} words; expected one."
        )
    tensors = dict(task.state_dict())
    tensors[tables[0]] = tensors[tables[0]][:kept]  # (kept, E)
    spec = config.spec | {"input_size": kept}
    codec["vocabulary"] = vocabulary[:kept]
    return build(Config(config.task, config.arguments, spec, codec), tensors, "the trimmed model")


class TrimmedBatches:
    """Batches of the full vocabulary as the trimmed model sees them: ids of words that are gone become [UNK].

    Args:
        batches: with token ids (B, T) as inputs, or in a dict of them as "words".
        codec: of the trimmed model.
    """

    def __init__(self, batches: Iterable[SequenceBatch], codec: dict[str, Any]) -> None:
        self.batches = batches
        self.size = len(codec["vocabulary"])
        self.unknown = codec["vocabulary"].index(UNKNOWN)

    def __iter__(self) -> Iterator[SequenceBatch]:
        for batch in self.batches:
            words = batch.inputs["words"] if isinstance(batch.inputs, dict) else batch.inputs  # (B, T)
            words = torch.where(words < self.size, words, self.unknown)
            yield batch._replace(inputs={**batch.inputs, "words": words} if isinstance(batch.inputs, dict) else words)
