"""What HGRN and HGRN2 share: floors of the forget gates that rise from layer to layer, from zero.

Source: Qin, Yang, Zhong, 2023, arXiv 2311.04823, section 3.2.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softmax


def lower_bound(Gamma: Tensor, layer_index: int) -> Tensor:
    """The floor (H,) of a layer but the first: what the softmax of Gamma (L, H) gives the second to this one."""
    return softmax(Gamma, 0)[1 : layer_index + 1].sum(0)
