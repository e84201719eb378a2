"""The tokens of a spec that a text written token by token begins and ends with, and those that it never has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnnzoo.tasks._spec import OF_PAIRS


class TextTokens(NamedTuple):
    """What a task that writes needs of its spec."""

    begin: int
    end: int
    padding: int
    never: Tensor  # padding, begin and, where there is one, the unknown token


def text_tokens(spec: Mapping[str, Any]) -> TextTokens:
    """The tokens of a spec.

    Raises:
        ValueError: one is missing.
    """
    missing = [name for name in OF_PAIRS if spec.get(name) is None]
    if missing:
        raise ValueError(
            f"spec lacks {', '.join(missing)}; expected the tokens that a text begins and ends with, and its padding: "
            f"data of kind '{spec['kind']}' says what they are."
        )
    begin, end, padding = (int(spec[name]) for name in OF_PAIRS)
    never = {padding, begin, spec.get("unknown")} - {None}
    return TextTokens(begin, end, padding, torch.tensor(sorted(never)))
