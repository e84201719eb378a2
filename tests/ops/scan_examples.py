"""Scans to compare: their inputs, and their values and gradients by a backend."""

import torch

from rnnzoo.ops.scan import scan


def example(B, T, *shape, dtype=torch.float64):
    """Coefficients of either sign, some of them zero, their long products neither exploding nor all alike."""
    a = (torch.rand(B, T, *shape, dtype=dtype) * 2 - 1).requires_grad_()
    with torch.no_grad():
        a[torch.rand_like(a) < 0.05] = 0
    b = torch.randn(B, T, *shape, dtype=dtype).requires_grad_()
    h0 = torch.randn(B, *shape, dtype=dtype).requires_grad_()
    return a, b, h0


def results(a, b, h0, lengths, backend):
    h, final = scan(a, b, h0, lengths=lengths, backend=backend)
    generator = torch.Generator().manual_seed(3)
    score = sum((part * torch.randn(part.shape, generator=generator, dtype=part.dtype)).sum() for part in (h, final))
    return (h, final, *torch.autograd.grad(score, (a, b, h0)))
