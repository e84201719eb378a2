"""One run of a race: all contestants at one size take turns, forward alone and as a training step."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.bench.contestants import CONTESTANTS
from rnnzoo.bench.environment import commit, processor, versions
from rnnzoo.bench.interleaved import CLOCKS, interleave, ratios, threads
from rnnzoo.bench.race import PASSES, Race
from rnnzoo.bench.race_runs import DTYPES, built_in
from rnnzoo.bench.runs import Run
from rnnzoo.contracts import ResultRow

Pass = Callable[[nn.Module, Tensor], list[Tensor]]


def forward(module: nn.Module, x: Tensor) -> list[Tensor]:
    """A call without gradients; gives the output and the last state."""
    with torch.no_grad():
        return list(_flat(module(x)))


def training(module: nn.Module, x: Tensor) -> list[Tensor]:
    """A training step but for the optimiser: the loss is the outputs' mean square; gives its gradients."""
    module.zero_grad(set_to_none=True)
    x.grad = None
    module(x)[0].square().mean().backward()
    return [tensor.grad for tensor in (x, *module.parameters()) if tensor.grad is not None]


WORK: dict[str, Pass] = dict(zip(PASSES, (forward, training), strict=True))


def race(run: Run) -> list[ResultRow]:
    """Race the contestants of ``run``, and hold what they compute against the first one's.

    Each pass gives five rows a contestant, with the pass as their ``split``: the median ``seconds`` a call, its
    ``ratio`` to the first contestant's with the quartiles ``ratio_low`` and ``ratio_high``; and ``difference``, the
    largest between what the two computed (forward: outputs and last state; training: gradients of weights and input).
    """
    settings = Race(**run.race)
    commit()
    torch.manual_seed(run.seed)
    dtype = getattr(torch, DTYPES[run.trainer["precision"]])
    B, T, I, H = (run.data[letter] for letter in "BTIH")
    twin = getattr(nn, built_in(run.layer))(I, H, batch_first=True, dtype=dtype)
    modules = {name: CONTESTANTS[name].make(run.layer, twin) for name in settings.contestants}
    x = torch.randn(B, T, I, dtype=dtype, requires_grad=True)
    first = settings.contestants[0]
    rows = []
    with threads(settings.threads):
        for split, work in WORK.items():
            computed = {name: work(module, x) for name, module in modules.items()}
            seconds = interleave(
                {name: partial(work, module, x) for name, module in modules.items()},
                rounds=settings.rounds, drop=settings.drop, seconds=settings.seconds, least=settings.least,
                now=CLOCKS[settings.clock],
            )  # fmt: skip
            for name, ratio in ratios(seconds, first).items():
                measured = {
                    "seconds": (statistics.median(seconds[name]), "s"),
                    "ratio": (ratio.median, first),
                    "ratio_low": (ratio.low, first),
                    "ratio_high": (ratio.high, first),
                    "difference": (largest_difference(computed[name], computed[first]), ""),
                }
                shared = _shared(run, settings, split, name, modules[name], seconds[name])
                rows += [
                    ResultRow(metric=key, value=value, unit=unit, **shared) for key, (value, unit) in measured.items()
                ]
    return rows


def largest_difference(found: list[Tensor], expected: list[Tensor]) -> float:
    """The largest absolute difference between two lists of tensors.

    Raises:
        ValueError: they are not of the same shapes.
    """
    shapes = [[tuple(tensor.shape) for tensor in tensors] for tensors in (found, expected)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"contestants computed tensors of shapes {shapes[0]} and {shapes[1]}; expected the same.")
    return max(float((mine - other).abs().max()) for mine, other in zip(found, expected, strict=True))


def _flat(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
        return
    for member in value:
        yield from _flat(member)


def _shared(run: Run, settings: Race, split: str, name: str, module: nn.Module, seconds: list[float]) -> dict[str, Any]:
    """What the rows of one contestant and pass have in common."""
    commit_hash, dirty = commit()
    return {
        "table": run.table, "spec": run.spec, "label": name, "variant": run.variant, "layer": run.layer,
        "task": run.task, "data": run.data_name, "data_version": run.data_version, "seed": run.seed, "split": split,
        "n": len(seconds), "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "steps": len(seconds), "seconds": round(sum(seconds), 6),
        "samples_per_second": round(run.data["B"] / statistics.median(seconds), 3), "peak_memory_bytes": 0,
        "device": f"{processor()}, {settings.threads} thread{'s' * (settings.threads > 1)}, {settings.clock} clock",
        "world_size": 1, "precision": run.trainer["precision"], "versions": versions(), "commit": commit_hash,
        "dirty": dirty, "finished_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "checkpoint_sha256": "",
    }  # fmt: skip
