"""Triton's kernels: in its interpreter they equal the readable loop, and without a GPU they compile for one."""

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import rnnzoo
from rnnzoo.ops import BackendError, scan
from rnnzoo.ops._triton_gated import find_triton, triton_source
from rnnzoo.ops._triton_kernel import tiles_of
from rnnzoo.registry import LAYERS

HERE = Path(__file__).parent
needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="triton is not installed (pip install 'rnnzoo[dev]', on Linux)"
)


def in_own_process(script, **variables):
    """Run a script of this folder; what it asserts, holds."""
    paths = [str(HERE.parents[1]), str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(HERE / script)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **variables},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


@needs_triton
@pytest.mark.parametrize("script", ["interpreted_gated.py", "interpreted_scan.py"])
def test_in_the_interpreter_it_equals_the_loop(script):
    in_own_process(script, TRITON_INTERPRET="1")


@needs_triton
def test_without_a_gpu_it_compiles_for_one():
    in_own_process("compiled_for_a_gpu.py", TRITON_INTERPRET="0")


def test_forced_on_a_cpu_it_says_why_it_cannot_run(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    cell = LAYERS.entry("gru").target(3, 4)
    assert "triton" not in cell.backends
    cell.backend = "triton"
    with pytest.raises(BackendError, match=r"GRU.*backend='triton': it runs on a CUDA device, not on cpu.*'torch' can"):
        cell(torch.randn(2, 3, 3))
    one = torch.ones(2, 3, 4)
    with pytest.raises(BackendError, match="scan cannot run with backend='triton': it runs on a CUDA device"):
        scan(one, one, one[:, 0], backend="triton")


def test_without_triton_or_switched_off_it_is_this_machine_that_cannot(monkeypatch):
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    structure = LAYERS.entry("gru").target(3, 4).structure()
    assert "float64" in find_triton.__wrapped__(structure, "cpu", torch.float64).reason
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    missing = find_triton.__wrapped__(structure, "cpu", torch.float32)
    assert missing.here
    assert "triton is not installed" in missing.reason
    monkeypatch.setenv("RNNZOO_NATIVE", "0")
    assert "RNNZOO_NATIVE=0" in find_triton.__wrapped__(structure, "cpu", torch.float32).reason


def test_only_the_files_of_kernels_import_triton_and_nothing_imports_those_before_they_are_needed():
    late = {"_triton_functions", "_triton_scan_kernels"}
    for path in Path(rnnzoo.__file__).parent.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in getattr(node, "names", ())] + [getattr(node, "module", None) or ""]
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                assert not late & {name.split(".")[-1] for name in names}, path
                assert path.stem in late or not any(name.split(".")[0] == "triton" for name in names), path


@pytest.mark.parametrize("batch", [1, 16, 100, 5000])
@pytest.mark.parametrize("hidden", [5, 64, 128, 768, 2048, 5000])
def test_programs_that_meet_all_run_at_once_and_cover_every_row_and_channel(batch, hidden):
    plan, _ = triton_source(LAYERS.entry("lstm").target(3, 4).structure())
    for itemsize in (2, 4):
        tiles = tiles_of(plan, batch, [hidden], 132, itemsize)
        assert tiles.channels * tiles.parts >= hidden
        assert tiles.rows * tiles.groups >= batch
        assert tiles.whole == (tiles.parts == 1)
        assert tiles.whole or tiles.at_once * tiles.parts <= 132
        assert tiles.options.get("launch_cooperative_grid", False) != tiles.whole


def test_every_pointwise_cell_has_triton_code():
    for name in ("lstm", "gru", "srn", "peephole_lstm", "lem", "mgu", "nas", "scrn", "sru", "unicornn"):
        found = triton_source(LAYERS.entry(name).target(3, 4).structure())
        assert isinstance(found[1], str), found
        assert "def backward" in found[1]
