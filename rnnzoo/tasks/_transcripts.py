"""What a CTC model answers: text, with the time of each symbol; of a whole sound, or while it is spoken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from rnnzoo.contracts import SequenceBatch
from rnnzoo.modules.ctc import align, ctc_losses
from rnnzoo.modules.ctc_decoding import Path, best_paths, prefix_search
from rnnzoo.registry import LAYERS
from rnnzoo.tasks._raw import evaluating

if TYPE_CHECKING:
    from rnnzoo.tasks.ctc import ConnectionistTemporalClassifier


class Emission(NamedTuple):
    """A symbol, and where it begins."""

    symbol: str
    frame: int  # of the input, from 0
    seconds: float | None  # where that frame begins; None where the data's frames have no time


class Transcript(NamedTuple):
    """A model's answer for one sound."""

    text: str
    log_probability: float  # nats, of all paths that say it
    symbols: list[Emission]

    def line(self, raw: object) -> str:
        """One line for people: the text, and when each symbol is said."""
        times = " ".join(f"{one.symbol}@{one.frame if one.seconds is None else one.seconds}" for one in self.symbols)
        return f"{self.text}\t{times}\t{raw}"


def transcripts(
    task: ConnectionistTemporalClassifier, outputs: Tensor, batch: SequenceBatch, beam: int | None
) -> list[Transcript]:
    """The transcripts of log-probabilities (B, T', V), by a search over ``beam`` prefixes or (``None``) the best path.

    Symbols that the search found begin where they do in the likeliest path that says them.
    """
    lengths = task.stacking.steps(batch.lengths)
    if beam is None:
        paths = best_paths(outputs, lengths)
    else:
        found = [prefixes[0].labels for prefixes in prefix_search(outputs, lengths, beam)]
        rows = zip(outputs, lengths.tolist(), found, strict=True)
        paths = [Path(labels, align(row[:length], labels)) for row, length, labels in rows]
    targets = torch.zeros(len(paths), max([1, *(len(path.labels) for path in paths)]), dtype=torch.int64)
    for row, path in enumerate(paths):
        targets[row, : len(path.labels)] = torch.tensor(path.labels, dtype=torch.int64)
    scores = (-ctc_losses(outputs, lengths, targets.to(outputs.device))).tolist()
    return [
        Transcript(text_of(task, path.labels), score, emissions(task, *path))
        for path, score in zip(paths, scores, strict=True)
    ]


def text_of(task: ConnectionistTemporalClassifier, labels: list[int]) -> str:
    """The text of labels: symbols that are words with blanks between, others without."""
    return (" " if task.spec.get("unit") == "word" else "").join(task.symbols[label] for label in labels)


def emissions(task: ConnectionistTemporalClassifier, labels: list[int], steps: list[int]) -> list[Emission]:
    """Labels and the steps at which they begin, readable."""
    each = task.spec.get("frame_seconds")
    frames = [step * task.stacking.stride for step in steps]
    return [
        Emission(task.symbols[label], frame, None if each is None else round(frame * each, 6))
        for label, frame in zip(labels, frames, strict=True)
    ]


def listen(
    task: ConnectionistTemporalClassifier, codec: Any, chunks: Iterable[Any], rate: int | None
) -> Iterator[Emission]:
    """The symbols of a sound while it is spoken; see ``ConnectionistTemporalClassifier.listen``."""
    layer = task.hparams["layer"]
    both = task.hparams["bidirectional"] or (task.hparams["layer_options"] or {}).get("bidirectional")
    if both or (layer != "none" and not LAYERS.entry(layer).causal):
        raise ValueError(
            f"layer '{layer}'{' with bidirectional=True' if both else ''} reads a sound from its end too, which is not "
            "there while it is spoken; train a causal layer in one direction, or use predict."
        )
    if not hasattr(codec, "stream"):
        raise ValueError(f"the codec is a {type(codec).__name__}, which reads no sound chunk by chunk; use predict.")
    return _heard(task, codec.stream(rate), chunks)


def _heard(task: ConnectionistTemporalClassifier, stream: Any, chunks: Iterable[Any]) -> Iterator[Emission]:
    size, stride = task.stacking.size, task.stacking.stride
    held = torch.zeros(0, task.spec["input_size"])  # frames that no step has left behind
    state, label, step = None, 0, 0
    parts = (stream.push(chunk) for chunk in chunks)
    for last, frames in _and_the_last(parts, stream.finish):
        held = torch.cat([held, frames])
        if last:  # zeros stand for the frames beyond the end
            reach = -(-len(held) // stride) * stride + size - stride
            held = torch.nn.functional.pad(held, (0, 0, 0, reach - len(held)))
        while len(held) >= size:
            with torch.inference_mode(), evaluating(task) if task.training else nullcontext():
                features, state = task.encoder.step(held[:size].reshape(1, -1).to(task.device), state)
                before, label = label, int(task.scores(features).argmax())
            if label not in (0, before):
                yield emissions(task, [label], [step])[0]
            held, step = held[stride:], step + 1


def _and_the_last(parts: Iterable[Tensor], finish: Any) -> Iterator[tuple[bool, Tensor]]:
    for part in parts:
        yield False, part
    yield True, finish()
