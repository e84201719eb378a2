"""Native code where programs really run it: workers, threads, compiled models, copies, odd numbers, long sequences."""

import copy
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from gated_examples import EXAMPLES, NOT_IN_C
from tolerances import close
from torch import nn

import rnnzoo
from rnnzoo.ops._c_gated import find_kernel
from rnnzoo.ops.gated import Stage, gated

ROOT = Path(__file__).resolve().parents[2]
IN_C = sorted(set(EXAMPLES) - NOT_IN_C)


def peephole(**options):
    torch.manual_seed(0)
    return rnnzoo.PeepholeLSTM(3, 4, backend="c", **options)


def ran(layer, x, lengths=None):
    """Output, final states and gradients."""
    layer.zero_grad()
    x = x.clone().requires_grad_()
    y, final = layer(x, lengths=lengths)
    (y.square().sum() + sum(member.sin().sum() for member in final)).backward()
    return y.detach(), *(member.detach() for member in final), x.grad, *(p.grad.clone() for p in layer.parameters())


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_in_a_forked_worker_after_the_parent_used_its_threads():
    code = """
import torch, rnnzoo
from torch.utils.data import DataLoader, Dataset
torch.set_num_threads(2)
torch.manual_seed(0)
layer, x = rnnzoo.PeepholeLSTM(8, 32, backend="c"), torch.randn(4, 16, 50, 8)
class Rows(Dataset):
    def __len__(self): return 4
    def __getitem__(self, i):
        torch.get_num_threads = lambda: 2  # ours alone: a worker's OpenMP has one, and hangs with more
        y, _ = layer(x[i])
        gradients = torch.autograd.grad(y.sum(), list(layer.parameters()))
        return torch.cat([each.detach().flatten() for each in (y, *gradients)])
there = list(DataLoader(Rows(), batch_size=None))
for _ in range(2):
    worker = list(DataLoader(Rows(), batch_size=None, num_workers=1, multiprocessing_context="fork"))
    torch.testing.assert_close(worker, there)
torch.testing.assert_close(list(DataLoader(Rows(), batch_size=None)), there)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


@pytest.mark.parametrize("inner", [1, 2])
def test_under_several_threads_of_python(inner, threads):
    threads(inner)
    layer = peephole()
    xs = [torch.randn(40, 30, 3) for _ in range(4)]
    with torch.no_grad():
        expected = [layer(x)[0] for x in xs]
    found, start = [[] for _ in xs], threading.Barrier(4)

    def work(number):
        torch.set_num_threads(inner)
        start.wait()
        for _ in range(5):
            y, _ = layer(xs[number])
            gradient = torch.autograd.grad(y.sum(), list(layer.parameters())[-1])
            found[number].append((y.detach(), gradient[0]))

    running = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    for each, y in zip(found, expected, strict=True):
        assert len(each) == 5
        assert all(torch.equal(one[0], y) and torch.equal(one[1], each[0][1]) for one in each)


@pytest.mark.parametrize("lengths", [None, "ragged"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("example", [EXAMPLES[name] for name in IN_C], ids=IN_C)
def test_one_thread_and_two_agree_to_the_last_bit(example, dtype, lengths, threads):
    """Each row is computed by the same operations in the same order, whoever computes it."""
    batch, time = 61, 150
    torch.manual_seed(0)
    tensors, call = example(batch, time)
    for tensor in tensors.values():
        tensor.data = tensor.to(dtype)
        tensor.requires_grad_()
    lengths = None if lengths is None else torch.randint(1, time + 1, (batch,))

    def run(count):
        threads(count)
        y, final = call(lengths, "c")
        threads(1)
        torch.manual_seed(1)
        total = sum((part * torch.randn(part.shape, dtype=dtype)).sum() for part in (y, *final))
        threads(count)
        found = torch.autograd.grad(total, list(tensors.values()), allow_unused=True, materialize_grads=True)
        return {"y": y, **{f"final {i}": f for i, f in enumerate(final)}} | dict(zip(tensors, found, strict=True))

    one, two = run(1), run(2)
    assert all(torch.equal(one[name], two[name]) for name in one), [
        name for name in one if not torch.equal(one[name], two[name])
    ]


def test_in_a_compiled_model():
    model = nn.Sequential(nn.Linear(3, 3))
    layer = rnnzoo.PeepholeLSTM(3, 4)
    x = torch.randn(2, 5, 3)

    def forward(x):
        return layer(model(x).tanh())[0].sum(-1)

    close(torch.compile(forward, backend="aot_eager")(x), forward(x))


def test_copies_and_pickles_run_in_c_with_the_same_numbers():
    layer, x = peephole(num_layers=2), torch.randn(5, 6, 3)
    expected = ran(layer, x)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert all(torch.equal(a, b) for a, b in zip(ran(other, x), expected, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("example", [EXAMPLES[name] for name in IN_C if name != "input unused"])
def test_what_is_not_a_number_stays_in_its_row_and_after_its_time(example, dtype):
    tensors, call = example(5, 7)
    for tensor in tensors.values():
        tensor.data = tensor.to(dtype)
    clean, _ = call(None, "c")
    tensors["x"][1, 3] = float("nan")
    for tensor in tensors.values():
        tensor.requires_grad_()
    y, final = call(None, "c")
    assert y[1, 3:].isnan().all()
    assert all(member[1].isnan().all() for member in final)
    others = torch.ones(5, 7, dtype=torch.bool)
    others[1, 3:] = False
    assert torch.equal(y[others], clean[others])
    (by_x,) = torch.autograd.grad(y.sum(), tensors["x"])
    assert by_x[[0, 2, 3, 4]].isfinite().all()


@pytest.mark.parametrize("mode", [torch.inference_mode, lambda: torch.autocast("cpu", dtype=torch.bfloat16)])
def test_first_used_in_a_mode_of_torch_it_runs_in_c_all_the_same(mode):
    find_kernel.cache_clear()
    tensors, call = EXAMPLES["gru"](2, 3)
    for tensor in tensors.values():
        tensor.data = tensor.float()
    with mode():
        y, _ = call(None, "c")
    close(y, call(None, "reference")[0], dtype=torch.bfloat16)


def test_with_another_default_device_and_dtype():
    find_kernel.cache_clear()
    _, call = EXAMPLES["gru"](2, 3)
    expected = call(None, "reference")[0]
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            found = call(None, "c")[0]
    finally:
        torch.set_default_dtype(torch.float32)
    close(found, expected)


def test_a_long_sequence_takes_memory_in_proportion_to_its_length():
    """T = 65,536 with one row: nothing is kept that grows faster than the sequence."""

    def halved(a, _, h):
        return (0.5 * h + a[..., 0, :],)

    stage = Stage("h", 1, 1, halved, ("h",), ("h",), summed=True)
    x = torch.randn(1, 65_536, 4, requires_grad=True)
    given = ([stage], x, (torch.zeros(1, 4),), [torch.zeros(4, 4)])
    kept = []

    def pack(tensor):
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y, _ = gated(*given, states=("h",), output="h", backend="c")
    assert sum(kept) <= 4 * x.numel()
    (gradient,) = torch.autograd.grad(y[:, -1].sum(), x)
    close(gradient[0, -30:, 0].flip(0), 0.5 ** torch.arange(30.0))
    assert (gradient[0, :-200] == 0).all()
