"""Tags that mark spans, as the tagger needs them: which may follow which, and what is done about those that do not."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from rnnzoo.modules.crf import Allowed
from rnnzoo.tag_schemes import split_tag


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
