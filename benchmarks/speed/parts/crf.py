"""The conditional random field against pytorch-crf's, and against a loop over sentences and words: float32.

Training is the loss and its gradients, to the scores of every step and every transition; decoding is Viterbi's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import torch
from _measurement import Box, Comparison, Measurement, Plan, race
from _rows import installed
from _work import Call
from torch import Tensor

from rnnzoo.modules.crf import CRF

if TYPE_CHECKING:
    from _options import Options

SIZE = {"B": 32, "T": 64, "K": 20}
WORK = {"training": 0.3, "decoding": 0.2}
"""What is measured, and how many seconds a round is thought to take."""
OURS, LOOP, PEER = "rnnzoo", "a sentence at a time", "pytorch-crf"


def plan(options: Options) -> Plan:
    """Both; it is about no layer in particular."""
    made = Plan()
    there = installed("pytorch-crf")
    if not there:
        made.left_out.append("pytorch-crf is not installed (`pip install rnnzoo[peers]`)")
    made.steps += [_measurement(what, options, peers=there) for what in WORK]
    return made


def _measurement(what: str, options: Options, *, peers: bool) -> Measurement:
    size = {"B": 2, "T": 5, "K": 3} if options.quick else SIZE

    def calls(wanted: Collection[str]) -> dict[str, Call]:
        B, T, K = size.values()
        crf, x, tags = CRF(K), torch.randn(B, T, K), torch.randint(0, K, (B, T))
        lengths = torch.full((B,), T)
        made: dict[str, Callable[[], Any]] = {}
        if what == "training":
            x.requires_grad_()
            made[OURS] = lambda: crf(x, tags, lengths).sum()
            made[LOOP] = lambda: torch.stack([_loss(crf, *row) for row in zip(x, tags, strict=True)]).sum()
        else:
            made[OURS] = lambda: crf.decode(x, lengths).tolist()
            made[LOOP] = lambda: [_best(crf, row) for row in x]
        if PEER in wanted:
            theirs = _peer(crf)
            mask = torch.ones(B, T, dtype=torch.bool)
            made[PEER] = (lambda: -theirs(x, tags, mask)) if what == "training" else lambda: theirs.decode(x, mask)
        run = _training if what == "training" else _without_gradients
        return {label: run(call) for label, call in made.items() if label in wanted}

    baselines = (LOOP, PEER) if peers else (LOOP,)
    comparisons = [Comparison({"of": "crf", "pass": what, **size}, OURS, baseline) for baseline in baselines]
    return race("crf", comparisons, calls, box=Box(rounds=20, seconds=6.0), cost=WORK[what], options=options)


def _peer(crf: CRF) -> Any:
    """pytorch-crf's, with the same scores."""
    import torchcrf

    theirs = torchcrf.CRF(len(crf.start), batch_first=True)
    names = {"transitions": crf.transitions, "start_transitions": crf.start, "end_transitions": crf.end}
    theirs.load_state_dict({name: value.detach() for name, value in names.items()})
    return theirs


def _training(loss: Callable[[], Tensor]) -> Call:
    return lambda: loss().backward()


def _without_gradients(decode: Callable[[], Any]) -> Call:
    def call() -> None:
        with torch.no_grad():
            decode()

    return call


def _loss(crf: CRF, x: Tensor, tags: Tensor) -> Tensor:
    """-log p of one sentence: x (T, K), tags (T,)."""
    alpha = crf.start + x[0]  # (K,)
    score = crf.start[tags[0]] + x[0, tags[0]]
    for t in range(1, len(x)):
        alpha = torch.logsumexp(alpha[:, None] + crf.transitions, dim=0) + x[t]
        score = score + crf.transitions[tags[t - 1], tags[t]] + x[t, tags[t]]
    return torch.logsumexp(alpha + crf.end, dim=0) - score - crf.end[tags[-1]]


def _best(crf: CRF, x: Tensor) -> list[int]:
    """The likeliest tags of one sentence: x (T, K)."""
    score, came_from = crf.start + x[0], []
    for t in range(1, len(x)):
        best, before = (score[:, None] + crf.transitions).max(dim=0)  # (K,)
        score = best + x[t]
        came_from.append(before)
    tags = [int((score + crf.end).argmax())]
    for before in reversed(came_from):
        tags.append(int(before[tags[-1]]))
    return tags[::-1]
