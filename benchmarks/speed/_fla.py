"""What flash-linear-attention has for matrix recurrences, by our forms' names: references in plain torch, and kernels.

The references are what it checks its kernels against; the kernels need a GPU. Each takes what `matrix_scan` takes, and
beta (B, T, N), and gives y (B, T, N, V).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Given = Mapping[str, Tensor]


def references() -> dict[str, Callable[[Given], Tensor]]:
    """By form: "kept", "head", "edit", "head edit", "channel edit"; that of RWKV-6 cannot be trained, GLA has none.

    Raises:
        ImportError: there is no fla-core.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no GPU
        from fla.ops.delta_rule.naive import delta_rule_chunkwise
        from fla.ops.gated_delta_rule.naive import naive_chunk_gated_delta_rule
        from fla.ops.kda.naive import naive_chunk_kda
        from fla.ops.linear_attn.naive import naive_chunk_linear_attn
        from fla.ops.simple_gla.naive import naive_chunk_simple_gla

    def heads_first(given: Given) -> Tensor:
        """The delta rule's reference has heads before time, and scales its queries itself."""
        moved = {name: value.transpose(1, 2) for name, value in rule(given).items()}
        return delta_rule_chunkwise(**moved)[0].transpose(1, 2) * given["q"].shape[-1] ** 0.5

    return {
        "kept": lambda given: naive_chunk_linear_attn(given["q"], given["k"], given["v"], scale=1.0),
        "head": lambda given: naive_chunk_simple_gla(given["q"], given["k"], given["v"], head_decay(given), scale=1.0)[
            0
        ],
        "edit": heads_first,
        "head edit": lambda given: naive_chunk_gated_delta_rule(**rule(given), g=head_decay(given), scale=1.0)[0],
        "channel edit": lambda given: naive_chunk_kda(**rule(given), g=given["log_decay"], scale=1.0)[0],
    }


def kernels() -> dict[str, Callable[[Given], Tensor]]:
    """By form, all but "channel bonus", whose recurrence theirs has in another order.

    Raises:
        ImportError: there is no fla-core.
    """
    from fla.ops.delta_rule import chunk_delta_rule
    from fla.ops.gated_delta_rule import chunk_gated_delta_rule
    from fla.ops.gla import chunk_gla
    from fla.ops.kda import chunk_kda
    from fla.ops.linear_attn import chunk_linear_attn
    from fla.ops.simple_gla import chunk_simple_gla

    def plain(given: Given) -> dict[str, Tensor]:
        return {name: given[name] for name in ("q", "k", "v")}

    return {
        "kept": lambda given: chunk_linear_attn(**plain(given), scale=1.0, normalize=False)[0],
        "head": lambda given: chunk_simple_gla(**plain(given), g=head_decay(given), scale=1.0)[0],
        "channel": lambda given: chunk_gla(**plain(given), g=given["log_decay"], scale=1.0)[0],
        "edit": lambda given: chunk_delta_rule(**rule(given), scale=1.0)[0],
        "head edit": lambda given: chunk_gated_delta_rule(**rule(given), g=head_decay(given), scale=1.0)[0],
        "channel edit": lambda given: chunk_kda(**rule(given), g=given["log_decay"], scale=1.0)[0],
    }


def rule(given: Given) -> dict[str, Tensor]:
    """The delta rule's arguments as theirs takes them: beta apart from the keys and values."""
    return {"q": given["q"], "k": given["b"], "v": given["v"] / given["beta"].unsqueeze(-1), "beta": given["beta"]}


def head_decay(given: Given) -> Tensor:
    """One decay a head, (B, T, N)."""
    return given["log_decay"].squeeze(-1)


def arguments(form: str, B: int, T: int, N: int, K: int, V: int) -> tuple[dict[str, Tensor], Tensor]:
    """Random arguments of `matrix_scan`, but S0, with decays and edits as layers have them; and beta (B, T, N).

    ``form`` has the words "head" or "channel" (decays), "edit" (the delta rule) and "bonus".
    """
    words = form.split()
    given = {"q": torch.randn(B, T, N, K) * K**-0.5, "k": torch.randn(B, T, N, K) * K**-0.5}
    given["v"] = torch.randn(B, T, N, V)
    beta = torch.rand(B, T, N) * 0.9 + 0.05
    if "head" in words or "channel" in words:
        given["log_decay"] = -0.1 * torch.rand(B, T, N, K if "channel" in words else 1)
    if "edit" in words:
        key = torch.nn.functional.normalize(torch.randn(B, T, N, K), dim=-1)
        left = given["log_decay"].exp() if "log_decay" in given else 1.0
        given |= {"a": -beta.unsqueeze(-1) * left * key, "b": key, "k": key, "v": beta.unsqueeze(-1) * given["v"]}
    if "bonus" in words:
        given["bonus"] = torch.randn(N, K)
    return given, beta
