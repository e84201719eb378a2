"""What a machine has of what the GPU measurements need, and what it lacks, said plainly; exit status 1 without a GPU.

python benchmarks/gpu/environment.py [--interpret]
"""

from __future__ import annotations

import importlib.util
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

NEEDED = {
    "torch": "everything", "triton": "our kernels on CUDA", "numpy": "tracing a cell's equations",
    "torchrecurrent": "the peer in `gated`", "lightning": "training on digit-sum",
    "jsonargparse": "training on digit-sum", "torchmetrics": "training on digit-sum",
    "torchtext": "training on digit-sum", "wandb": "training on digit-sum", "pooch": "training on digit-sum",
}  # fmt: skip


def main() -> int:
    print(f"python {platform.python_version()} {sys.executable}")
    for name, purpose in NEEDED.items():
        there = importlib.util.find_spec(name) is not None
        try:
            print(f"{name} {version(name) if there else f'MISSING: without it there is no {purpose}'}")
        except PackageNotFoundError:
            print(f"{name} of unknown version")
    if importlib.util.find_spec("torch") is None:
        return 1
    import torch

    if not torch.cuda.is_available():
        print("MISSING: a CUDA device (torch.cuda.is_available() is False)")
        return 0 if "--interpret" in sys.argv else 1
    about = torch.cuda.get_device_properties(0)
    print(f"{about.name}, {about.multi_processor_count} multiprocessors, {about.total_memory / 2**30:.0f} GiB")
    print(f"CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
