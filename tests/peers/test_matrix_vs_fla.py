"""The matrix recurrence is flash-linear-attention's: forms against its loops over steps, in float32 as it has them."""

import warnings

import pytest
import torch
from tolerances import close

from rnnzoo.ops.matrix import matrix_scan

pytest.importorskip("fla", exc_type=ImportError, reason="fla-core is not installed: pip install rnnzoo[peers]")


def draw(*shape):
    return torch.randn(*shape) / 2


def naive(name, of, file="naive"):
    """Its function, without its warning that there is no GPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = __import__(f"fla.ops.{of}.{file}", fromlist=[name])
    return getattr(module, name)


B, T, N, K, V = 2, 40, 2, 6, 4


def state():
    """S0 (B, N, V, K), and as theirs has it, (B, N, K, V)."""
    S0 = draw(B, N, V, K)
    return S0, S0.mT


def agree(ours, theirs, *, time=1):
    (y, S), (o, last) = ours, theirs
    close(y, o if time == 1 else o.transpose(1, 2))
    close(S, last.mT)


def test_gated_linear_attention():
    q, k, v, g, (S0, theirs) = draw(B, T, N, K), draw(B, T, N, K), draw(B, T, N, V), -torch.rand(B, T, N, K), state()
    expected = naive("naive_recurrent_gla", "gla")(q, k, v, g, initial_state=theirs, output_final_state=True)
    agree(matrix_scan(q * K**-0.5, k, v, S0, log_decay=g), expected)


def test_the_gated_delta_rule():
    q, k, v, g, (S0, theirs) = draw(B, T, N, K), draw(B, T, N, K), draw(B, T, N, V), -torch.rand(B, T, N), state()
    k, beta = torch.nn.functional.normalize(k, dim=-1), torch.rand(B, T, N)
    expected = naive("naive_recurrent_gated_delta_rule", "gated_delta_rule")(
        q, k, v, beta, g, initial_state=theirs, output_final_state=True
    )
    edit = -(beta * g.exp()).unsqueeze(-1) * k
    given = {"log_decay": g.unsqueeze(-1), "a": edit, "b": k}
    agree(matrix_scan(q * K**-0.5, k, beta.unsqueeze(-1) * v, S0, **given), expected)


def test_kimi_delta_attention():
    q, k, v, g, (S0, theirs) = draw(B, T, N, K), draw(B, T, N, K), draw(B, T, N, V), -torch.rand(B, T, N, K), state()
    k, beta = torch.nn.functional.normalize(k, dim=-1), torch.rand(B, T, N)
    expected = naive("naive_recurrent_kda", "kda")(q, k, v, g, beta, initial_state=theirs, output_final_state=True)
    edit = -beta.unsqueeze(-1) * g.exp() * k
    agree(matrix_scan(q * K**-0.5, k, beta.unsqueeze(-1) * v, S0, log_decay=g, a=edit, b=k), expected)


def test_rwkv6():
    r, k, v, w, (S0, theirs) = draw(B, T, N, K), draw(B, T, N, K), draw(B, T, N, V), -torch.rand(B, T, N, K), state()
    u = draw(N, K)
    moved = [part.transpose(1, 2) for part in (r, k, v, w)]
    expected = naive("naive_recurrent_rwkv6", "rwkv6", "recurrent_naive")(
        *moved, u, scale=1.0, initial_state=theirs, output_final_state=True
    )
    agree(matrix_scan(r, k, v, S0, log_decay=w, bonus=u), expected, time=2)
