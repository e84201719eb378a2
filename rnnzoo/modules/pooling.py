"""From one vector a step, (B, T, O), to one vector a sequence, (B, O); padding never has a part in it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnzoo.ops.ragged import mask
from rnnzoo.registry import unknown


class Last(nn.Module):
    """The output at each row's own last step; of a backward direction, the output at the first step.

    Both are the final outputs of their direction: they have seen the whole row.
    """

    def __init__(self, size: int, directions: int = 1) -> None:
        super().__init__()
        self.forward_size = size // directions

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(B, T, O), (B,) -> (B, O)."""
        O_forward = self.forward_size
        if lengths is None:
            last = features[:, -1, :O_forward]  # (B, O)
        else:
            rows = torch.arange(features.shape[0], device=features.device)
            steps = lengths.to(features.device, non_blocking=True) - 1
            last = features[rows, steps, :O_forward]  # (B, O)
        if O_forward == features.shape[-1]:
            return last
        return torch.cat([last, features[:, 0, O_forward:]], dim=-1)  # (B, O)


class Mean(nn.Module):
    """The mean over each row's own steps."""

    def __init__(self, size: int, directions: int = 1) -> None:
        super().__init__()

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(B, T, O), (B,) -> (B, O)."""
        if lengths is None:
            return features.mean(dim=1)  # (B, O)
        inside = mask(lengths.to(features.device, non_blocking=True), features.shape[1])  # (B, T)
        total = features.masked_fill(~inside[..., None], 0).sum(dim=1)  # (B, O)
        return total / inside.sum(dim=1, keepdim=True)  # (B, O)


class Max(nn.Module):
    """The greatest value of each channel over each row's own steps."""

    def __init__(self, size: int, directions: int = 1) -> None:
        super().__init__()

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(B, T, O), (B,) -> (B, O)."""
        if lengths is not None:
            inside = mask(lengths.to(features.device, non_blocking=True), features.shape[1])  # (B, T)
            features = features.masked_fill(~inside[..., None], -torch.inf)
        return features.amax(dim=1)  # (B, O)


class Attention(nn.Module):
    """A weighted mean whose weights come from comparing every step with a learned query.

    u_t = tanh(W h_t + b), a = softmax_t(u_t . q), result = sum_t a_t h_t: the word attention of Z. Yang et al.,
    "Hierarchical Attention Networks for Document Classification", NAACL 2016, equations 5 to 7.
    """

    def __init__(self, size: int, directions: int = 1) -> None:
        super().__init__()
        self.key = nn.Linear(size, size)
        self.query = nn.Parameter(torch.empty(size).uniform_(-(size**-0.5), size**-0.5))

    def weights(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """a (B, T): how much each step counts; 0 on padding, each row adds up to 1."""
        u = torch.tanh(self.key(features))  # (B, T, O)
        with torch.autocast(u.device.type, enabled=False):  # half precision costs e^score 2^-9 |score| of itself
            scores = u.to(self.query.dtype) @ self.query  # (B, T)
        if lengths is not None:
            inside = mask(lengths.to(features.device, non_blocking=True), features.shape[1])  # (B, T)
            scores = scores.masked_fill(~inside, -torch.inf)
        return scores.softmax(dim=1)  # (B, T)

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(B, T, O), (B,) -> (B, O)."""
        if lengths is not None:
            inside = mask(lengths.to(features.device, non_blocking=True), features.shape[1])  # (B, T)
            features = features.masked_fill(~inside[..., None], 0)
        a = self.weights(features, lengths)  # (B, T)
        return torch.einsum("bt,bto->bo", a, features)  # (B, O)


POOLINGS: dict[str, type[nn.Module]] = {"last": Last, "mean": Mean, "max": Max, "attention": Attention}


def create_pooling(name: str, size: int, directions: int = 1) -> nn.Module:
    """The pooling called ``name`` for features of width ``size``, of which each direction has its equal part.

    Raises:
        UnknownName: with near misses.
    """
    if name not in POOLINGS:
        raise unknown("pooling", name, POOLINGS)
    return POOLINGS[name](size, directions)
