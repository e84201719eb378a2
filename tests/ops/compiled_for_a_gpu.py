"""Run by ``test_triton.py``: kernels compiled for an H200 (sm_90) on a machine without one."""

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from rnnzoo.ops import _triton_scan_kernels
from rnnzoo.ops._triton_gated import triton_source
from rnnzoo.ops._triton_kernel import Kernel, functions, tiles_of
from rnnzoo.registry import LAYERS

SHARED = 227 * 1024
"""Bytes that a block may have there."""


def built(function, constant, types, aligned, **options):
    """Compile a function whose arguments have these types, those in ``aligned`` multiples of 16."""
    names = function.arg_names
    signature = {name: "constexpr" if name in constant else types[name] for name in names}
    attributes = {(i,): [["tt.divisibility", 16]] for i, name in enumerate(names) if name in aligned - {*constant}}
    source = ASTSource(function, signature, constant, attributes)
    made = triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"enable_fp_fusion": True, **options})
    assert made.metadata.shared <= SHARED
    return made


def gated(name, hidden, number, itemsize):
    kernel = Kernel(None, *triton_source(LAYERS.entry(name).target(3, 4).structure()))
    tiles = tiles_of(kernel.plan, 16, [hidden], 132, itemsize)
    for backward in (False, True):
        arrays = kernel.names[backward]
        exact = ("state", "final", "grad_final", "grad_state", "grad_vector", "vector", "bias")
        types = {name: "*fp32" if name.startswith(exact) else number for name in arrays}
        types |= {"ends": "*i64", "arrived": "*i32", **dict.fromkeys(kernel.sizes, "i32")}
        constant = {
            "BM": tiles.rows, "BN": tiles.channels, "BK": kernel.inner, "PARTS": tiles.parts, "WHOLE": tiles.whole,
            "KEEP": True, "RAGGED": True, "OUT": False, "AHEAD": 1, "PRECISION": "tf32x3", "WIDE": False,
        }  # fmt: skip
        aligned = {*arrays, *kernel.sizes} - {"T", "B", "first"}
        made = built(
            functions(kernel.text)["backward" if backward else "forward"], constant, types, aligned, **tiles.options
        )
        assert made.metadata.launch_cooperative_grid == (tiles.parts > 1)
        assert "mma.sync" in made.asm["ptx"], "products on the tensor cores"
    print("compiled", name, hidden, number, tiles, flush=True)


def scans(form):
    for function in (_triton_scan_kernels.forward, _triton_scan_kernels.backward):
        constant = {"TIME": 64, "WIDE": 32, "FORM": form, "RAGGED": False, "AHEAD": 3, "R": 1}
        constant |= {"WANTS_A": True} if "WANTS_A" in function.arg_names else {}
        whole = {"T", "C", "a_row", "a_step", "b_row", "b_step", "g_row", "g_step", "parts", "steps"}
        types = {name: "i32" if name in whole else "*fp32" for name in function.arg_names} | {"ends": "*i64"}
        aligned = {name for name in function.arg_names if name not in ("T", "parts", "steps")}
        built(function, constant, types, aligned, num_warps=4)
    print("compiled scan", form, flush=True)


if __name__ == "__main__":
    gated("gru", 128, "*bf16", 2)
    gated("lstm", 768, "*bf16", 2)
    scans("real")
