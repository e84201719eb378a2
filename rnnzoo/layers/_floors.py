"""What HGRN and HGRN2 share: floors of the forget gates that rise from layer to layer, from zero.

Source: Qin, Yang, Zhong, 2023, arXiv 2311.04823, section 3.2.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softmax

from rnnzoo.layers._checks import check_sizes


def check_place(layer_index: int, num_layers: int) -> None:
    """Raise unless there is such a layer in a stack so deep.

    Raises:
        ValueError: the depth is below 1, or the index not in it.
    """
    check_sizes(num_layers=num_layers)
    if layer_index not in range(num_layers):
        raise ValueError(f"layer_index is {layer_index}; expected 0 to {num_layers - 1}, a layer of num_layers.")


def lower_bound(Gamma: Tensor, layer_index: int) -> Tensor:
    """The floor (H,) of a layer but the first: what the softmax of Gamma (L, H) gives the second to this one."""
    return softmax(Gamma, 0)[1 : layer_index + 1].sum(0)
