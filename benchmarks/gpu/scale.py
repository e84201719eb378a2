"""A table over 1, 2, ... GPUs, sharded, in parts and in mixed precision, against the same table on one GPU.

    python benchmarks/gpu/scale.py [--tiny]

Every number of GPUs that there is, by powers of two, is tried; one is enough to try all but what several share. The
loss on validation has to agree to 1e-3 (products on a GPU may be tf32), in mixed precision to 2 %.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import torch

TABLE = """
name: scale
title: One model over many devices
task: sequence_classification
data: {{name: digit_sum, length: 10, batch_size: 30, shuffle: true, bucketing: false}}
model: {{embedding_size: 32, hidden_size: 64, learning_rate: 3.0e-3}}
trainer: {{max_epochs: {epochs}}}
monitor: {{metric: loss, mode: min}}
entries: [{{layer: lstm}}, {{layer: mingru}}]
figures: []
"""


def losses(table: Path, folder: Path, *options: str) -> dict[str, float]:
    """The losses on validation, by layer, of ``table`` made with ``options``."""
    from rnnzoo.callbacks import read_rows

    command = [sys.executable, "-m", "rnnzoo.cli", "bench", "run", str(table), "--seeds", "1", "--wandb", "off"]
    subprocess.run([*command, "--results", str(folder), *options], check=True, timeout=300)
    rows = read_rows(folder / "scale")
    return {row.layer: row.value for row in rows if (row.split, row.metric) == ("validation", "loss")}


def ways(gpus: int) -> dict[str, tuple[float, list[str]]]:
    """What is tried: the tolerance and the options of each, by name."""
    numbers = [number for number in (1, 2, 4, 8) if number <= gpus]
    found = {f"ddp on {n}": (1e-3, ["--devices", str(n), "--strategy", "ddp"]) for n in numbers}
    found |= {f"fsdp on {n}": (1e-3, ["--devices", str(n), "--strategy", "fsdp"]) for n in numbers}
    most = str(numbers[-1])
    found[f"ddp on {most} in 4 parts"] = (1e-3, ["--devices", most, "--strategy", "ddp", "--accumulate", "4"])
    for precision in ("bf16-mixed", "16-mixed"):
        found[f"{precision} on {most}"] = (2e-2, ["--devices", most, "--precision", precision])
    return found


def main() -> int:
    gpus = torch.cuda.device_count()
    if not gpus:
        print("there is no GPU: nothing to try")
        return 1
    bad = 0
    with tempfile.TemporaryDirectory() as aside:
        table = Path(aside) / "scale.yaml"
        table.write_text(TABLE.format(epochs=2 if "--tiny" in sys.argv else 6))
        alone = losses(table, Path(aside) / "alone")
        for number, (name, (tolerance, options)) in enumerate(ways(gpus).items()):
            try:
                found = losses(table, Path(aside) / str(number), *options)
            except (subprocess.SubprocessError, OSError) as error:
                print(f"{name}: failed: {error}", flush=True)
                bad += 1
                continue
            off = max(abs(found[layer] / value - 1) for layer, value in alone.items()) if found else float("inf")
            bad += not off <= tolerance
            print(f"{name}: {'agrees' if off <= tolerance else 'DIFFERS'}, by {off:.1e}", flush=True)
    print(f"{gpus} GPUs; {bad} of {len(ways(gpus))} ways failed")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
