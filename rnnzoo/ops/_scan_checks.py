"""What a scan refuses: arguments whose dtypes or shapes do not fit."""

from __future__ import annotations

from torch import Tensor


def check_scan_arguments(a: Tensor, b: Tensor, h0: Tensor) -> None:
    """Check a, b and h0 of ``ops.scan``.

    Raises:
        TypeError, ValueError: they do not fit; the message says how.
    """
    if not a.is_floating_point() or a.dtype != b.dtype or a.dtype != h0.dtype:
        raise TypeError(f"a, b, h0 have dtypes {a.dtype}, {b.dtype}, {h0.dtype}; expected one floating-point dtype.")
    for name, value in {"a": a, "b": b}.items():
        if value.dim() < 2 or value.shape[1] < 1:
            raise ValueError(
                f"{name} has shape {tuple(value.shape)}; expected (batch, time, ...) with at least one time step."
            )
    if a.shape != b.shape and (
        b.dim() != a.dim() or any(n not in (1, m) for n, m in zip(a.shape, b.shape, strict=True))
    ):
        raise ValueError(
            f"b has shape {tuple(b.shape)}; expected a's shape, {tuple(a.shape)} (where a has 1, any size)."
        )
    if h0.shape != (b.shape[0], *b.shape[2:]):
        raise ValueError(
            f"h0 has shape {tuple(h0.shape)}; expected {(b.shape[0], *b.shape[2:])}: b's shape without time."
        )
