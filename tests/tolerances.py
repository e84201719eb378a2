"""The one table of tolerances, by dtype; no test softens it."""

import torch

TOLERANCES = {torch.float64: 1e-10, torch.float32: 1e-5, torch.bfloat16: 2e-2}


def close(actual, expected, *, dtype=None, what="value"):
    """Assert that two tensors (or nested tuples of them) agree to the tolerance of their dtype."""
    if isinstance(expected, (tuple, list)):
        assert len(actual) == len(expected), f"{what}: {len(actual)} members, expected {len(expected)}"
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            close(a, e, dtype=dtype, what=f"{what}[{i}]")
        return
    tolerance = TOLERANCES[dtype or expected.dtype] if expected.is_floating_point() else 0.0
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance, msg=lambda m: f"{what}: {m}")
