"""The native scan: threads, memory, transformations, and what is told where it cannot run."""

import sys
from types import SimpleNamespace

import pytest
import torch
from scan_examples import example, results
from tolerances import close

from rnnzoo.ops import BackendError, _c_scan
from rnnzoo.ops._c_build import CannotBuild, Missing, tell_once
from rnnzoo.ops._c_scan_check import check_scan
from rnnzoo.ops.scan import BACKENDS, WIDE, Ring, blocked, choose_scan, find_scan, scan

FAST = BACKENDS[1:]


@pytest.mark.parametrize("threads", [1, 2])
def test_steps_that_are_work_enough_by_themselves_give_what_the_loop_gives(threads, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    inputs = example(2, 100, WIDE // 2)
    calls = []
    add = torch.addcmul
    monkeypatch.setitem(blocked.__globals__, "LINEAR", Ring(torch.mul, lambda *a: calls.append(0) or add(*a)))
    monkeypatch.setattr(blocked, "__defaults__", (False, blocked.__globals__["LINEAR"]))
    close(results(*inputs, None, "torch"), results(*inputs, None, "reference"))
    assert (len(calls) == 100 + 99) == (threads == 1)  # one for each step and way, where blocks need two


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("channels", [1, 7, 5000])
@pytest.mark.parametrize("lengths", [None, torch.tensor([70, 41, 1])], ids=["whole", "ragged"])
def test_threads_and_blocks_of_channels_give_what_the_loop_gives(threads, channels, lengths, monkeypatch):
    monkeypatch.setattr(_c_scan, "SMALL", 100)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    inputs = example(3, 70, channels)
    close(results(*inputs, lengths, "c"), results(*inputs, lengths, "reference"))


@pytest.mark.parametrize("channels", [(3000, 2), (2, 5000), (5, 3)])
@pytest.mark.parametrize("size", [(3, 20), (1, 20), (3, 1)], ids=str)
def test_channels_that_share_a_coefficient_over_several_blocks(channels, size, monkeypatch):
    monkeypatch.setattr(_c_scan, "SMALL", 100)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    a, b, h0 = example(3, 20, *channels)
    a = a.detach()[: size[0], : size[1], :, :1].contiguous().requires_grad_()
    given, written_out = results(a, b, h0, None, "c"), results(a, b, h0, None, "reference")
    close(given, written_out)


@pytest.mark.parametrize("backend", FAST)
def test_how_the_inputs_and_gradients_lie_in_memory_does_not_count(backend):
    a, b, h0 = (value.detach() for value in example(3, 20, 2, 4))
    expected = results(*(value.clone().requires_grad_() for value in (a, b, h0)), None, "reference")
    both = torch.cat((a, b), 2)  # as blocks of one product
    slices = both[:, :, :2], both[:, :, 2:], h0
    turned = tuple(value.transpose(0, -1).contiguous().transpose(0, -1) for value in (a, b, h0))
    for given in (slices, turned):
        close(results(*(value.requires_grad_() for value in given), None, backend), expected)
    a, b, h0 = (value.clone().requires_grad_() for value in (a, b, h0))
    ones = torch.autograd.grad(scan(a, b, h0, backend=backend)[0].sum(), (a, b, h0))  # a gradient without strides
    close(ones, torch.autograd.grad(scan(a, b, h0, backend="reference")[0].sum(), (a, b, h0)))


@pytest.mark.parametrize("backend", FAST)
def test_a_state_without_channels_of_its_own(backend):
    inputs = example(3, 20)
    close(results(*inputs, None, backend), results(*inputs, None, "reference"))


@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("mapped", [(0, 0, 0), (None, 0, None), (1, None, 1), (None, None, 0), (2, 2, 0)], ids=str)
def test_mapped_over_a_dimension_it_is_each_by_itself_in_value_and_gradient(backend, mapped):
    inputs = [value.detach() for value in example(2, 12, 3)]
    given = [
        value if dim is None else torch.stack([(1 + i) * value / 4 for i in range(4)], dim)
        for value, dim in zip(inputs, mapped, strict=True)
    ]

    def gradients(name):
        def score(a, b, h0):
            h, final = scan(a, b, h0, backend=name)
            return h.sin().sum() + final.square().sum()

        return torch.func.vmap(torch.func.grad(score, (0, 1, 2)), mapped)(*given)

    close(gradients(backend), gradients("reference"))
    first = torch.func.vmap(lambda *i: scan(*i, backend=backend), mapped)(*given)
    close(first, torch.func.vmap(lambda *i: scan(*i, backend="reference"), mapped)(*given))


@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("lengths", [None, torch.tensor([12, 5])], ids=["whole", "ragged"])
def test_gradients_of_several_outputs_at_once(backend, lengths):
    a, b, h0 = example(2, 12, 3)
    h, final = scan(a, b, h0, lengths=lengths, backend=backend)
    g = torch.randn(4, *h.shape, dtype=h.dtype), torch.randn(4, *final.shape, dtype=h.dtype)
    together = torch.autograd.grad((h, final), (a, b, h0), g, is_grads_batched=True, retain_graph=True)
    each = [torch.autograd.grad((h, final), (a, b, h0), parts, retain_graph=True) for parts in zip(*g, strict=True)]
    close(together, tuple(torch.stack(parts) for parts in zip(*each, strict=True)))


def test_empty_batches_and_channels_are_run():
    for B, C in ((0, 3), (2, 0)):
        h, final = scan(torch.ones(1, 1, C), torch.ones(B, 5, C), torch.ones(B, C), backend="c")
        assert (h.shape, final.shape) == ((B, 5, C), (B, C))


def test_on_a_cpu_native_code_is_chosen_and_forced_where_it_cannot_run_it_says_why(monkeypatch):
    a, b, h0 = example(2, 4, 3)
    assert choose_scan(None, b, "scan") == "c"
    assert choose_scan(None, b.to("meta"), "scan") == "torch"
    with pytest.raises(BackendError, match="scan cannot run with backend='c': it runs on the CPU, not on meta"):
        scan(a.to("meta"), b.to("meta"), h0.to("meta"), backend="c")
    missing = Missing("no C compiler was found (cc, gcc, clang)", here=True)
    monkeypatch.setattr(sys.modules[scan.__module__], "find_scan", lambda *_: missing)
    tell_once.cache_clear()
    with pytest.warns(UserWarning, match="without its native code.*no C compiler"):
        h, final = scan(a, b, h0)
    close((h, final), scan(a, b, h0, backend="reference"))
    with pytest.raises(BackendError, match=r"scan cannot run with backend='c': no C compiler.*backend='torch' can"):
        scan(a, b, h0, backend="c")


def test_code_that_differs_from_the_loop_is_not_used(monkeypatch, tmp_path):
    built = find_scan("cpu", torch.float64)
    wrong = SimpleNamespace(
        _name=str(tmp_path / "wrong.so"), **{f.__name__: f for f in (built.forward, built.backward)}
    )
    wrong.forward_pairs, wrong.backward_pairs = built.forward_pairs, built.backward
    with pytest.raises(CannotBuild, match="differs from the reference"):
        check_scan(wrong, torch.float64)


def test_the_first_use_may_be_under_torch_func_or_in_inference_mode(monkeypatch, tmp_path):
    a, b, h0 = (value.detach() for value in example(2, 4, 3))
    expected = torch.autograd.grad(scan(a.requires_grad_(), b, h0, backend="reference")[0].sum(), a)[0]
    monkeypatch.setenv("RNNZOO_CACHE", str(tmp_path))
    find_scan.cache_clear()
    given = torch.func.vmap(torch.func.grad(lambda a: scan(a, b, h0, backend="c")[0].sum()))(torch.stack((a, a)))
    close(given[1], expected)
    find_scan.cache_clear()
    with torch.inference_mode():
        close(scan(a, b, h0, backend="c"), scan(a, b, h0, backend="reference"))
