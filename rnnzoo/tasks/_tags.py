"""Tags that mark spans, as the tagger needs them: which may follow which, and what is done about those that do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from rnnzoo.modules.characters import CHARACTERS
from rnnzoo.modules.crf import Allowed, find_diameter, forbid
from rnnzoo.ops.linear_chain import Chain, best_path
from rnnzoo.ops.ragged import mask
from rnnzoo.registry import unknown
from rnnzoo.tag_schemes import Span, all_tags, check_scheme, convert, spans_of, split_tag

OUTPUTS = ("softmax", "crf")
ILLEGAL = ("repair", "refuse", "keep")


def check_tagging(
    spec: Mapping[str, Any], characters: str, output: str, constrained: bool, intent_weight: float
) -> None:
    """Refuse settings of a tagger that don't go together.

    Raises:
        UnknownName: ``output`` is none that there is.
        ValueError: says what was given, and what goes.
    """
    if output not in OUTPUTS:
        raise unknown("output", output, OUTPUTS)
    if characters in CHARACTERS and not spec.get("characters"):
        raise ValueError(
            f"characters is '{characters}' and the data come without; set the data's `characters` to how many of each "
            "word are read, or use characters='none'."
        )
    if not intent_weight > 0:
        raise ValueError(f"intent_weight is {intent_weight}; expected a number above 0.")
    scheme = spec.get("scheme", "none")
    if constrained and (output != "crf" or scheme == "none"):
        raise ValueError(
            f"constrained is set, output is '{output}' and the data's scheme '{scheme}'; it is for output='crf' and "
            "tags that mark spans."
        )


def allowed_by(scheme: str, labels: Sequence[str]) -> Allowed:
    """What a tag scheme allows: the sequences of these tags, and no others, are those that spans give.

    Args:
        scheme: one that marks spans, see ``rnnzoo.tag_schemes``.
        labels: the K tags in the order of their ids.

    Raises:
        UnknownName: no such scheme, or one that marks no spans.
        ValueError: a label is no tag of the scheme.
    """
    tags = [split_tag(label, scheme) for label in labels]
    outside = ("O", "")  # what stands before the first tag and behind the last
    return Allowed(
        torch.tensor([[_may_follow(before, tag, scheme) for tag in tags] for before in tags]),
        torch.tensor([_may_follow(outside, tag, scheme) for tag in tags]),
        torch.tensor([_may_follow(tag, outside, scheme) for tag in tags]),
    )


def _may_follow(before: tuple[str, str], tag: tuple[str, str], scheme: str) -> bool:
    same = before[0] != "O" and before[1] == tag[1]
    if scheme == "IOB1":  # B only where a span of its type has just ended
        return tag[0] != "B" or same
    if scheme == "IOB2":
        return tag[0] != "I" or same
    goes_on = tag[0] in "IME"
    return (before[0] in "BIM") == goes_on and (same or not goes_on)


class TagDecoder:
    """The tags of a task as their scheme reads them.

    Args:
        labels: the K tags in the order of their ids.
        scheme: see ``rnnzoo.tag_schemes``; with "none" everything is legal, and nothing is a span.
        illegal: what becomes of illegal tags: "repair", "refuse" or "keep".

    Attributes:
        allowed: which tags may follow which; ``None`` without a scheme.
        names: the labels, and behind them what only repairing gives: the id of a repaired tag may be K or more.

    Raises:
        UnknownName: no such scheme, or no such way.
        ValueError: a label is no tag of the scheme; or legal tags are to be sought, and for some length there are none.
    """

    def __init__(self, labels: Sequence[str], scheme: str, illegal: str) -> None:
        if illegal not in ILLEGAL:
            raise unknown("way with illegal tags", illegal, ILLEGAL)
        self.scheme = check_scheme(scheme)
        self.illegal = illegal
        self.names = list(labels)
        self.allowed: Allowed | None = None
        if scheme == "none":
            return
        self.allowed = allowed_by(scheme, labels)
        if illegal == "refuse":
            find_diameter(self.allowed)
        types = dict.fromkeys(split_tag(label, scheme)[1] for label in labels if label != "O")
        self.names = list(dict.fromkeys([*labels, *all_tags(list(types), scheme)]))
        self._ids = {name: i for i, name in enumerate(self.names)}

    def choose(
        self, likeliest: Tensor, lengths: Tensor, legal: Callable[[Tensor, Allowed], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """The answers (B, T), and where the likeliest tags (B, T) were illegal.

        Args:
            likeliest: (B, T).
            lengths: (B,).
            legal: from the lengths and what is allowed to the likeliest legal tags (B, T).
        """
        repaired = self._repaired(likeliest, lengths)
        illegal = repaired != likeliest  # (B, T)
        if self.allowed is None or self.illegal == "keep" or repaired is likeliest:
            return likeliest, illegal
        return (repaired if self.illegal == "repair" else legal(lengths, self.allowed)), illegal

    def read(self, tags: Sequence[int]) -> list[str]:
        """The names of a row's tags."""
        return [self.names[tag] for tag in tags]

    def spans(self, tags: Sequence[int]) -> list[Span]:
        """The spans of a row's tags."""
        return [] if self.scheme == "none" else spans_of(self.read(tags), self.scheme)

    def count(self, answers: Tensor, targets: Tensor, weights: Tensor) -> tuple[int, int, int]:
        """How many spans of a batch are right, are answered, and are there; steps of weight 0 are as if left out."""
        right = answered = there = 0
        for ours, theirs, kept in zip(answers.tolist(), targets.tolist(), (weights > 0).tolist(), strict=True):
            found, true = (
                set(self.spans([tag for tag, keep in zip(row, kept, strict=True) if keep])) for row in (ours, theirs)
            )
            right, answered, there = right + len(found & true), answered + len(found), there + len(true)
        return right, answered, there

    def _repaired(self, tags: Tensor, lengths: Tensor) -> Tensor:
        """The tags (B, T) that the spans give which conlleval sees in these; the same object where all are legal."""
        rows = self._illegal_rows(tags, lengths)
        if not rows:
            return tags
        tags = tags.clone()
        for row, n in zip(rows, lengths[torch.tensor(rows)].tolist(), strict=True):
            legal = convert(self.read(tags[row, :n].tolist()), self.scheme, self.scheme)
            tags[row, :n] = torch.tensor([self._ids[name] for name in legal], device=tags.device)
        return tags

    def _illegal_rows(self, tags: Tensor, lengths: Tensor) -> list[int]:
        if self.allowed is None:
            return []
        allowed = Allowed(*(value.to(tags.device) for value in self.allowed))
        lengths = lengths.to(tags.device)
        within = mask(lengths, tags.shape[1])[:, 1:]  # (B, T - 1)
        wrong = (within & ~allowed.transitions[tags[:, :-1], tags[:, 1:]]).any(dim=1)  # (B,)
        last = tags.gather(1, lengths[:, None] - 1).squeeze(1)  # (B,)
        wrong = wrong | ~allowed.start[tags[:, 0]] | ~allowed.end[last]
        return wrong.nonzero().flatten().tolist()


def likeliest_legal(scores: Tensor, lengths: Tensor, allowed: Allowed) -> Tensor:
    """Of tags that are scored each by itself, (B, T, K), the likeliest legal ones of each row: (B, T)."""
    K = scores.shape[2]
    logs = scores.float().log_softmax(dim=2)
    free = Chain(logs, logs.new_zeros(K, K), logs.new_zeros(K), logs.new_zeros(K), lengths)
    return best_path(forbid(free, allowed))[0]
