"""The fast gated recurrence equals its reference loop, in value and every gradient, whatever the stages and lengths."""

import pytest
import torch
from gated_examples import EXAMPLES, NOT_IN_C
from tolerances import close

from rnnzoo.ops import _c_gated, _gated_backward
from rnnzoo.ops._c_build import library
from rnnzoo.ops._c_gated import find_kernel
from rnnzoo.ops.backends import BackendError
from rnnzoo.ops.gated import Stage, Structure, choose_backend, gated
from rnnzoo.registry import UnknownName

LENGTHS = {"whole": None, "ragged": [3, 7, 1, 5, 5], "all shorter": [4, 4, 4, 4, 4], "whole, given": [7] * 5}


def run(example, backend, lengths=None, batch=5, time=7, score=("y", "final"), frozen=()):
    """Values, then the gradients of a fixed random score, by name."""
    torch.manual_seed(5)
    tensors, call = example(batch, time)
    for name, tensor in tensors.items():
        tensor.requires_grad_(name not in frozen)
    lengths = None if lengths is None else torch.tensor(lengths)
    y, final = call(lengths, backend)
    parts = [*([y] if "y" in score else []), *(final if "final" in score else ())]
    torch.manual_seed(6)
    total = sum((p * torch.randn(p.shape, dtype=p.dtype)).sum() for p in parts if p.is_floating_point())
    wanted = {name: tensor for name, tensor in tensors.items() if tensor.requires_grad}
    reach = isinstance(total, torch.Tensor) and total.requires_grad
    gradients = torch.autograd.grad(total, wanted.values(), allow_unused=True) if reach else [None] * len(wanted)
    zero_for_none = [torch.zeros_like(t) if g is None else g for t, g in zip(wanted.values(), gradients, strict=True)]
    return {"y": y, **{f"final {i}": f for i, f in enumerate(final)}}, dict(zip(wanted, zero_for_none, strict=True))


def same(example, backend, **settings):
    for what, actual, expected in zip(
        ("value", "gradient"), run(example, backend, **settings), run(example, "reference", **settings), strict=True
    ):
        assert actual.keys() == expected.keys()
        for name in expected:
            close(actual[name].double(), expected[name].double(), what=f"{what} of {name}")


def _runs_in_c(example):
    try:
        example(1, 1)[1](None, "c")
    except BackendError:
        return False
    return True


FAST = [
    pytest.param(example, backend, id=f"{name}-{backend}")
    for name, example in EXAMPLES.items()
    for backend in ("torch", "c")
    if backend == "torch" or _runs_in_c(example)
]
every_fast = pytest.mark.parametrize(("example", "backend"), FAST)


def test_what_runs_in_c_is_what_is_arithmetic_of_numbers():
    assert {case.values[0] for case in FAST if case.values[1] == "c"} == {
        example for name, example in EXAMPLES.items() if name not in NOT_IN_C
    }


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@every_fast
def test_fast_equals_reference(example, backend, lengths):
    same(example, backend, lengths=lengths)


@pytest.mark.parametrize(("batch", "time"), [(1, 1), (1, 6), (4, 1), (13, 3), (70, 2), (140, 2)])
@every_fast
def test_numbers_of_rows_and_steps_that_fill_no_tile(example, backend, batch, time):
    same(example, backend, batch=batch, time=time)


@pytest.mark.parametrize("score", ["y", "final"])
@every_fast
def test_gradient_of_the_output_or_the_final_state_alone(example, backend, score):
    same(example, backend, lengths=LENGTHS["ragged"], score=(score,))


@pytest.mark.parametrize("elements", [1, 45, 70])
@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_chunk_boundaries_do_not_show(example, elements, monkeypatch):
    monkeypatch.setattr(_gated_backward, "CHUNK_ELEMENTS", elements)
    same(example, "torch", lengths=LENGTHS["ragged"])
    same(example, "torch")


@pytest.mark.parametrize("rows", [1, 10, 15])
@pytest.mark.parametrize("example", [case.values[0] for case in FAST if case.values[1] == "c"])
def test_chunk_boundaries_of_native_code_do_not_show(example, rows, monkeypatch):
    """Chunks of one step, of several, and a last one that is shorter."""
    monkeypatch.setattr(_c_gated, "CHUNK_ELEMENTS", 1)
    monkeypatch.setattr(_c_gated, "CHUNK_ROWS", rows)
    same(example, "c", lengths=LENGTHS["ragged"])
    same(example, "c", batch=5)


@every_fast
def test_frozen_tensors_change_no_other_gradient(example, backend):
    names = list(example(2, 3)[0])
    for alone in names:
        same(example, backend, frozen=[name for name in names if name != alone])
    for alone in names:
        same(example, backend, frozen=[alone], lengths=LENGTHS["ragged"])


@every_fast
def test_without_gradients_the_values_are_the_same(example, backend):
    tensors, call = example(5, 7)
    for tensor in tensors.values():
        tensor.requires_grad_()
    lengths = torch.tensor(LENGTHS["ragged"])
    y, final = call(lengths, backend)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            quiet, quiet_final = call(lengths, backend)
        assert y.requires_grad
        assert not quiet.requires_grad
        for a, b in zip((quiet, *quiet_final), (y, *final), strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_reference_gives_second_derivatives(example):
    torch.manual_seed(1)
    tensors, call = example(2, 2)
    for tensor in tensors.values():
        tensor.requires_grad_()
    lengths = torch.tensor([2, 1])

    def score(*_):
        y, final = call(lengths, "reference")
        return y, *(member for member in final if member.is_floating_point())

    given = tuple(tensors.values())
    assert torch.autograd.gradcheck(score, given)
    assert torch.autograd.gradgradcheck(score, given[:1])


@pytest.mark.parametrize("backend", ["torch", "c"])
def test_fast_refuses_second_derivatives_and_says_where_they_are(backend):
    tensors, call = EXAMPLES["peephole"](2, 3)
    x = tensors["x"].requires_grad_()
    y, _ = call(None, backend)
    with pytest.raises(BackendError, match="backend='reference'"):
        torch.autograd.grad(y.sum(), x, create_graph=True)


@pytest.mark.parametrize("backend", ["reference", "torch", "c"])
def test_linear_recurrence_has_its_closed_form(backend):
    """With the identity for a function, h_T = U^T h_0 + sum over t of U^(T-t) W x_t."""
    linear = Stage("h", 1, 1, lambda a, _: (a[..., 0, :],), (), ("h",), summed=True)
    x, U = torch.randn(2, 6, 3, dtype=torch.float64), 0.5 * torch.randn(3, 3, dtype=torch.float64)
    h0 = torch.randn(2, 3, dtype=torch.float64)
    y, (final,) = gated([linear], x, (h0,), [U], states=("h",), output="h", backend=backend)
    power = torch.linalg.matrix_power
    expected = h0 @ power(U, 6).T + sum(x[:, t] @ power(U, 5 - t).T for t in range(6))
    close(final, expected)
    close(y[:, -1], expected)


@pytest.mark.parametrize("backend", ["reference", "torch", "c"])
def test_padding_may_hold_nan(backend):
    tensors, call = EXAMPLES["peephole"](5, 7)
    lengths = torch.tensor(LENGTHS["ragged"])
    clean, clean_final = call(lengths, backend)
    with torch.no_grad():
        for row, length in enumerate(lengths):
            tensors["x"][row, length:] = float("nan")
    for tensor in tensors.values():
        tensor.requires_grad_()
    y, final = call(lengths, backend)
    close((y, *final), (clean, *clean_final))
    assert all((y[row, length:] == 0).all() for row, length in enumerate(lengths))
    gradients = torch.autograd.grad(y.sum() + sum(member.sum() for member in final), list(tensors.values()))
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert all((gradients[0][row, length:] == 0).all() for row, length in enumerate(lengths))


@pytest.mark.parametrize("backend", ["reference", "torch", "c"])
def test_input_and_state_of_any_memory_layout(backend):
    tensors, call = EXAMPLES["peephole"](5, 7)
    expected = call(None, backend)[0]
    for name in ("x", "state 0", "weight 0"):
        tensors[name].data = tensors[name].transpose(0, -1).contiguous().transpose(0, -1)
        assert not tensors[name].is_contiguous()
    close(call(None, backend)[0], expected)


@pytest.mark.parametrize(
    ("example", "backend"), [*FAST, *(pytest.param(e, "reference", id=f"{n}-reference") for n, e in EXAMPLES.items())]
)
def test_autocast_keeps_the_recurrence_in_float32(example, backend):
    tensors, call = example(5, 7)
    for tensor in tensors.values():
        tensor.data = tensor.float()
        tensor.requires_grad_()
    exact = call(None, backend)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, final = call(None, backend)
    assert y.dtype == torch.float32
    assert all(member.dtype == torch.float32 for member in final if member.is_floating_point())
    close(y, exact, dtype=torch.bfloat16)
    y.sum().backward()
    assert all(t.grad is None or (t.grad.dtype == t.dtype and t.grad.isfinite().all()) for t in tensors.values())


@pytest.mark.parametrize("backend", ["torch", "c"])
def test_changing_the_output_in_place_is_noticed(backend):
    """The backward pass reads the output; wrong gradients in silence would be worse than an error."""
    tensors, call = EXAMPLES["peephole"](5, 7)
    tensors["x"].requires_grad_()
    y, _ = call(None, backend)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.mul_(2).sum().backward()


def test_while_a_graph_is_traced_the_loop_runs(monkeypatch):
    linear = [Stage("h", 1, 1, lambda a, _: (a[..., 0, :],), (), ("h",), summed=True)]
    given = (Structure(tuple(linear), ("h",), (), "h", 3), torch.ones(1, 1, 3))
    assert choose_backend(None, *given) == "c"
    assert choose_backend(None, given[0], torch.ones(1, 1, 3, dtype=torch.bfloat16)) == "torch"
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert choose_backend(None, *given) == "reference"


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu", torch.bfloat16)])
def test_native_code_may_be_needed_first_wherever_it_is(mode, monkeypatch, tmp_path):
    """It is built and compared with the reference then, which takes gradients and exact numbers."""
    monkeypatch.setenv("RNNZOO_CACHE", str(tmp_path))
    library.cache_clear()
    find_kernel.cache_clear()
    call = EXAMPLES["peephole"](5, 7)[1]
    expected = call(None, "reference")[0]
    with mode():
        y, _ = call(None, "c")
    close(y.double(), expected, dtype=torch.bfloat16)
    assert list(tmp_path.glob("native/*.so"))


def test_backend_of_an_unknown_name_and_one_that_cannot_run():
    _, call = EXAMPLES["peephole"](2, 3)
    with pytest.raises(UnknownName, match="did you mean torch"):
        call(None, "troch")
    with pytest.raises(BackendError, match="'reference' or 'torch' or 'c'"):
        call(None, "native")


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (Stage("g", 1, 1, lambda a, _: (a,), (), ("h",), summed=True), "unknown value 'g'"),
        (Stage("h", 1, 1, lambda a, _: (a,), ("zz",), ("h",), summed=True), "unknown value 'zz'"),
        (Stage("h", 1, 1, lambda a, _: (a,), (), ("y",), summed=True), "'h' is a state or the output"),
        (Stage("h", 1, 2, lambda a, _: (a,), (), ("h",), summed=True), "inputs == products"),
        (Stage("h", 1, 1, lambda a, _: (a,), (), ("h",), summed=True, size=2), "3 columns"),
    ],
)
def test_stages_that_do_not_fit_together(stage, message):
    x, U = torch.randn(2, 4, 3), torch.randn(3, 3)
    with pytest.raises(ValueError, match=message):
        gated([stage], x, (torch.zeros(2, 3),), [U], states=("h",), output="h")
