"""Drawing validation and test rows from rows that come unsplit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def draw_shares(rows: int, shares: dict[str, float], seed: int) -> dict[str, list[int]]:
    """Row numbers drawn by seed: each split its share of the rows (at least one), ``train`` the rest, all in order.

    Raises:
        ValueError: a share outside (0, 1), or nothing left to train on.
    """
    order = np.random.RandomState(seed).permutation(rows)
    drawn, begin = {}, 0
    for split, share in shares.items():
        if not 0 < share < 1:
            raise ValueError(f"{split} is {share}; expected a share of the rows between 0 and 1.")
        end = begin + max(1, round(share * rows))
        drawn[split] = sorted(order[begin:end].tolist())
        begin = end
    if begin >= rows:
        raise ValueError(f"{rows} row(s) leave none to train on after {shares}; give more rows or smaller shares.")
    return {"train": sorted(order[begin:].tolist()), **drawn}


def draw_distinct(keys: Sequence[str], shares: dict[str, float], seed: int) -> dict[str, list[int]]:
    """As ``draw_shares``, of the distinct keys: rows of the same key are in the same split.

    Args:
        keys: of each row.
    """
    distinct = sorted(set(keys))
    drawn = draw_shares(len(distinct), shares, seed)
    home = {distinct[i]: split for split, places in drawn.items() for i in places}
    found: dict[str, list[int]] = {split: [] for split in drawn}
    for row, key in enumerate(keys):
        found[home[key]].append(row)
    return found
