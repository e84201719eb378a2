"""Drawing validation and test rows from pairs of texts so that no split has a text of another."""

from __future__ import annotations

import numpy as np

from rnnzoo.data._base import SPLITS

LARGE, FEW = 20, 5
"""More pairs that hang together than FEW, and than a split's share of the rows divided by LARGE, are trained on."""


def bare(text: str) -> str:
    """Letters and digits alone, without case: what two sentences have in common that differ by a full stop."""
    return "".join(character for character in text.casefold() if character.isalnum()) or text


def draw_apart(english: list[str], other: list[str], shares: dict[str, float], seed: int) -> dict[str, list[int]]:
    """Row numbers of each split, in order; rows that share a bare side, or hang together by others, stay together.

    Raises:
        ValueError: nothing is left to train on, or too much hangs together to draw a split.
    """
    rows = len(english)
    group = _groups([f"e {bare(text)}" for text in english], [f"o {bare(text)}" for text in other])
    names, sizes = np.unique(group, return_counts=True)
    order = names[np.random.RandomState(seed).permutation(len(names))]
    size_of = dict(zip(names.tolist(), sizes.tolist(), strict=True))
    split_of: dict[int, str] = {}
    for split, share in shares.items():
        wanted = max(1, round(share * rows))
        for name in order.tolist():
            if wanted <= 0:
                break
            if name not in split_of and size_of[name] <= max(FEW, share * rows / LARGE):
                split_of[name] = split
                wanted -= size_of[name]
        if wanted > 0:
            raise ValueError(f"{rows} pairs hang together too closely to draw {split} ({share} of them); give more.")
    found: dict[str, list[int]] = {split: [] for split in SPLITS}
    for row, name in enumerate(group.tolist()):
        found[split_of.get(name, "train")].append(row)
    if not found["train"]:
        raise ValueError(f"{rows} pair(s) leave none to train on after {shares}; give more or smaller shares.")
    return found


def _groups(*sides: list[str]) -> np.ndarray:
    """For each row the smallest row that it hangs together with: (R,)."""
    parent = list(range(len(sides[0])))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for side in sides:
        first: dict[str, int] = {}
        for row, text in enumerate(side):
            one, another = sorted((root(row), root(first.setdefault(text, row))))
            parent[another] = one
    return np.array([root(row) for row in range(len(parent))])
