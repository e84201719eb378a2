"""A linear-chain conditional random field: the tags of a sentence are judged together, not each by itself."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnnzoo.ops.linear_chain import Chain, best_path, log_partition, marginals, path_score
from rnnzoo.ops.ragged import mask


class Allowed(NamedTuple):
    """Which tags may follow one another; True where they may."""

    transitions: Tensor  # (K, K) bool, from row to column
    start: Tensor  # (K,) bool
    end: Tensor  # (K,) bool


def forbid(chain: Chain, allowed: Allowed) -> Chain:
    """The chain in which only what is allowed has a score above -inf."""
    scores = {
        name: getattr(chain, name).masked_fill(~value.to(chain.start.device), -torch.inf)
        for name, value in allowed._asdict().items()
    }
    return chain._replace(**scores)


class CRF(nn.Module):
    """Scores of first, following and last tags, learned beside the scores x (B, T, K) that a network gives each step.

    -log p(y | x), of J. Lafferty, A. McCallum and F. Pereira, "Conditional random fields", ICML 2001. Scores are added
    in float32 at least, whatever the autocast: over a sentence the roundings of half precision add up.

    Args:
        size: K, the number of tags.
        allowed: forbid all other transitions, in training and decoding; ``None``: every tag may follow every one.

    Raises:
        ValueError: ``allowed`` is of another size, or leaves no path at all for some length.
    """

    def __init__(self, size: int, allowed: Allowed | None = None) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.empty(size, size).uniform_(-0.1, 0.1))  # (K, K), from row to column
        self.start = nn.Parameter(torch.empty(size).uniform_(-0.1, 0.1))  # (K,)
        self.end = nn.Parameter(torch.empty(size).uniform_(-0.1, 0.1))  # (K,)
        self.constrained = allowed is not None
        self.diameter: int | None = 1
        if allowed is not None:
            if allowed.transitions.shape != (size, size):
                raise ValueError(f"allowed is for {len(allowed.transitions)} tags; expected {size}.")
            self.diameter = find_diameter(allowed)
            for name, value in allowed._asdict().items():
                self.register_buffer(f"allowed_{name}", value, persistent=False)

    def chain(self, emissions: Tensor, lengths: Tensor) -> Chain:
        """The scores of x (B, T, K) and of this module, forbidden ones -inf, in float32 (float64 where that is given).

        Raises:
            ValueError: ``emissions`` is not (B, T, K).
        """
        K = len(self.start)
        if emissions.ndim != 3 or emissions.shape[-1] != K:
            raise ValueError(f"emissions has shape {tuple(emissions.shape)}; expected (batch, time, {K} tags).")
        dtype = torch.promote_types(emissions.dtype, torch.float32)
        x, A, start, end = (value.to(dtype) for value in (emissions, self.transitions, self.start, self.end))
        chain = Chain(x, A, start, end, lengths)
        if not self.constrained:
            return chain
        return forbid(chain, Allowed(*(getattr(self, f"allowed_{name}") for name in Allowed._fields)))

    def forward(self, emissions: Tensor, tags: Tensor, lengths: Tensor, known: Tensor | None = None) -> Tensor:
        """-log p of each row's tags, in nats.

        Args:
            emissions: (B, T, K).
            tags: (B, T) int64.
            lengths: (B,) int64.
            known: (B, T) bool: the tags of the other steps are summed over; ``None``: all are known.

        Returns:
            (B,), 0 for a row of which no tag is known.

        Raises:
            ValueError: ``emissions`` is not (B, T, K); a tag is none of the K, or follows where it is not allowed.
        """
        chain = self.chain(emissions, lengths)
        inside = mask(lengths.to(tags.device), tags.shape[1])  # (B, T)
        seen = inside if known is None else inside & known  # (B, T)
        self._check(tags, seen)
        total = log_partition(chain, self.diameter)  # (B,)
        if known is None:
            return total - path_score(chain, tags)
        some = seen.any(dim=1)  # (B,)
        if not bool((some[:, None] & inside & ~seen).any()):
            return torch.where(some, total - path_score(chain, tags), 0)
        other = seen[..., None] & (torch.arange(len(self.start), device=tags.device) != tags[..., None])  # (B, T, K)
        consistent = chain._replace(emissions=chain.emissions.masked_fill(other, -torch.inf))
        return total - log_partition(consistent, None)

    def decode(self, emissions: Tensor, lengths: Tensor, allowed: Allowed | None = None) -> Tensor:
        """The likeliest tags of each row together (Viterbi): (B, T) int64, 0 beyond its length.

        With ``allowed``, the likeliest of those that it allows.
        """
        chain = self.chain(emissions, lengths)
        return best_path(chain if allowed is None else forbid(chain, allowed))[0]

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The probability of each tag at each step: (B, T, K), 0 beyond a row's length."""
        return marginals(self.chain(emissions, lengths), self.diameter)

    def extra_repr(self) -> str:
        """Its size."""
        return f"{len(self.start)}{', constrained' if self.constrained else ''}"

    def _check(self, tags: Tensor, inside: Tensor) -> None:
        """Refuse known tags (B, T) that have no probability here; without constraints a GPU is not waited for."""
        K = len(self.start)
        if tags.device.type == "cpu" and tags.numel():
            low, high = (int(bound) for bound in torch.where(inside, tags, 0).aminmax())
            if low < 0 or high >= K:
                raise ValueError(f"targets go from {low} to {high}; expected 0 to {K - 1}.")
        if not self.constrained:
            return
        both = inside[:, :-1] & inside[:, 1:]  # (B, T - 1)
        tags = torch.where(inside, tags, 0)
        wrong = both & ~self.allowed_transitions[tags[:, :-1], tags[:, 1:]]  # type: ignore[index]
        first = inside[:, 0] & ~self.allowed_start[tags[:, 0]]  # type: ignore[index]
        if bool(first.any()):
            row = int(first.nonzero()[0])
            raise ValueError(
                f"row {row} begins with tag {int(tags[row, 0])}, which the scheme does not allow; {REPAIR}"
            )
        if bool(wrong.any()):
            row, step = wrong.nonzero()[0].tolist()
            raise ValueError(
                f"row {row} has tag {int(tags[row, step])} and then {int(tags[row, step + 1])} at step {step + 1}, "
                f"which the scheme does not allow; {REPAIR}"
            )


LONGEST = 8
REPAIR = "repair the tags, or allow every transition (constrained=False)."


def find_diameter(allowed: Allowed) -> int | None:
    """The number of transitions by which every tag leads to every tag; ``None`` where there is none up to ``LONGEST``.

    Raises:
        ValueError: for some number of steps there is no path at all.
    """
    A = allowed.transitions.float()
    alive = allowed.start.float()  # (K,): the tags in which a path can be
    for steps in range(1, 2 * len(A) + 1):
        if not bool((alive * allowed.end).any()):
            raise ValueError(f"no sequence of {steps} of the {len(A)} tags is allowed: a tag of the scheme is missing.")
        alive = (alive @ A > 0).float()
    led = A
    for steps in range(1, LONGEST + 1):
        if bool(led.all()):
            return steps
        led = (led @ A > 0).float()
    return None
