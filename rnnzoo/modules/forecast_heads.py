"""What a forecast says of a number: the number, quantiles of it, or a distribution, and what each costs and draws.

Parameters (..., P) are of a normalised number v; ``rescaled`` gives those of location + scale * v. Distributions:
D. Salinas, V. Flunkert, J. Gasthaus, "DeepAR", arXiv 1704.04110, section 3.1; quantiles: R. Koenker, G. Bassett,
"Regression Quantiles", Econometrica 1978.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnzoo.modules.counting_draws import draw_counts
from rnnzoo.registry import unknown

POINT_LOSSES = ("mse", "mae")


class ForecastHead(nn.Module):
    """What all heads have; a concrete one says how many ``parameters_each`` (P) a number has.

    Attributes:
        draws: how many uniform numbers a draw takes; 0: nothing can be drawn.
        levels: of the quantiles that the parameters are; none else.
        counts: whether it is of whole numbers from 0, in real units.
    """

    parameters_each = 1
    draws = 0
    levels: tuple[float, ...] = ()
    counts = False

    def forward(self, raw: Tensor) -> Tensor:
        """The parameters that a model's outputs (..., P) stand for."""
        return raw.to(torch.promote_types(raw.dtype, torch.float32))

    def rescaled(self, parameters: Tensor, location: Tensor, scale: Tensor) -> Tensor:
        """Those of location + scale * v, of a v with these parameters (..., P); the others are (...)."""
        return location[..., None] + scale[..., None] * parameters

    def losses(self, parameters: Tensor, targets: Tensor) -> Tensor:
        """What each number (...) costs."""
        raise NotImplementedError(f"{type(self).__name__} has no losses().")

    def points(self, parameters: Tensor) -> Tensor:
        """One number (...) for each: where there is a distribution, its mean."""
        return parameters[..., 0]

    def expected(self, raw: Tensor) -> Tensor:
        """The points (..., F), normalised, of a model's outputs (..., F * P)."""
        return self.points(self(raw.unflatten(-1, (-1, self.parameters_each))))

    def drawn(self, parameters: Tensor, uniforms: Tensor) -> Tensor:
        """A draw (...) from each distribution, made of uniform numbers (..., draws)."""
        raise ValueError(f"nothing can be drawn from {type(self).__name__}: it is no distribution.")


class PointHead(ForecastHead):
    """The number itself; ``loss`` "mse": its square error, so it is the mean; "mae": the absolute one, the median."""

    def __init__(self, loss: str = "mse") -> None:
        super().__init__()
        if loss not in POINT_LOSSES:
            raise unknown("loss", loss, POINT_LOSSES)
        self.loss = loss

    def losses(self, parameters: Tensor, targets: Tensor) -> Tensor:
        """The square or absolute error."""
        error = parameters[..., 0] - targets
        return error.square() if self.loss == "mse" else error.abs()

    def expected(self, raw: Tensor) -> Tensor:
        """The outputs themselves."""
        return raw


class QuantileHead(ForecastHead):
    """The quantiles of these levels; the loss is the mean of their pinball losses.

    Raises:
        ValueError: the levels are not within 0 and 1, or don't rise.
    """

    def __init__(self, levels: Sequence[float]) -> None:
        super().__init__()
        self.levels = tuple(levels)
        if not self.levels or sorted(set(self.levels)) != list(self.levels) or not 0 < min(levels) <= max(levels) < 1:
            raise ValueError(f"quantiles is {list(levels)}; expected rising levels above 0 and below 1.")
        self.parameters_each = len(self.levels)
        self.register_buffer("level", torch.tensor(self.levels), persistent=False)
        self.level: Tensor
        self.middle = min(range(len(self.levels)), key=lambda place: abs(self.levels[place] - 0.5))

    def losses(self, parameters: Tensor, targets: Tensor) -> Tensor:
        """The mean over the levels of max(q d, (q - 1) d), d = target - quantile."""
        above = targets[..., None] - parameters
        return torch.maximum(self.level * above, (self.level - 1) * above).mean(dim=-1)

    def points(self, parameters: Tensor) -> Tensor:
        """The quantile whose level is nearest to the median's."""
        return parameters[..., self.middle]


class GaussianHead(ForecastHead):
    """Mean and deviation; the loss is -log p in nats."""

    parameters_each = 2
    draws = 1

    def forward(self, raw: Tensor) -> Tensor:
        """The deviation is positive by a softplus."""
        mean, deviation = super().forward(raw).unbind(-1)
        return torch.stack([mean, _positive(deviation)], dim=-1)

    def rescaled(self, parameters: Tensor, location: Tensor, scale: Tensor) -> Tensor:
        """The deviation has no place."""
        mean, deviation = parameters.unbind(-1)
        return torch.stack([location + scale * mean, scale.abs() * deviation], dim=-1)

    def losses(self, parameters: Tensor, targets: Tensor) -> Tensor:
        """-log p."""
        mean, deviation = parameters.unbind(-1)
        return 0.5 * ((targets - mean) / deviation).square() + deviation.log() + 0.5 * math.log(2 * math.pi)

    def drawn(self, parameters: Tensor, uniforms: Tensor) -> Tensor:
        """By the inverse of the distribution function."""
        mean, deviation = parameters.unbind(-1)
        return mean + deviation * math.sqrt(2) * torch.erfinv(2 * uniforms[..., 0] - 1)


class StudentTHead(ForecastHead):
    """Degrees of freedom (above 2), mean and scale; the loss is -log p in nats."""

    parameters_each = 3
    draws = 2

    def forward(self, raw: Tensor) -> Tensor:
        """More than two degrees of freedom, so that there is a variance."""
        freedom, mean, scale = super().forward(raw).unbind(-1)
        return torch.stack([2 + _positive(freedom), mean, _positive(scale)], dim=-1)

    def rescaled(self, parameters: Tensor, location: Tensor, scale: Tensor) -> Tensor:
        """The degrees of freedom stay."""
        freedom, mean, own = parameters.unbind(-1)
        return torch.stack([freedom, location + scale * mean, scale.abs() * own], dim=-1)

    def losses(self, parameters: Tensor, targets: Tensor) -> Tensor:
        """-log p."""
        freedom, mean, scale = parameters.unbind(-1)
        z = (targets - mean) / scale
        constant = torch.lgamma(freedom / 2) - torch.lgamma((freedom + 1) / 2) + 0.5 * (math.pi * freedom).log()
        return constant + scale.log() + (freedom + 1) / 2 * torch.log1p(z.square() / freedom)

    def points(self, parameters: Tensor) -> Tensor:
        """The mean."""
        return parameters[..., 1]

    def drawn(self, parameters: Tensor, uniforms: Tensor) -> Tensor:
        """By R. Bailey's polar method, Mathematics of Computation 62 (1994)."""
        freedom, mean, scale = parameters.unbind(-1)
        radius = (freedom * torch.expm1(-2 / freedom * uniforms[..., 0].log())).sqrt()
        return mean + scale * radius * torch.cos(2 * math.pi * uniforms[..., 1])


class NegativeBinomialHead(ForecastHead):
    """Mean m and shape a of a count whose variance is m + a m^2; the loss is -log p in nats. In real units."""

    parameters_each = 2
    draws = 1
    counts = True

    def forward(self, raw: Tensor) -> Tensor:
        """Both are positive by a softplus."""
        return _positive(super().forward(raw))

    def rescaled(self, parameters: Tensor, location: Tensor, scale: Tensor) -> Tensor:
        """The mean times the scale, the shape over its root, as DeepAR's equation (in section 3.3) has it.

        Raises:
            ValueError: a location is not 0: what is shifted is no count.
        """
        if bool((location != 0).any()):
            raise ValueError(
                "the head 'negative_binomial' is for counts, and these numbers are shifted: use data that are scaled "
                "but not centred (location 0), and norm 'mean_scale' or 'none'."
            )
        mean, shape = parameters.unbind(-1)
        return torch.stack([scale * mean, shape / scale.sqrt()], dim=-1)

    def losses(self, parameters: Tensor, targets: Tensor) -> Tensor:
        """-log p of whole numbers; what is none is rounded."""
        mean, shape = parameters.unbind(-1)
        count, r = targets.round(), 1 / shape
        combinations = torch.lgamma(count + 1) + torch.lgamma(r) - torch.lgamma(count + r)
        scaled = shape * mean
        return combinations + (r + count) * torch.log1p(scaled) - count * scaled.log()

    def drawn(self, parameters: Tensor, uniforms: Tensor) -> Tensor:
        """By the inverse of the distribution function."""
        mean, shape = parameters.unbind(-1)
        return draw_counts(lambda counts: -self.losses(parameters[..., None, :], counts), mean, shape, uniforms[..., 0])


HEADS = {
    "point": PointHead,
    "quantile": QuantileHead,
    "gaussian": GaussianHead,
    "student_t": StudentTHead,
    "negative_binomial": NegativeBinomialHead,
}


def create_head(name: str, loss: str, quantiles: Sequence[float]) -> ForecastHead:
    """The head of this name; ``loss`` is of "point", ``quantiles`` are the levels of "quantile".

    Raises:
        UnknownName: no such head or loss.
        ValueError: levels out of range.
    """
    if name not in HEADS:
        raise unknown("head", name, HEADS)
    if name == "point":
        return PointHead(loss)
    return QuantileHead(quantiles) if name == "quantile" else HEADS[name]()


def _positive(raw: Tensor) -> Tensor:
    return F.softplus(raw) + 1e-6
