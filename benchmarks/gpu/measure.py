"""Speed on a GPU, as ratios by interleaved rounds, and how near autocast is; each prints whether it is what we promise.

    python benchmarks/gpu/measure.py {scan,gated,mingru,matrix,native,autocast} [--tiny] [--interpret] --out FOLDER

Rows go to FOLDER/gpu_<name>.jsonl. Times are wall times of work that is waited for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "speed"))
from _fla import arguments, kernels, references
from _interleaved import compare
from parts.matrix import training_call

import rnnzoo
from rnnzoo.ops import scan
from rnnzoo.ops.matrix import matrix_scan
from rnnzoo.registry import LAYERS

CELLS = ("peephole_lstm", "mgu", "lstm", "gru", "lem", "ugrnn")


class Setting:
    """What the arguments say."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.tiny, self.out = given.tiny, Path(given.out)
        self.device = "cpu" if given.interpret else "cuda"
        self.backend = "triton"
        self.rounds = 2 if given.tiny else 20

    def wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()

    def compare(
        self, name: str, candidates: dict[str, Callable[[], Any]], baseline: str, **sizes: Any
    ) -> dict[str, float]:
        """Ratios to the baseline; every candidate's work is waited for."""

        def waiting(call: Callable[[], Any]) -> Callable[[], None]:
            def run() -> None:
                call()
                self.wait()

            return run

        calls = {label: waiting(call) for label, call in candidates.items()}
        return compare(
            f"gpu_{name}", calls, baseline=baseline, rounds=self.rounds, settings=sizes, out=self.out, warmup=2
        )


def promise(what: str, found: float, limit: float, at_least: bool = False) -> None:
    kept = found >= limit if at_least else found <= limit
    print(f"{'KEPT  ' if kept else 'MISSED'} {what}: {found:.3f} ({'at least' if at_least else 'at most'} {limit})")


def train_step(module: nn.Module, x: torch.Tensor, dtype: torch.dtype | None = None) -> Callable[[], None]:
    """Forward and backward over x; under autocast where a dtype is given."""
    weights = list(module.parameters())

    def run() -> None:
        with torch.autocast(x.device.type, dtype=dtype, enabled=dtype is not None):
            y = module(x)[0]
        torch.autograd.grad(y.float().sum(), weights, allow_unused=True)

    return run


def layer(name: str, hidden: int, backend: str | None, device: str, **options: Any) -> nn.Module:
    made: Any = LAYERS.entry(name).target(hidden, hidden, **options).to(device)
    made.backend = backend
    return made


def measure_scan(setting: Setting) -> None:
    """A scan reads two arrays and writes one; a copy reads one and writes one."""
    for batch, time, channels in (
        [(2, 16, 4)] if setting.tiny else [(64, 4096, 1024), (8, 8192, 1024), (1, 65536, 1024)]
    ):
        a = torch.rand(batch, time, channels, device=setting.device)
        b, h0 = torch.randn_like(a), a.new_zeros(batch, channels)
        target = torch.empty_like(a)
        found = setting.compare(
            "scan",
            {"copy": lambda: target.copy_(b), "triton": lambda: scan(a, b, h0, backend="triton")},  # noqa: B023
            "copy", batch=batch, time=time, channels=channels, dtype="float32", direction="forward",
        )  # fmt: skip
        promise(f"scan {batch, time, channels}: share of the copy's bandwidth", 1.5 / found["triton"], 0.7, True)
        a.requires_grad_(), b.requires_grad_()
        h, _ = scan(a, b, h0, backend="triton")
        g = torch.randn_like(h)
        found = setting.compare(
            "scan",
            {
                "copy": lambda: target.copy_(g),  # noqa: B023
                "triton": lambda: torch.autograd.grad(h, (a, b), g, retain_graph=True),  # noqa: B023
            },
            "copy", batch=batch, time=time, channels=channels, dtype="float32", direction="backward",
        )  # fmt: skip
        promise(f"scan {batch, time, channels} backward: share", 2.5 / found["triton"], 0.7, True)  # 3 read, 2 written


def measure_gated(setting: Setting) -> None:
    """Gated cells in our kernels against cuDNN's LSTM and torchrecurrent's layer."""
    batch, time = (2, 3) if setting.tiny else (16, 1024)
    for hidden, limit in [(8, 3.0)] if setting.tiny else [(768, 6.0), (128, 3.0)]:
        x = torch.randn(batch, time, hidden, device=setting.device)
        low = torch.bfloat16
        baseline = nn.LSTM(hidden, hidden, batch_first=True).to(setting.device)
        candidates = {"torch.nn.LSTM": train_step(baseline, x, low if setting.device == "cuda" else None)}
        for name in CELLS[:2] if setting.tiny else CELLS:
            candidates[name] = train_step(layer(name, hidden, setting.backend, setting.device), x, low)
        peer = _peer("PeepholeLSTM", hidden)
        if peer is not None:
            candidates["torchrecurrent PeepholeLSTM"] = train_step(peer.to(setting.device), x.transpose(0, 1), low)
        found = setting.compare(
            "gated", candidates, "torch.nn.LSTM", batch=batch, time=time, hidden=hidden, dtype="bf16"
        )
        for name, ratio in found.items():
            if name in LAYERS.names():
                promise(f"{name} {batch, time, hidden} against cuDNN's LSTM", ratio, limit)
        if peer is not None:
            times = found["peephole_lstm"] / found["torchrecurrent PeepholeLSTM"]
            promise(f"peephole_lstm {batch, time, hidden} against torchrecurrent", times, 0.1)


def _peer(name: str, hidden: int) -> nn.Module | None:
    try:
        import torchrecurrent
    except ImportError as error:
        print(f"no row of torchrecurrent: {error}")
        return None
    return getattr(torchrecurrent, name)(hidden, hidden)


def measure_mingru(setting: Setting) -> None:
    batch, time, hidden = (2, 16, 4) if setting.tiny else (4, 4096, 128)
    x = torch.randn(batch, time, hidden, device=setting.device)
    candidates = {
        "torch.nn.GRU": train_step(nn.GRU(hidden, hidden, batch_first=True).to(setting.device), x),
        "mingru": train_step(layer("mingru", hidden, setting.backend, setting.device), x),
    }
    found = setting.compare(
        "mingru", candidates, "torch.nn.GRU", batch=batch, time=time, hidden=hidden, dtype="float32"
    )
    promise(f"mingru {batch, time, hidden} against cuDNN's GRU", found["mingru"], 0.1)


def measure_matrix(setting: Setting) -> None:
    """The matrix recurrence in chunks against fla's kernels (on a CPU its references), at the shapes it publishes."""
    try:
        theirs = kernels() if setting.device == "cuda" else references()
    except ImportError as error:
        print(f"no row of fla: {error}")
        return
    dtype = torch.bfloat16 if setting.device == "cuda" else torch.float32
    sizes = [(1, 64, 2, 16)] if setting.tiny else [(8, 1024, 8, 64), (4, 2048, 16, 128), (2, 16384, 16, 128)]
    for B, T, N, K in sizes:
        for form, their in theirs.items():
            given, beta = arguments(form, B, T, N, K, K)
            leaves = {name: x.to(setting.device, dtype).requires_grad_() for name, x in given.items()}
            extra, S0 = beta.to(setting.device, dtype), torch.zeros(B, N, K, K, device=setting.device)
            ours = training_call(lambda: matrix_scan(**leaves, S0=S0)[0], leaves)  # noqa: B023
            peer = training_call(lambda: their({**leaves, "beta": extra}), leaves)  # noqa: B023
            found = setting.compare(
                "matrix", {"fla": peer, "rnnzoo": ours}, "fla", form=form, B=B, T=T, N=N, K=K, dtype=str(dtype)
            )
            promise(f"{form} {B, T, N, K} against fla", found["rnnzoo"], 1.5)


def measure_native(setting: Setting) -> None:
    """What torch has is torch's."""
    batch, time, hidden = (2, 3, 8) if setting.tiny else (32, 256, 256)
    x = torch.randn(batch, time, hidden, device=setting.device)
    for name in ("LSTM", "GRU", "RNN"):
        theirs = getattr(nn, name)(hidden, hidden, batch_first=True).to(setting.device)
        ours = getattr(rnnzoo, name)(hidden, hidden, batch_first=True).to(setting.device)
        candidates = {"torch": train_step(theirs, x), "rnnzoo": train_step(ours, x)}
        found = setting.compare("native", candidates, "torch", layer=name, batch=batch, time=time, hidden=hidden)
        promise(f"rnnzoo.{name} against torch.nn.{name}", found["rnnzoo"], 1.05)


def measure_autocast(setting: Setting) -> None:
    """Outputs under bfloat16 against those in float32."""
    batch, time, hidden = (2, 3, 8) if setting.tiny else (16, 100, 256)
    for name in CELLS[:2] if setting.tiny else (*CELLS, "scrn", "mingru"):
        torch.manual_seed(0)
        cell = layer(name, hidden, setting.backend, setting.device)
        x = torch.randn(batch, time, hidden, device=setting.device)
        with torch.no_grad():
            exact = cell(x)[0]
            with torch.autocast(setting.device, dtype=torch.bfloat16):
                low = cell(x)[0]
        promise(f"{name} in bfloat16: largest difference", float((low - exact).abs().max()), 2e-2)


MEASURES = {
    name.removeprefix("measure_"): function for name, function in list(globals().items()) if name.startswith("measure_")
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=MEASURES)
    parser.add_argument("--tiny", action="store_true", help="the smallest sizes, two rounds")
    parser.add_argument("--interpret", action="store_true", help="in Triton's interpreter, on the CPU")
    parser.add_argument("--out", required=True, help="folder of the rows")
    given = parser.parse_args()
    MEASURES[given.what](Setting(given))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
