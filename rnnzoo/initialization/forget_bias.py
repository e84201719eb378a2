"""The forget gate's bias, in sum where torch has two of them; all else stays as it was built.

At 0 the gate begins half open and half of the cell's state is lost in every step; at 1 it keeps 0.73 of it, at 3 0.95.
Source: Gers, Schmidhuber, Cummins, "Learning to Forget", 2000; Jozefowicz, Zaremba, Sutskever, "An Empirical
Exploration of Recurrent Network Architectures", ICML 2015.
"""

from __future__ import annotations

from typing import Any

from rnnzoo.initialization._cells import keeping_bias


def forget_bias(cell: Any, *, total: float = 1.0) -> None:
    """Set the bias of the gate that keeps the state.

    Args:
        cell: a cell without its wrappers.
        total: the bias.

    Raises:
        RecipeError: the cell does not say which of its blocks is the forget gate's, or has no bias.
    """
    keeping_bias("forget_bias", cell).fill_(total)
