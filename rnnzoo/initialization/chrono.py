"""Chrono initialization: gates that remember for times spread from 1 to T.

b_f = log(u), u uniform in [1, T - 1]      each channel its own; without input the gate keeps u / (u + 1) of a state,
b_i = -b_f                                 which is gone after about u + 1 steps; the input gate lets in as much less

For a cell whose one gate both keeps and lets in (GRU, CIFG) b_f is all there is to set.

Source: Tallec, Ollivier, "Can recurrent neural networks warp time?", 2018, arXiv 1804.11188, section 2 and equation 16.
"""

from __future__ import annotations

from typing import Any

from rnnzoo.initialization._cells import input_bias, keeping_bias


def chrono(cell: Any, *, max_time: float) -> None:
    """Set the biases of the gate that keeps the state and, where it is another, of the one that lets in.

    Args:
        cell: a cell without its wrappers.
        max_time: T, the longest time between what is seen and what it is needed for, in steps.

    Raises:
        ValueError: ``max_time`` is below 2.
        RecipeError: the cell does not say which gate keeps its state, or has no bias.
    """
    if isinstance(max_time, bool) or not isinstance(max_time, (int, float)) or not 2 <= max_time < float("inf"):
        raise ValueError(f"max_time is {max_time!r}; expected a number of steps of at least 2.")
    keep = keeping_bias("chrono", cell)
    keep.uniform_(1, max_time - 1).log_()
    enter = input_bias(cell)
    if enter is not None:
        enter.copy_(-keep)
