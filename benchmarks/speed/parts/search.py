"""Writing target sentences: greedily in batches against a sentence at a time, and a beam of 5 against greedily.

The model is one for translation with random weights, a bidirectional LSTM and an attentive one; sentences are as long
as those of Multi30k, and every hypothesis goes on to its sentence's length.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import torch
from _measurement import Box, Comparison, Measurement, Plan, race
from _work import Call
from torch import Tensor

from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.encoder_decoder import EncoderDecoder

if TYPE_CHECKING:
    from _options import Options

SIZE = {"sentences": 1000, "batch": 125, "V": 6000, "H": 256}
QUICK = {"sentences": 6, "batch": 3, "V": 20, "H": 8}
BEAM, SHORTEST, LONGEST = 5, 6, 22
BATCHES, ALONE, WIDE = "greedy, in batches", "greedy, a sentence at a time", f"a beam of {BEAM}, in batches"
BEGIN, END = 1, 2


def plan(options: Options) -> Plan:
    """Both; it is about no layer in particular."""
    return Plan([_measurement(BATCHES, ALONE, 12.0, options), _measurement(WIDE, BATCHES, 12.0, options)])


def _measurement(candidate: str, baseline: str, cost: float, options: Options) -> Measurement:
    size = QUICK if options.quick else SIZE

    def calls(wanted: Collection[str]) -> dict[str, Call]:
        sentences = size["sentences"]
        encoder = Encoder("tokens", size["V"], hidden_size=size["H"], bidirectional=True, padding_id=0)
        decoder = {"vocabulary": size["V"], "hidden_size": size["H"], "attention": "bilinear"}
        model = EncoderDecoder(encoder, decoder=decoder).eval()
        lengths = torch.randint(SHORTEST, LONGEST, (sentences,)).sort().values
        source = torch.randint(3, size["V"], (sentences, LONGEST))
        source[torch.arange(LONGEST) >= lengths[:, None]] = 0
        made: dict[str, Callable[[], Any]] = {
            BATCHES: lambda: _write(model, source, lengths, size["batch"]),
            ALONE: lambda: _write(model, source, lengths, 1),
            WIDE: lambda: _write(model, source, lengths, size["batch"], beam=BEAM),
        }
        return {label: call for label, call in made.items() if label in wanted}

    comparison = Comparison({"of": "search", **size}, candidate, baseline)
    box = Box(rounds=7, seconds=60.0, least=3)
    return race("search", [comparison], calls, box=box, cost=cost, options=options)


def _write(model: EncoderDecoder, source: Tensor, lengths: Tensor, batch: int, **options: Any) -> None:
    """All sentences, so many at a time; the end is never written, so that each has its length."""
    never = torch.tensor([0, BEGIN, END])
    with torch.no_grad():
        for rows, long in zip(source.split(batch), lengths.split(batch), strict=True):
            rows = rows[:, : int(long.max())]
            model.search(rows, long, begin=BEGIN, end=END, limits=long, never=never, **options)
